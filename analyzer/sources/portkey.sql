/*---
title = "Portkey logs export"
url = "https://portkey.ai/docs/product/observability/logs-export"
checked = 2026-11-21
grain = "one line a call"
recognise = [
  ["ai_org", "ai_model", "req_units", "res_units"],
  ["ai_org", "ai_model", "response.usage", "created_at"],
  ["ai_provider", "ai_model", "request_tokens", "response_tokens"],
]
recognise_not = []
signals = ["start", "duration", "user, tags (metadata)", "trace", "streamed and prompt shape (where request is exported)"]
cannot_tell = ["time to the first token", "answers from Portkey's own cache", "cache reads and writes without the response"]
duplicate = "id of the message where the response holds it, else id"
winner = "the copy with more tokens"
traps = [
  "cost is in cents",
  "two exports of one period, one with the response and one without, know a call by different ids: take one of them",
  "whether req_units holds cached tokens is not documented: the usage of the response is taken where it was exported",
  "an OpenAI-shaped usage may hold the cache in prompt_tokens or leave it out: told by total_tokens",
  "the columns are chosen at export; older exports call them time_of_generation, request_tokens, response_tokens, ai_provider",
]
how_to_export = """In Portkey open Exports, press Request Data, choose the period and these fields: id, trace_id, created_at, request, \
response, is_success, ai_org, ai_model, req_units, res_units, cost, cost_currency, response_time, response_status_code, mode, config, \
prompt_slug, metadata. Without request and response it works too, but cache reads cannot be told."""

[shape]
id = "VARCHAR"
trace_id = "VARCHAR"
created_at = "VARCHAR"
time_of_generation = "VARCHAR"
request = "VARCHAR"
response = "VARCHAR"
is_success = "VARCHAR"
ai_org = "VARCHAR"
ai_provider = "VARCHAR"
ai_model = "VARCHAR"
req_units = "VARCHAR"
res_units = "VARCHAR"
request_tokens = "VARCHAR"
response_tokens = "VARCHAR"
cost = "VARCHAR"
cost_currency = "VARCHAR"
response_time = "VARCHAR"
response_status_code = "VARCHAR"
mode = "VARCHAR"
config = "VARCHAR"
prompt_slug = "VARCHAR"
metadata = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns.
with opened as (
  select record_no, text, r, coalesce(present(r.created_at), present(r.time_of_generation)) as started,
    try(litellm_json(r.response)::json) as response,
    json_transform(try(litellm_json(r.request)::json), '{"stream": "VARCHAR", "max_tokens": "VARCHAR", "system": "JSON",
      "tools": "JSON", "messages": "JSON"}') as q,
    tag_map(litellm_json(r.metadata)) as metadata
  from record
),
used as (
  select *, json_extract(response, '$.usage') as usage,
    usage_shape((json_extract(response, '$.usage'))::varchar) as u,
    litellm_counts((json_extract(response, '$.usage'))::varchar) as a,
    json_extract_string(response, '$.usage.prompt_tokens') as prompt,
    json_extract_string(response, '$.usage.completion_tokens') as completion,
    json_extract_string(response, '$.usage.total_tokens') as total,
    coalesce(present(r.req_units), present(r.request_tokens)) as req_units,
    coalesce(present(r.res_units), present(r.response_tokens)) as res_units,
    prompt_shape(q.tools::varchar, q.system::varchar, q.messages::varchar) as shape
  from opened
),
told as (
  select *, litellm_usage(a, a) as l,
    case when present(u.input_tokens) is not null then 'messages'
      when present(prompt) is not null then 'openai' else 'units' end as kind
  from used
),
counted as (
  select *, l.cached + l.written as in_cache,
    case when kind = 'messages' then buckets(billed(u, r.ai_model, r.ai_model)) end as b,
    l.cached + l.written > 0 and (l.cached + l.written > token_count(prompt)
      or token_count(total) = token_count(prompt) + token_count(completion) + l.cached + l.written) as leaves_out,
    token_count(total) = token_count(prompt) + token_count(completion) as adds_up,
    lower(coalesce(r.is_success, '')) in ('false', '0')
      or coalesce(try_cast(r.response_status_code as integer) >= 400, false) as is_error
  from told
),
calls as materialized (
  select *,
    case kind when 'messages' then b.uncached when 'openai' then token_count(prompt) - case when leaves_out then 0 else in_cache end
      else token_count(req_units) end as uncached,
    case kind when 'messages' then b.output when 'openai' then token_count(completion) else token_count(res_units) end as output
  from counted
)
select
  record_no,
  coalesce(message_key('portkey', case when starts_with(json_extract_string(response, '$.id'), 'msg_')
    then json_extract_string(response, '$.id') end), message_key('portkey', present(r.id)), keyless(text)) as duplicate_key,
  uncached + output + coalesce(b.read + b.write_5m + b.write_1h, in_cache) as duplicate_rank,
  coalesce(
    instant_problem('created_at', started),
    case kind
      when 'messages' then usage_problem(u)
      when 'openai' then coalesce(
        token_problem('response.usage.prompt_tokens', prompt),
        token_problem('response.usage.completion_tokens', completion),
        litellm_counts_problem('response.usage', a))
      else coalesce(
        token_problem('req_units', req_units), token_problem('res_units', res_units),
        case when req_units is null and not is_error then 'req_units: missing, expected a whole number of tokens' end)
      end) as reject_reason,
  list_filter([
    case when kind = 'units' then 'no usage of the answer: req_units is taken as uncached input' end,
    case when kind = 'openai' and leaves_out then 'prompt_tokens leaves the cache out: taken as uncached input'
      when kind = 'openai' and in_cache > 0 and not adds_up
        then 'whether prompt_tokens holds the cache cannot be told: taken as held' end], lambda x: x is not null) as remarks,
  present(r.id) as request_id,
  instant_us(started) as started_us,
  span_s(r.response_time) / 1000 as duration_s,
  provider_name(replace(coalesce(present(r.ai_org), present(r.ai_provider)), '-', '_')) as provider,
  present(r.ai_model) as raw_model,
  present(u.service_tier) as service_tier,
  present(u.speed) as speed,
  case when u.inference_geo not in ('', 'not_available') then u.inference_geo end as inference_geo,
  coalesce(try_cast(q.stream as boolean), case when q.messages is not null then false end) as is_streamed,
  case when is_error then 'error' when present(r.is_success) is null and present(r.response_status_code) is null
    then 'unknown' else 'ok' end as status,
  uncached as uncached_input_tokens,
  case when kind = 'messages' then b.write_5m when kind = 'openai' then greatest(l.written - l.written_1h, 0) else 0 end
    as cache_write_5m_tokens,
  case when kind = 'messages' then b.write_1h when kind = 'openai' then l.written_1h else 0 end as cache_write_1h_tokens,
  case when kind = 'messages' then b.read when kind = 'openai' then l.cached else 0 end as cache_read_tokens,
  output as output_tokens,
  thinking(coalesce(u.output_tokens_details.thinking_tokens, l.thinking), output) as thinking_tokens,
  case when kind = 'units' then 0 else l.web_searches end as web_searches,
  salted(present(metadata['_user'])) as user_hash,
  present(r.trace_id) as trace_id,
  nullif(map_from_entries(list_filter(list_concat(map_entries(coalesce(metadata, map {}::map(varchar, varchar))), [
    {'key': 'prompt_slug', 'value': present(r.prompt_slug)}, {'key': 'config', 'value': present(r.config)}]),
    lambda e: e.value is not null and e.key <> '_user')), map {}::map(varchar, varchar)) as tags,
  shape.prefix_hash as prefix_hash,
  shape.prefix_chars as prefix_chars,
  shape.prompt_hash as prompt_hash,
  shape.boundary_hashes as boundary_hashes,
  shape.boundary_chars as boundary_chars,
  shape.media_hashes as media_hashes,
  shape.media_bytes as media_bytes,
  shape.prompt_chars as prompt_chars,
  shape.message_count as message_count,
  try_cast(q.max_tokens as bigint) as max_output_tokens,
  case when q.messages is not null then coalesce(json_array_length(q.tools), 0) > 0 end as has_tools,
  case when coalesce(present(upper(r.cost_currency)), 'USD') = 'USD' then try_cast(r.cost as decimal(38, 14)) / 100 end as reported_cost_usd
from calls
