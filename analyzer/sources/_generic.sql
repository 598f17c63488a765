-- The projection of mapped logs; mapping.py fills in the fields.

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns.
with mapped as (
  select record_no, text, $tags$ as tags,
    $fields$
  from record
),
counted as (
  select *, token_count(f_input_tokens) as input_tokens, token_count(f_cache_read_tokens) as cache_read,
    greatest(token_count(f_cache_write_tokens), token_count(f_cache_write_1h_tokens)) as cache_write,
    $input_includes_cache$ as includes_cache
  from mapped
)
select
  record_no,
  coalesce(message_key('generic', f_request_id), keyless(text)) as duplicate_key,
  input_tokens + token_count(f_output_tokens) as duplicate_rank,
  coalesce(
    instant_problem('started_at', f_started_at),
    token_problem('input_tokens', f_input_tokens),
    token_problem('output_tokens', f_output_tokens),
    token_problem('cache_read_tokens', f_cache_read_tokens),
    token_problem('cache_write_tokens', f_cache_write_tokens),
    token_problem('cache_write_1h_tokens', f_cache_write_1h_tokens),
    case when f_input_tokens is null then 'input_tokens: missing, expected a whole number of tokens' end,
    case when f_output_tokens is null then 'output_tokens: missing, expected a whole number of tokens' end,
    case when includes_cache and cache_read + cache_write > input_tokens
      then 'input_tokens: smaller than the cache tokens it should hold (input_includes_cache = true)' end) as reject_reason,
  f_request_id as request_id,
  instant_us(f_started_at) as started_us,
  coalesce(span_s(f_duration_s), span_s(f_duration_ms) / 1000,
    case when instant_us(f_ended_at) >= instant_us(f_started_at)
      then (instant_us(f_ended_at) - instant_us(f_started_at)) / 1000000 end) as duration_s,
  coalesce(span_s(f_first_token_s), span_s(f_first_token_ms) / 1000) as first_token_s,
  provider_name(coalesce(f_provider, $provider$)) as provider,
  f_model as raw_model,
  f_service_tier as service_tier,
  coalesce(try_cast(f_is_batch as boolean), f_service_tier = 'batch') as is_batch,
  try_cast(f_is_streamed as boolean) as is_streamed,
  case when f_status is null or lower(f_status) in ('ok', 'success', 'succeeded', '200', 'completed') then 'ok'
    when lower(f_status) in ('error', 'failed', 'failure', '400', '429', '500', '529') then 'error'
    when lower(f_status) in ('cancelled', 'canceled', 'aborted', '499') then 'cancelled' else 'unknown' end as status,
  input_tokens - case when includes_cache then cache_read + cache_write else 0 end as uncached_input_tokens,
  cache_write - token_count(f_cache_write_1h_tokens) as cache_write_5m_tokens,
  token_count(f_cache_write_1h_tokens) as cache_write_1h_tokens,
  cache_read as cache_read_tokens,
  token_count(f_output_tokens) as output_tokens,
  thinking(f_thinking_tokens, token_count(f_output_tokens)) as thinking_tokens,
  token_count(f_web_searches) as web_searches,
  f_workspace as workspace,
  f_api_key as api_key,
  f_application as application,
  salted(f_user) as user_hash,
  f_session_id as session_id,
  f_trace_id as trace_id,
  f_parent_id as parent_id,
  f_user_agent as user_agent,
  tags,
  case when f_trigger in ('user', 'schedule', 'queue', 'event') then f_trigger end as trigger,
  try_cast(f_awaited as boolean) as awaited,
  span_s(f_needed_within_s) as needed_within_s,
  instant_us(f_read_at) as read_us,
  f_destination as destination,
  salted(f_prefix_hash) as prefix_hash,
  try_cast(f_prefix_chars as bigint) as prefix_chars,
  try_cast(f_message_count as bigint) as message_count,
  try_cast(f_max_output_tokens as bigint) as max_output_tokens,
  try_cast(f_cost_usd as decimal(38, 12)) as reported_cost_usd
from counted
