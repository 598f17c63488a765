/*---
title = "Messages answers, bare or in the whowaits JSON wrapper"
url = "https://platform.claude.com/docs/en/api/messages"
checked = 2026-11-21
grain = "one line a call"
recognise = [
  ["started_at", "usage"], ["started_at", "response"],
  ["timestamp", "request", "response"], ["timestamp", "response.usage"], ["timestamp", "usage.input_tokens", "model"],
  ["usage.input_tokens", "usage.output_tokens", "model", "role", "id"],
]
recognise_not = [
  ["sessionId", "uuid"], ["call_type"], ["modelId"], ["response.body"], ["request_body"],
]
signals = ["start", "duration", "first token", "streamed", "declared trigger, awaited, deadline", "read time", "user", "session", "prompt shape"]
cannot_tell = ["whatever you leave out of the wrapper"]
duplicate = "id of the message, else request_id, else the whole record (repeats inside one file are kept)"
winner = "a whole stream before one cut off, then the copy with more tokens"
traps = [
  "usage.input_tokens leaves out cache reads and writes",
  "usage.iterations holds billed work that the top level leaves out; iterations on another model become a request of their own",
  "in a stream message_start is provisional and message_delta is cumulative: the delta wins, field by field, even when lower",
  "an answer alone has no time: wrap it with started_at, or give one for all with --at",
]
how_to_export = "Write one JSON object a line: started_at, response (or usage and model), and what else you know."

[shape]
started_at = "VARCHAR"
timestamp = "VARCHAR"
ended_at = "VARCHAR"
duration_s = "VARCHAR"
duration_ms = "VARCHAR"
latency_ms = "VARCHAR"
first_token_s = "VARCHAR"
status = "VARCHAR"
request_id = "VARCHAR"
id = "VARCHAR"
model = "VARCHAR"
usage = "JSON"
response = "JSON"
provider = "VARCHAR"
workspace = "VARCHAR"
api_key = "VARCHAR"
application = "VARCHAR"
user = "VARCHAR"
session_id = "VARCHAR"
trace_id = "VARCHAR"
parent_id = "VARCHAR"
user_agent = "VARCHAR"
tags = "VARCHAR"
trigger = "VARCHAR"
awaited = "VARCHAR"
needed_within_s = "VARCHAR"
read_at = "VARCHAR"
destination = "VARCHAR"
is_batch = "VARCHAR"
is_streamed = "VARCHAR"
prefix_hash = "VARCHAR"
prefix_chars = "VARCHAR"
prompt_chars = "VARCHAR"
message_count = "VARCHAR"
max_output_tokens = "VARCHAR"
has_tools = "VARCHAR"
error = "JSON"

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
  select record_no, text, r, answer_of(r.response::varchar) as a from record
),
calls as materialized (
  select record_no, text, r, a,
    coalesce(a.id, present(r.id)) as message_id,
    coalesce(a.model, present(r.model), present(r.request.model)) as model,
    coalesce(a.u, usage_shape(r.usage::varchar)) as u,
    coalesce(present(r.started_at), present(r.timestamp)) as started,
    case
      when present(r.status) in ('ok', 'error', 'cancelled') then present(r.status)
      when present(r.status) in ('success', 'succeeded', '200') then 'ok'
      when a.kind = 'error' or json_type(r.error) in ('OBJECT', 'VARCHAR') then 'error'
      when a.kind = 'cut_off' then 'cancelled'
      when present(r.status) is null then 'ok'
      else 'unknown'
    end as status,
    prompt_shape(r.request.tools::varchar, r.request.system::varchar, r.request.messages::varchar) as shape
  from answers
),
sums as materialized (
  select *,
    coalesce(message_key('request', message_id), 'request:' || present(r.request_id), keyless(text)) as call_key,
    unnest(bills(u, model)) as bill
  from calls
)
select
  record_no, bill.part_no as part_no,
  call_key || bill.suffix as duplicate_key,
  case when a.kind = 'cut_off' then 0 else all_tokens(bill.b) end as duplicate_rank,
  coalesce(
    start_problem('started_at', started),
    case when u is null and status <> 'error' then 'usage: missing, expected the usage object of the answer' end,
    case when u is not null and not (status = 'error' and present(u.input_tokens) is null) then usage_problem(u) end
  ) as reject_reason,
  list_filter([start_remark(started), stream_remark(a),
    case when present(r.trigger) not in ('user', 'schedule', 'queue', 'event')
      then 'trigger: not user, schedule, queue or event, left out' end,
    case when lower(present(r.awaited)) not in ('true', 'false') then 'awaited: not true or false, left out' end,
    case when present(r.needed_within_s) is not null and span_s(r.needed_within_s) is null
      then 'needed_within_s: no number of seconds, left out' end,
    case when present(r.read_at) is not null and instant_us(r.read_at) is null then 'read_at: no date and time, left out' end,
    case when status = 'unknown' then 'status: not ok, error or cancelled, taken as unknown' end],
    lambda x: x is not null) as remarks,
  coalesce(present(r.request_id), message_id) as request_id,
  start_us(started) as started_us,
  coalesce(span_s(r.duration_s), span_s(r.duration_ms) / 1000, span_s(r.latency_ms) / 1000,
    case when instant_us(r.ended_at) >= instant_us(started)
      then (instant_us(r.ended_at) - instant_us(started)) / 1000000 end) as duration_s,
  span_s(r.first_token_s) as first_token_s,
  provider_of(present(r.provider), message_id) as provider,
  bill.model as raw_model,
  present(u.service_tier) as service_tier,
  present(u.speed) as speed,
  case when u.inference_geo not in ('', 'not_available') then u.inference_geo end as inference_geo,
  coalesce(try_cast(r.is_batch as boolean), u.service_tier = 'batch') as is_batch,
  coalesce(try_cast(r.is_streamed as boolean), try_cast(r.request.stream as boolean),
    case when a.is_stream then true when r.request.messages is not null then false end) as is_streamed,
  status,
  bill.b.uncached as uncached_input_tokens,
  bill.b.write_5m as cache_write_5m_tokens,
  bill.b.write_1h as cache_write_1h_tokens,
  bill.b.read as cache_read_tokens,
  bill.b.output as output_tokens,
  case when bill.part_no = 0 then thinking(u.output_tokens_details.thinking_tokens, bill.b.output) end as thinking_tokens,
  case when bill.part_no = 0 then token_count(u.server_tool_use.web_search_requests) else 0 end as web_searches,
  present(r.workspace) as workspace,
  present(r.api_key) as api_key,
  present(r.application) as application,
  salted(coalesce(present(r.user), present(r.request.metadata.user_id))) as user_hash,
  coalesce(present(r.session_id),
    nullif(regexp_extract(r.request.metadata.user_id, '_session_([0-9a-f-]{36})', 1), '')) as session_id,
  present(r.trace_id) as trace_id,
  present(r.parent_id) as parent_id,
  present(r.user_agent) as user_agent,
  tag_map(r.tags) as tags,
  case when r.trigger in ('user', 'schedule', 'queue', 'event') then r.trigger end as trigger,
  case lower(present(r.awaited)) when 'true' then true when 'false' then false end as awaited,
  span_s(r.needed_within_s) as needed_within_s,
  instant_us(r.read_at) as read_us,
  present(r.destination) as destination,
  coalesce(shape.prefix_hash, salted(present(r.prefix_hash))) as prefix_hash,
  coalesce(shape.prefix_chars, try_cast(r.prefix_chars as bigint)) as prefix_chars,
  shape.prompt_hash as prompt_hash,
  shape.boundary_hashes as boundary_hashes,
  shape.boundary_chars as boundary_chars,
  shape.media_hashes as media_hashes,
  shape.media_bytes as media_bytes,
  coalesce(shape.prompt_chars, try_cast(r.prompt_chars as bigint)) as prompt_chars,
  coalesce(shape.message_count, try_cast(r.message_count as bigint)) as message_count,
  coalesce(try_cast(r.request.max_tokens as bigint), try_cast(r.max_output_tokens as bigint)) as max_output_tokens,
  coalesce(case when r.request.messages is not null then coalesce(json_array_length(r.request.tools), 0) > 0 end,
    try_cast(r.has_tools as boolean)) as has_tools
from sums
