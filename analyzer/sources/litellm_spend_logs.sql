/*---
title = "LiteLLM SpendLogs"
url = "https://docs.litellm.ai/docs/proxy/cost_tracking"
checked = 2026-11-21
grain = "one row a call; one row for a whole batch where call_type is aretrieve_batch"
recognise = [["request_id", "call_type", "spend", "startTime"]]
recognise_not = []
signals = ["start", "duration", "first token", "user", "session", "tags", "user agent", "prompt shape (with store_prompts_in_spend_logs)"]
cannot_tell = ["whether the answer was streamed, when completionStartTime equals endTime"]
duplicate = "request_id (shared with StandardLoggingPayload: a call seen in both is counted once)"
winner = "the copy with more tokens; of equal ones the one that knows its 1-hour cache writes"
traps = [
  "prompt_tokens holds cache reads and writes, and every iteration; the split stands in metadata alone",
  "some versions left the cache out of prompt_tokens: told by text_tokens, or where it is smaller than the cache tokens",
  "iterations on another model (advisor) become a request of their own, where they add up with the totals",
  "metadata, request_tags and proxy_server_request are JSON inside a string, at times twice",
  "cache_hit is LiteLLM's own answer cache: such a row cost nothing and is left out; so are rows about files and batches",
  "aretrieve_batch is a whole batch in one row: sizes of its requests are not known, nor its model where it ran on several",
  "internal_call_origin marks calls LiteLLM made by itself (classifiers, shadow runs): kept, with a tag",
  "spend was wrong for cached Claude traffic in several versions: kept as reported, never used",
]
how_to_export = """Straight from the proxy's database: whowaits ingest postgresql://user@host/litellm (docs/postgres.md). \
Or with psql: \\copy (select * from "LiteLLM_SpendLogs" where "startTime" >= '2026-10-01') to 'spend.csv' csv header. \
Or save the answer of GET /spend/logs. The columns messages and response can be left out."""

[shape]
request_id = "VARCHAR"
call_type = "VARCHAR"
spend = "VARCHAR"
prompt_tokens = "VARCHAR"
completion_tokens = "VARCHAR"
startTime = "VARCHAR"
endTime = "VARCHAR"
completionStartTime = "VARCHAR"
model = "VARCHAR"
model_group = "VARCHAR"
custom_llm_provider = "VARCHAR"
user = "VARCHAR"
end_user = "VARCHAR"
team_id = "VARCHAR"
metadata = "VARCHAR"
cache_hit = "VARCHAR"
request_tags = "VARCHAR"
session_id = "VARCHAR"
status = "VARCHAR"
litellm_call_id = "VARCHAR"
proxy_server_request = "VARCHAR"
agent_id = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns, one row a billed model of a call.
with opened as (
  select record_no, text, r, litellm_metadata(r.metadata) as m,
    try(json_transform(litellm_json(r.proxy_server_request), '{"stream": "VARCHAR", "max_tokens": "VARCHAR", "system": "JSON",
      "tools": "JSON", "messages": "JSON", "body": {"stream": "VARCHAR", "max_tokens": "VARCHAR", "system": "JSON",
      "tools": "JSON", "messages": "JSON"}}')) as q
  from record
),
asked as (
  select *, litellm_counts(m.additional_usage_values) as a, litellm_counts(m.usage_object) as b,
    litellm_model(m, r.model, r.model_group) as model,
    coalesce(q.body.messages, q.messages) as messages, coalesce(q.body.tools, q.tools) as tools,
    coalesce(q.body.system, q.system) as system, coalesce(q.body.stream, q.stream) as stream,
    coalesce(q.body.max_tokens, q.max_tokens) as max_tokens
  from opened
),
counted as (
  select *, litellm_usage(a, b) as u, prompt_shape(tools::varchar, system::varchar, messages::varchar) as shape
  from asked
),
summed as (
  select *, litellm_own(token_count(r.prompt_tokens), token_count(r.completion_tokens), u) as own,
    litellm_elsewhere(u, model) as elsewhere
  from counted
),
apart as (select *, litellm_parts(model, own, elsewhere, litellm_rest(own, elsewhere)) as parts from summed),
calls as (
  select record_no, text, r, m, stream, messages is not null as has_body, struct_pack(
    id := r.request_id, call_type := r.call_type, status := coalesce(present(r.status), 'success'),
    started := r.startTime, ended := r.endTime, first := r.completionStartTime,
    prompt := r.prompt_tokens, completion := r.completion_tokens, model := model, provider := r.custom_llm_provider,
    cache_hit := r.cache_hit, m := m, u := u, shape := shape, tools := tools, max_tokens := max_tokens,
    tags := r.request_tags, cost := r.spend, is_whole_batch := litellm_is_whole_batch(r.call_type, r.request_id),
    problem := coalesce(
      case when present(r.metadata) is not null and m is null
        then 'metadata: text that is not JSON; without it cache reads cannot be told from input' end,
      litellm_counts_problem('metadata.additional_usage_values', a),
      litellm_counts_problem('metadata.usage_object', b)),
    is_torn_apart := len(elsewhere) >= len(parts)) as c, parts
  from apart
),
billed_calls as (
  select *, unnest(parts) as part, unnest(range(len(parts))) as part_no from calls
),
rows as materialized (
  select record_no, litellm_row(c, text, part, part_no) as shared,
    coalesce(try_cast(stream as boolean),
      case when instant_us(r.completionStartTime) < instant_us(r.endTime)
        and instant_us(r.completionStartTime) > instant_us(r.startTime) then true
        when has_body then false end) as is_streamed,
    coalesce(present(m.user_api_key_team_alias), present(r.team_id)) as workspace,
    salted(coalesce(present(r.end_user), nullif(present(r.user), 'default_user_id'))) as user_hash,
    case when r.session_id <> coalesce(r.litellm_call_id, m.litellm_call_id, '') and not starts_with(coalesce(r.request_id, ''), r.session_id)
      then present(r.session_id) end as session_id
  from billed_calls
)
select record_no, unnest(shared), is_streamed, workspace, user_hash, session_id
from rows
