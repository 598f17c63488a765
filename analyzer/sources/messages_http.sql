/*---
title = "Messages calls as HTTP exchanges (middleware logs, HAR, saved answers)"
url = "https://platform.claude.com/docs/en/api/messages"
checked = 2026-11-21
grain = "one exchange a call, or the events of its stream one a record"
recognise = [
  ["request.body", "response.body"],
  ["response.body", "response.headers"],
  ["response.body", "response.status"],
  ["response.body", "response.status_code"],
  ["request_body", "response_body"],
  ["log.entries[].response.content"],
  ["type", "message.type", "message.role", "message.usage.input_tokens"],
]
recognise_not = [
  ["request_created_at"], ["response_created_at"], ["custom_id"], ["schemaType"], ["call_type"],
  ["sessionId"], ["session_id"],
]
signals = ["start", "duration", "streamed", "user agent", "trace", "user", "session", "prompt shape"]
cannot_tell = ["time to the first token", "who asked, unless the wrapper says so"]
duplicate = "id of the message, else the request-id header, else the whole record (repeats inside one file are kept)"
winner = "a whole stream before one cut off, then the copy with more tokens"
traps = [
  "bodies may be JSON inside a string, or base64 (HAR)",
  "in a stream message_start is provisional and message_delta is cumulative: the delta wins field by field, even when lower",
  "a stream without message_delta was cut off: it is counted as far as it told, and flagged",
  "usage.iterations holds billed work that the top level leaves out; iterations on another model become a request of their own",
  "without a time in the wrapper the date header of the answer is taken (whole seconds)",
  "exchanges with other endpoints (count_tokens, batches, models) are no calls",
]
how_to_export = "Let your HTTP middleware or proxy write one JSON object an exchange, with the time and both bodies; or export a HAR file; or save the stream itself: curl -i … > call.sse."

[shape]
event = "VARCHAR"
is_early = "BOOLEAN"
started = "VARCHAR"
answered = "VARCHAR"
ended = "VARCHAR"
duration_s = "VARCHAR"
duration_ms = "VARCHAR"
first_token_s = "VARCHAR"
status = "VARCHAR"
request_id = "VARCHAR"
user_agent = "VARCHAR"
traceparent = "VARCHAR"
url = "VARCHAR"
provider = "VARCHAR"
url_model = "VARCHAR"
response = "JSON"
tags = "VARCHAR"
application = "VARCHAR"
workspace = "VARCHAR"
user = "VARCHAR"
session_id = "VARCHAR"
trace_id = "VARCHAR"
parent_id = "VARCHAR"

[shape.request]
model = "VARCHAR"
stream = "VARCHAR"
max_tokens = "VARCHAR"
system = "JSON"
tools = "JSON"
messages = "JSON"
[shape.request.metadata]
user_id = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns, one row a billed model of a call.
with answers as materialized (
  select record_no, text, r, answer_of(r.response::varchar) as a,
    coalesce(present(r.started), present(r.answered)) as started,
    try_cast(r.status as integer) >= 400 as is_refused,
    nullif(regexp_extract(r.traceparent, '^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-', ['trace', 'parent']).trace, '')
      as trace_id
  from record
),
calls as materialized (
  select record_no, text, r, a, started, a.u as u, trace_id,
    coalesce(case when r.provider = 'aws_bedrock' then present(r.url_model) end,
      a.model, present(r.request.model), present(r.url_model)) as model,
    case when is_refused or a.kind = 'error' then 'error' when a.kind = 'cut_off' then 'cancelled' else 'ok' end as status,
    coalesce(r.event is not null
      or (a.u is null and present(r.url) is not null
        and not regexp_matches(r.url, '/messages/?($|\?)|/(invoke|converse)|:(stream)?rawPredict', 'i'))
      or (a.kind = 'other' and is_refused is distinct from true
        and (json_extract_string(r.response, '$.type') not in ('message', 'unreadable')
          or (present(r.url) is null and json_extract(r.response, '$.input_tokens') is not null))), false) as is_context,
    prompt_shape(r.request.tools::varchar, r.request.system::varchar, r.request.messages::varchar) as shape
  from answers
),
sums as materialized (
  select *,
    coalesce(message_key('request', a.id), 'request:' || present(r.request_id), keyless(text)) as call_key,
    unnest(bills(u, model)) as bill
  from calls
)
select
  record_no, bill.part_no as part_no, is_context,
  call_key || bill.suffix as duplicate_key,
  case when a.kind = 'cut_off' then 0 else all_tokens(bill.b) end as duplicate_rank,
  case when not is_context then coalesce(
    start_problem('started_at', started),
    case when u is null and status <> 'error' then 'response.body: found no usage, expected a Messages answer or its events' end,
    case when u is not null and not (status = 'error' and present(u.input_tokens) is null) then usage_problem(u) end
  ) end as reject_reason,
  list_filter([
    case when is_context and r.event is null then 'an exchange with another endpoint than Messages: no call, left out' end,
    case when not is_context and present(r.started) is null and present(r.answered) is not null
      then 'no time in the record: the date header of the answer is taken' end,
    case when not is_context then start_remark(started) end,
    case when r.is_early is null then stream_remark(a) end], lambda x: x is not null) as remarks,
  coalesce(present(r.request_id), a.id) as request_id,
  start_us(started) as started_us,
  coalesce(span_s(r.duration_s), span_s(r.duration_ms) / 1000,
    case when instant_us(r.ended) >= instant_us(started) then (instant_us(r.ended) - instant_us(started)) / 1000000 end)
    as duration_s,
  span_s(r.first_token_s) as first_token_s,
  provider_of(present(r.provider), a.id) as provider,
  bill.model as raw_model,
  present(u.service_tier) as service_tier,
  present(u.speed) as speed,
  coalesce(case when r.provider = 'gcp_vertex' then nullif(regexp_extract(r.url, '/locations/([a-z0-9-]+)/', 1), '') end,
    case when u.inference_geo not in ('', 'not_available') then u.inference_geo end) as inference_geo,
  coalesce(u.service_tier = 'batch', false) as is_batch,
  case when a.is_stream then true when a.kind = 'message' then false else try_cast(r.request.stream as boolean) end
    as is_streamed,
  status,
  bill.b.uncached as uncached_input_tokens,
  bill.b.write_5m as cache_write_5m_tokens,
  bill.b.write_1h as cache_write_1h_tokens,
  bill.b.read as cache_read_tokens,
  bill.b.output as output_tokens,
  case when bill.part_no = 0 then thinking(u.output_tokens_details.thinking_tokens, bill.b.output) end as thinking_tokens,
  case when bill.part_no = 0 then token_count(u.server_tool_use.web_search_requests) else 0 end as web_searches,
  present(r.workspace) as workspace,
  present(r.application) as application,
  salted(coalesce(present(r.user), present(r.request.metadata.user_id))) as user_hash,
  coalesce(present(r.session_id),
    nullif(regexp_extract(r.request.metadata.user_id, '_session_([0-9a-f-]{36})', 1), '')) as session_id,
  coalesce(present(r.trace_id), trace_id) as trace_id,
  present(r.parent_id) as parent_id,
  present(r.user_agent) as user_agent,
  tag_map(r.tags) as tags,
  shape.prefix_hash as prefix_hash,
  shape.prefix_chars as prefix_chars,
  shape.prompt_hash as prompt_hash,
  shape.boundary_hashes as boundary_hashes,
  shape.boundary_chars as boundary_chars,
  shape.media_hashes as media_hashes,
  shape.media_bytes as media_bytes,
  shape.prompt_chars as prompt_chars,
  shape.message_count as message_count,
  try_cast(r.request.max_tokens as bigint) as max_output_tokens,
  case when r.request.messages is not null then coalesce(json_array_length(r.request.tools), 0) > 0 end as has_tools
from sums
