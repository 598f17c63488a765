/*---
title = "OpenRouter activity (CSV)"
url = "https://openrouter.ai/activity"
checked = 2026-11-21
grain = "one row a day and model; no single calls"
into = "usage_rollups"
recognise = [["Date", "Slug", "Usage", "Requests", "Prompt Tokens", "Completion Tokens"]]
recognise_not = []
signals = ["calls, tokens and cost by day and model"]
cannot_tell = ["cache reads and writes (all input is taken as uncached)", "latency, streaming, users, applications", "batch"]
duplicate = "day and model; equal ones of one file are rows of their own, and all count"
winner = "the copy with more tokens (an export of today is cut off)"
traps = [
  "Prompt Tokens holds cached ones: list cost from this file is too high where prompts are cached",
  "Completion Tokens holds Reasoning Tokens",
  "Usage leaves out what was paid with a key of one's own: that is BYOK Usage (tag byok_usage_usd)",
]
how_to_export = """On openrouter.ai open Activity, choose the month, and export as CSV. For single calls with streaming, cancellations and \
time to the first token export the Logs page instead (one row a generation)."""

[shape]
Date = "VARCHAR"
Slug = "VARCHAR"
Usage = "VARCHAR"
"BYOK Usage" = "VARCHAR"
Requests = "VARCHAR"
"Prompt Tokens" = "VARCHAR"
"Completion Tokens" = "VARCHAR"
"Reasoning Tokens" = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns.
with days as (
  select record_no, r, instant_us(r."Date") as started_us, token_count(r."Prompt Tokens") as input_tokens,
    token_count(r."Completion Tokens") as output_tokens
  from record
)
select
  record_no,
  keyless(started_us || ' ' || coalesce(present(r."Slug"), '')) as duplicate_key,
  input_tokens + output_tokens as duplicate_rank,
  coalesce(
    instant_problem('Date', r."Date"),
    case when started_us % 86400000000 <> 0 then 'Date: no start of a day' end,
    case when present(r."Prompt Tokens") is null then 'Prompt Tokens: missing, expected a whole number of tokens' end,
    case when present(r."Completion Tokens") is null then 'Completion Tokens: missing, expected a whole number of tokens' end,
    token_problem('Prompt Tokens', r."Prompt Tokens"),
    token_problem('Completion Tokens', r."Completion Tokens"),
    token_problem('Reasoning Tokens', r."Reasoning Tokens"),
    token_problem('Requests', r."Requests")) as reject_reason,
  list_filter(['no cache columns: all input is taken as uncached',
    case when token_count(r."Reasoning Tokens") > output_tokens
      then 'more reasoning than completion tokens: only completion tokens are counted' end], lambda x: x is not null) as remarks,
  '1d by model' as series,
  started_us,
  started_us + 86400000000 as ended_us,
  'openrouter' as provider,
  present(r."Slug") as raw_model,
  case when present(r."Requests") is not null then token_count(r."Requests") end as requests,
  input_tokens as uncached_input_tokens,
  output_tokens,
  case when try_cast(r."BYOK Usage" as decimal(38, 12)) > 0 then map {'byok_usage_usd': r."BYOK Usage"} end as tags,
  try_cast(r."Usage" as decimal(38, 12)) as reported_cost_usd
from days
