/*---
title = "LiteLLM SpendLogs"
url = "https://docs.litellm.ai/docs/proxy/cost_tracking"
checked = 2026-11-20
grain = "one row a call; one row for a whole batch where call_type is aretrieve_batch"
recognise = [["request_id", "call_type", "spend", "startTime"]]
recognise_not = []
signals = ["start", "duration", "first token", "user", "session", "tags", "user agent", "prompt shape (with store_prompts_in_spend_logs)"]
cannot_tell = ["whether the answer was streamed, when completionStartTime equals endTime"]
duplicate = "request_id (shared with StandardLoggingPayload: a call seen in both is counted once)"
winner = "the copy with more tokens; of equal ones the one that knows its 1-hour cache writes"
traps = [
  "prompt_tokens holds cache reads and writes; the split stands in metadata alone",
  "metadata, request_tags and proxy_server_request are JSON inside a string",
  "cache_hit is LiteLLM's own answer cache: such a row cost nothing and is left out",
  "spend was wrong for cached Claude traffic in several versions: kept as reported, never used",
]
how_to_export = "psql: \\copy \"LiteLLM_SpendLogs\" to 'spend.csv' csv header; or GET /spend/logs."

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
-- Takes: record(record_no, text, r). Returns: canonical columns.
with opened as (
  select record_no, text, r,
    litellm_metadata(r.metadata) as m,
    try(json_transform(r.proxy_server_request, '{"stream": "VARCHAR", "max_tokens": "VARCHAR", "system": "JSON",
      "tools": "JSON", "messages": "JSON", "body": {"stream": "VARCHAR", "max_tokens": "VARCHAR", "system": "JSON",
      "tools": "JSON", "messages": "JSON"}}')) as q,
    lower(coalesce(r.cache_hit, '')) = 'true' as is_context
  from record
),
asked as (
  select *, coalesce(q.body.messages, q.messages) as messages, coalesce(q.body.tools, q.tools) as tools,
    coalesce(q.body.system, q.system) as system, coalesce(q.body.stream, q.stream) as stream,
    coalesce(q.body.max_tokens, q.max_tokens) as max_tokens
  from opened
),
counted as (
  select *, litellm_cache_read(m) as cache_read, litellm_cache_write(m) as cache_write,
    litellm_cache_write_1h(m) as cache_write_1h, token_count(r.prompt_tokens) as prompt_tokens,
    coalesce(present(r.status), 'success') as logged_status,
    prompt_shape(tools::varchar, system::varchar, messages::varchar) as shape
  from asked
)
select
  record_no, is_context,
  case when present(r.request_id) is null then keyless(text) else message_key('litellm', r.request_id) end as duplicate_key,
  2 * (prompt_tokens + token_count(r.completion_tokens)) + case when cache_write_1h > 0 then 1 else 0 end as duplicate_rank,
  coalesce(
    instant_problem('startTime', r.startTime),
    token_problem('prompt_tokens', r.prompt_tokens),
    token_problem('completion_tokens', r.completion_tokens),
    case when logged_status not like 'fail%' and present(r.prompt_tokens) is null
      then 'prompt_tokens: missing, expected a whole number of tokens' end,
    case when present(r.metadata) is not null and not json_valid(r.metadata)
      then 'metadata: text that is not JSON; without it cache reads cannot be told from input' end,
    litellm_problem(m)) as reject_reason,
  list_filter([
    case when is_context then 'answered from LiteLLM''s own cache: no call, left out' end,
    case when cache_read + cache_write > prompt_tokens and not is_context
      then 'prompt_tokens smaller than the cache tokens: taken as uncached input' end,
    case when r.call_type = 'aretrieve_batch' then 'one row for a whole batch' end], lambda x: x is not null) as remarks,
  present(r.request_id) as request_id,
  instant_us(r.startTime) as started_us,
  litellm_span_s(instant_us(r.startTime), instant_us(r.endTime)) as duration_s,
  case when instant_us(r.completionStartTime) < instant_us(r.endTime)
    then litellm_span_s(instant_us(r.startTime), instant_us(r.completionStartTime)) end as first_token_s,
  provider_name(present(r.custom_llm_provider)) as provider,
  coalesce(present(r.model), present(r.model_group)) as raw_model,
  coalesce(present(m.additional_usage_values.service_tier), present(m.usage_object.service_tier)) as service_tier,
  coalesce(present(m.additional_usage_values.speed), present(m.usage_object.speed)) as speed,
  case when coalesce(present(m.additional_usage_values.inference_geo), present(m.usage_object.inference_geo)) <> 'not_available'
    then coalesce(present(m.additional_usage_values.inference_geo), present(m.usage_object.inference_geo)) end as inference_geo,
  r.call_type = 'aretrieve_batch' or coalesce(m.additional_usage_values.service_tier, m.usage_object.service_tier, '') = 'batch'
    as is_batch,
  coalesce(try_cast(stream as boolean),
    case when instant_us(r.completionStartTime) < instant_us(r.endTime)
      and instant_us(r.completionStartTime) > instant_us(r.startTime) then true
      when messages is not null then false end) as is_streamed,
  case when logged_status like 'fail%' then 'error' when logged_status = 'success' then 'ok' else 'unknown' end as status,
  case when cache_read + cache_write > prompt_tokens then prompt_tokens
    else prompt_tokens - cache_read - cache_write end as uncached_input_tokens,
  cache_write - cache_write_1h as cache_write_5m_tokens,
  cache_write_1h as cache_write_1h_tokens,
  cache_read as cache_read_tokens,
  token_count(r.completion_tokens) as output_tokens,
  litellm_web_searches(m) as web_searches,
  coalesce(present(m.user_api_key_team_alias), present(r.team_id)) as workspace,
  present(m.user_api_key_alias) as api_key,
  salted(coalesce(present(r.end_user), nullif(present(r.user), 'default_user_id'))) as user_hash,
  case when r.session_id not in (coalesce(r.request_id, ''), coalesce(r.litellm_call_id, ''))
    then present(r.session_id) end as session_id,
  present(m.user_agent) as user_agent,
  litellm_tags(m, r.request_tags) as tags,
  shape.prefix_hash as prefix_hash,
  shape.prefix_chars as prefix_chars,
  shape.prompt_hash as prompt_hash,
  shape.boundary_hashes as boundary_hashes,
  shape.boundary_chars as boundary_chars,
  shape.media_bytes as media_bytes,
  shape.prompt_chars as prompt_chars,
  shape.message_count as message_count,
  try_cast(max_tokens as bigint) as max_output_tokens,
  case when messages is not null then coalesce(json_array_length(tools), 0) > 0 end as has_tools,
  try_cast(r.spend as decimal(38, 12)) as reported_cost_usd
from counted
