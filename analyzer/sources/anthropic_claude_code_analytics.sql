/*---
title = "Claude Code analytics (Admin API, usage_report/claude_code)"
url = "https://platform.claude.com/docs/en/manage-claude/claude-code-analytics-api"
checked = 2026-11-21
grain = "one row a day, person or key, terminal and model"
into = "usage_rollups"
recognise = [
  ["data[].model_breakdown", "data[].core_metrics"],
  ["pulled.anthropic_claude_code_analytics", "data"],
]
recognise_not = []
signals = ["person or key", "terminal", "API or subscription"]
cannot_tell = ["number of calls", "latency", "sessions", "lifetime of cache writes", "batch or not"]
duplicate = "day, actor, terminal, plan and model (and the organisation)"
winner = "the copy pulled last, else the one with more tokens"
traps = [
  "estimated_cost.amount is a number in cents",
  "tokens.input leaves out cache reads and writes; writes have no lifetime and are taken as 5-minute",
  "usage under a subscription has no bill by tokens: left out, and counted as context",
  "with an API key the same tokens stand in the usage report of the organisation: count one of the two",
  "date comes as a day or as midnight in RFC 3339",
]
how_to_export = "whowaits pull claude-code --from 2026-10-01 --to 2026-11-01 (an Admin key in ANTHROPIC_ADMIN_KEY). Or save each page of GET /v1/organizations/usage_report/claude_code?starting_at=DAY, one day at a time, as a JSON file."

[shape]
problem = "VARCHAR"
date = "VARCHAR"
organization_id = "VARCHAR"
customer_type = "VARCHAR"
subscription_type = "VARCHAR"
terminal_type = "VARCHAR"
pulled_at = "VARCHAR"
[shape.actor]
type = "VARCHAR"
email_address = "VARCHAR"
api_key_name = "VARCHAR"
[shape.used]
model = "VARCHAR"
estimated_cost = {currency = "VARCHAR", amount = "VARCHAR"}
tokens = {input = "VARCHAR", output = "VARCHAR", cache_read = "VARCHAR", cache_creation = "VARCHAR"}
---*/

-- name: projection
-- Takes: record(record_no, text, r), rows with one entry of model_breakdown each. Returns: canonical columns of a rollup.
with rows as (
  select record_no, r, r.used.tokens as t, instant_us(r.date) - instant_us(r.date) % 86400000000 as started_us,
    coalesce(r.customer_type = 'subscription', false) or (r.problem is null and r.used is null) as is_context
  from record
),
counted as (
  select *, token_count(t.input) + token_count(t.output) + token_count(t.cache_read) + token_count(t.cache_creation)
    as all_tokens
  from rows
)
select
  record_no, is_context,
  case when not is_context then coalesce(r.problem,
    instant_problem('date', r.date),
    token_problem('tokens.input', t.input),
    token_problem('tokens.output', t.output),
    token_problem('tokens.cache_read', t.cache_read),
    token_problem('tokens.cache_creation', t.cache_creation),
    case when present(t.input) is null then 'tokens.input: missing, expected a whole number of tokens' end,
    case when present(t.output) is null then 'tokens.output: missing, expected a whole number of tokens' end) end
    as reject_reason,
  'anthropic_claude_code_analytics:' || salted(concat_ws('|', started_us, coalesce(r.organization_id, ''),
    coalesce(lower(r.actor.email_address), ''), coalesce(r.actor.api_key_name, ''), coalesce(r.terminal_type, ''),
    coalesce(r.customer_type, ''), coalesce(r.subscription_type, ''), coalesce(r.used.model, ''))) as duplicate_key,
  coalesce(instant_us(r.pulled_at), all_tokens) as duplicate_rank,
  list_filter([
    case when r.used is null then 'a day on which no model was used' end,
    case when r.used is not null and is_context then 'used under a subscription, no bill by tokens: left out' end,
    case when not is_context and token_count(t.cache_creation) > 0
      then 'cache writes without their lifetime: taken as 5-minute' end], lambda x: x is not null) as remarks,
  report_series('1d', ['actor', 'customer_type', 'model', 'terminal_type']) as series,
  started_us,
  started_us + 86400000000 as ended_us,
  'anthropic' as provider,
  present(r.used.model) as raw_model,
  token_count(t.input) as uncached_input_tokens,
  token_count(t.cache_creation) as cache_write_5m_tokens,
  token_count(t.cache_read) as cache_read_tokens,
  token_count(t.output) as output_tokens,
  present(r.actor.api_key_name) as api_key,
  'claude-code' as application,
  salted(lower(present(r.actor.email_address))) as user_hash,
  map_from_entries(list_filter([struct_pack(k := 'terminal', v := present(r.terminal_type)),
    struct_pack(k := 'customer_type', v := present(r.customer_type))], lambda e: e.v is not null)) as tags,
  case when upper(coalesce(r.used.estimated_cost.currency, 'USD')) = 'USD'
    then cents_usd(r.used.estimated_cost.amount) end as reported_cost_usd
from counted
