/*---
title = "LiteLLM StandardLoggingPayload"
url = "https://docs.litellm.ai/docs/proxy/logging_spec"
checked = 2026-11-20
grain = "one object a call (a file each, or one a line)"
recognise = [["id", "call_type", "response_cost", "prompt_tokens", "startTime"]]
recognise_not = [["request_id", "spend"]]
signals = ["start", "duration", "first token", "streamed", "user", "session", "trace", "tags", "user agent", "prompt shape"]
cannot_tell = ["the system prompt where LiteLLM moved it into messages"]
duplicate = "id (shared with SpendLogs: a call seen in both is counted once)"
winner = "the copy with more tokens; of equal ones the one that knows its 1-hour cache writes"
traps = [
  "prompt_tokens holds cache reads and writes",
  "startTime is seconds since 1970 in real payloads, text in some",
  "trace_id is shared by retries and fallbacks: several billed calls for one action",
  "cache_hit is LiteLLM's own answer cache: such a call cost nothing and is left out",
]
how_to_export = "Copy the bucket that the s3 or gcs logging callback writes."

[shape]
id = "VARCHAR"
trace_id = "VARCHAR"
session_id = "VARCHAR"
litellm_call_id = "VARCHAR"
call_type = "VARCHAR"
stream = "VARCHAR"
response_cost = "VARCHAR"
status = "VARCHAR"
custom_llm_provider = "VARCHAR"
prompt_tokens = "VARCHAR"
completion_tokens = "VARCHAR"
startTime = "VARCHAR"
endTime = "VARCHAR"
completionStartTime = "VARCHAR"
model = "VARCHAR"
model_group = "VARCHAR"
messages = "JSON"
metadata = "VARCHAR"
request_tags = "VARCHAR"
end_user = "VARCHAR"
cache_hit = "VARCHAR"
[shape.model_parameters]
max_tokens = "VARCHAR"
stream = "VARCHAR"
tools = "JSON"
system = "JSON"
[shape.response]
usage = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns.
with opened as (
  select record_no, text, r, litellm_metadata(r.metadata) as logged,
    litellm_metadata('{"usage_object":' || coalesce(present(r.response.usage), 'null') || '}') as answered,
    lower(coalesce(r.cache_hit, '')) = 'true' as is_context
  from record
),
counted as (
  select *, greatest(litellm_cache_read(logged), litellm_cache_read(answered)) as cache_read,
    greatest(litellm_cache_write(logged), litellm_cache_write(answered)) as cache_write,
    greatest(litellm_cache_write_1h(logged), litellm_cache_write_1h(answered)) as cache_write_1h,
    token_count(r.prompt_tokens) as prompt_tokens,
    coalesce(present(r.status), 'success') as logged_status,
    coalesce(present(logged.usage_object.service_tier), present(answered.usage_object.service_tier)) as tier,
    coalesce(present(logged.usage_object.inference_geo), present(answered.usage_object.inference_geo)) as geo,
    case when json_type(r.messages) = 'ARRAY' and json_array_length(r.messages) > 0 then
      prompt_shape(r.model_parameters.tools::varchar, coalesce(r.model_parameters.system::varchar,
        case when json_extract_string(r.messages, '$[0].role') = 'system' then (json_extract(r.messages, '$[0].content'))::varchar end),
        r.messages::varchar) end as shape
  from opened
)
select
  record_no, is_context,
  case when present(r.id) is null then keyless(text) else message_key('litellm', r.id) end as duplicate_key,
  2 * (prompt_tokens + token_count(r.completion_tokens)) + case when cache_write_1h > 0 then 1 else 0 end as duplicate_rank,
  coalesce(
    instant_problem('startTime', r.startTime),
    token_problem('prompt_tokens', r.prompt_tokens),
    token_problem('completion_tokens', r.completion_tokens),
    case when logged_status not like 'fail%' and present(r.prompt_tokens) is null
      then 'prompt_tokens: missing, expected a whole number of tokens' end,
    litellm_problem(logged), litellm_problem(answered)) as reject_reason,
  list_filter([
    case when is_context then 'answered from LiteLLM''s own cache: no call, left out' end,
    case when cache_read + cache_write > prompt_tokens and not is_context
      then 'prompt_tokens smaller than the cache tokens: taken as uncached input' end,
    case when r.call_type = 'aretrieve_batch' then 'one row for a whole batch' end], lambda x: x is not null) as remarks,
  present(r.id) as request_id,
  instant_us(r.startTime) as started_us,
  litellm_span_s(instant_us(r.startTime), instant_us(r.endTime)) as duration_s,
  case when instant_us(r.completionStartTime) < instant_us(r.endTime)
    then litellm_span_s(instant_us(r.startTime), instant_us(r.completionStartTime)) end as first_token_s,
  provider_name(present(r.custom_llm_provider)) as provider,
  coalesce(present(r.model), present(r.model_group)) as raw_model,
  tier as service_tier,
  coalesce(present(logged.usage_object.speed), present(answered.usage_object.speed)) as speed,
  case when geo <> 'not_available' then geo end as inference_geo,
  r.call_type = 'aretrieve_batch' or coalesce(tier, '') = 'batch' as is_batch,
  coalesce(try_cast(r.stream as boolean), try_cast(r.model_parameters.stream as boolean)) as is_streamed,
  case when logged_status like 'fail%' then 'error' when logged_status = 'success' then 'ok' else 'unknown' end as status,
  case when cache_read + cache_write > prompt_tokens then prompt_tokens
    else prompt_tokens - cache_read - cache_write end as uncached_input_tokens,
  cache_write - cache_write_1h as cache_write_5m_tokens,
  cache_write_1h as cache_write_1h_tokens,
  cache_read as cache_read_tokens,
  token_count(r.completion_tokens) as output_tokens,
  greatest(litellm_web_searches(logged), litellm_web_searches(answered)) as web_searches,
  present(logged.user_api_key_team_alias) as workspace,
  present(logged.user_api_key_alias) as api_key,
  salted(coalesce(present(r.end_user), present(logged.user_api_key_end_user_id))) as user_hash,
  case when r.session_id not in (coalesce(r.id, ''), coalesce(r.litellm_call_id, ''), coalesce(r.trace_id, ''))
    then present(r.session_id) end as session_id,
  case when r.trace_id not in (coalesce(r.id, ''), coalesce(r.litellm_call_id, ''))
    then present(r.trace_id) end as trace_id,
  present(logged.user_agent) as user_agent,
  litellm_tags(logged, r.request_tags) as tags,
  shape.prefix_hash as prefix_hash,
  shape.prefix_chars as prefix_chars,
  shape.prompt_hash as prompt_hash,
  shape.boundary_hashes as boundary_hashes,
  shape.boundary_chars as boundary_chars,
  shape.media_bytes as media_bytes,
  shape.prompt_chars as prompt_chars,
  shape.message_count as message_count,
  try_cast(r.model_parameters.max_tokens as bigint) as max_output_tokens,
  case when shape is not null then coalesce(json_array_length(r.model_parameters.tools), 0) > 0 end as has_tools,
  try_cast(r.response_cost as decimal(38, 12)) as reported_cost_usd
from counted
