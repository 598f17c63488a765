/*---
title = "Helicone"
url = "https://docs.helicone.ai/tools/export"
checked = 2026-11-21
grain = "one row a call"
recognise = [
  ["request_created_at", "response_status", "request_id"],
  ["request_created_at", "response_status", "response_id"],
  ["request_created_at", "response_created_at", "completion_tokens", "organization_id"],
  ["data[].request_created_at", "data[].response_status"],
]
recognise_not = []
signals = ["start", "duration", "first token", "streamed", "user", "session (Helicone-Session-Id)", "properties", "prompt shape (with bodies)"]
cannot_tell = ["the lifetime of cache writes, unless the body of the answer is there", "cache reads and writes, in the CSV export"]
duplicate = "id of the message where the body is there, else response_id, else request_id"
winner = "the copy updated last; with bodies the one with more tokens"
traps = [
  "the CSV export has no cache columns: cached input is missing from it, so prefer JSON lines",
  "the CSV export doubles the quotes of objects twice",
  "prompt_tokens leaves cache reads and writes out for Anthropic; for other providers that is not sure",
  "the table of ClickHouse holds several versions of a row until it merges them: the one updated last counts",
  "rows answered from Helicone's own cache cost nothing: left out",
  "the table of ClickHouse holds cost as a scaled whole number: not kept",
  "usage.iterations stand in the body alone: with bodies they are counted, without them they are missing",
]
how_to_export = "npx @helicone/export --format jsonl --include-body, with an API key of the organisation. JSON lines keep the cache counts, the CSV does not. Leave --include-body out if prompts may not leave."

[shape]
response_id = "VARCHAR"
request_id = "VARCHAR"
request_created_at = "VARCHAR"
response_created_at = "VARCHAR"
updated_at = "VARCHAR"
response_status = "VARCHAR"
status = "VARCHAR"
request_body = "VARCHAR"
response_body = "VARCHAR"
request_path = "VARCHAR"
target_url = "VARCHAR"
request_user_id = "VARCHAR"
user_id = "VARCHAR"
request_properties = "VARCHAR"
properties = "VARCHAR"
response_model = "VARCHAR"
request_model = "VARCHAR"
model_override = "VARCHAR"
model = "VARCHAR"
provider = "VARCHAR"
delay_ms = "VARCHAR"
latency = "VARCHAR"
time_to_first_token = "VARCHAR"
prompt_tokens = "VARCHAR"
completion_tokens = "VARCHAR"
prompt_cache_write_tokens = "VARCHAR"
prompt_cache_read_tokens = "VARCHAR"
prompt_id = "VARCHAR"
cache_reference_id = "VARCHAR"
organization_id = "VARCHAR"
costUSD = "VARCHAR"
cost = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns, one row a billed model of a call.
with bodies as (
  select record_no, text, r, parsed_json(single_quoted(r.request_body)) as asked, single_quoted(r.response_body) as answered from record
),
streams as (
  select *, coalesce(streamed_data(answered), answered, to_json(present(r.response_body))::varchar) as events from bodies
),
pieces as (select *, answer_pieces(events) as pieces from streams),
opened as (
  select record_no, text, r, asked, answer_of(pieces) as answer,
    chat_texts(asked -> '$.tools', asked -> '$.system', asked -> '$.messages') as q,
    coalesce(plain_tags(single_quoted(r.request_properties)), plain_tags(single_quoted(r.properties))) as tags,
    coalesce(present(r.response_status), present(r.status)) as logged_status,
    nullif(present(r.response_id), '00000000-0000-0000-0000-000000000000') as response_id,
    coalesce(present(r.request_path), present(r.target_url)) as url,
    coalesce(present(r.cache_reference_id), '00000000-0000-0000-0000-000000000000')
      <> '00000000-0000-0000-0000-000000000000' as is_cached
  from pieces
),
counted as materialized (
  select *,
    coalesce(answer.model, present(r.response_model), present(r.model), present(r.model_override), present(r.request_model))
      as model,
    coalesce(starts_with(answer.id, 'msg_') and answer.kind in ('message', 'stream') and usage_problem(answer.u) is null,
      false) as is_told_by_body,
    case when regexp_full_match(logged_status, '2\d\d(\.0+)?') then 'ok'
      when regexp_full_match(logged_status, '-3(\.0+)?') then 'cancelled'
      when logged_status is null then 'unknown' else 'error' end as told_status,
    regexp_matches(url, '/messages/(batches|count_tokens)') and token_count(r.completion_tokens) = 0 as is_no_call,
    token_count(r.prompt_tokens) as prompt_tokens,
    token_count(r.prompt_cache_read_tokens) as cache_read,
    token_count(r.prompt_cache_write_tokens) as cache_write,
    number(r.time_to_first_token) / 1000 as first_token_s,
    prompt_shape(q.tools, q.system, q.messages) as shape
  from opened
),
read as materialized (
  select *,
    provider_named(r.provider, model) as provider,
    provider_named(r.provider, model) not in ('anthropic', 'aws_bedrock') and cache_read + cache_write > 0
      and cache_read + cache_write <= prompt_tokens and not is_told_by_body as is_ambiguous
  from counted
),
billed_calls as (
  select *, unnest(case when is_told_by_body then bills(answer.u, model) else [struct_pack(
    model := model, part_no := 0::bigint, b := struct_pack(
      uncached := (prompt_tokens - case when is_ambiguous then cache_read + cache_write else 0 end)::bigint,
      write_5m := cache_write, write_1h := 0::bigint, read := cache_read,
      output := token_count(r.completion_tokens)), suffix := '')] end) as bill
  from read
)
select
  record_no, bill.part_no as part_no,
  is_cached or coalesce(is_no_call, false) as is_context,
  case when starts_with(answer.id, 'msg_') then 'message:' || answer.id
    else coalesce('helicone:' || coalesce(response_id, present(r.request_id)), keyless(text)) end || bill.suffix
    as duplicate_key,
  case when starts_with(answer.id, 'msg_') then all_tokens(bill.b)
    else coalesce(instant_us(r.updated_at), all_tokens(bill.b)) end as duplicate_rank,
  coalesce(
    instant_problem('request_created_at', r.request_created_at),
    case when not is_told_by_body then coalesce(
      token_problem('prompt_tokens', r.prompt_tokens),
      token_problem('completion_tokens', r.completion_tokens),
      token_problem('prompt_cache_read_tokens', r.prompt_cache_read_tokens),
      token_problem('prompt_cache_write_tokens', r.prompt_cache_write_tokens),
      case when told_status = 'ok' and present(r.prompt_tokens) is null
        then 'prompt_tokens: missing, expected a whole number of tokens' end,
      case when told_status = 'ok' and present(r.completion_tokens) is null
        then 'completion_tokens: missing, expected a whole number of tokens' end) end) as reject_reason,
  list_filter([
    case when is_cached then 'answered from Helicone''s own cache: no call, left out' end,
    case when is_no_call then 'about a batch or a count of tokens, no call of a model: left out' end,
    case when not is_cached and told_status = 'ok' and not is_told_by_body and present(r.prompt_cache_read_tokens) is null
        and present(r.prompt_cache_write_tokens) is null
      then 'no cache counts in this export: what was read from or written to the cache is missing' end,
    case when cache_write > 0 and not is_told_by_body
      then 'cache writes without their lifetime: taken as 5-minute ones' end,
    case when is_ambiguous then 'prompt_tokens may hold the cache tokens or not: the lower reading is taken' end],
    lambda x: x is not null) as remarks,
  present(r.request_id) as request_id,
  instant_us(r.request_created_at) as started_us,
  coalesce(span_s(present(r.delay_ms)) / 1000, span_s(present(r.latency)) / 1000,
    span_s((instant_us(r.response_created_at) - instant_us(r.request_created_at))::varchar) / 1000000) as duration_s,
  case when first_token_s > 0 then first_token_s end as first_token_s,
  provider,
  bill.model as raw_model,
  present(answer.u.service_tier) as service_tier,
  present(answer.u.speed) as speed,
  case when answer.u.inference_geo not in ('', 'not_available') then answer.u.inference_geo end as inference_geo,
  case when url is not null then false end as is_batch,
  coalesce(try_cast(asked ->> '$.stream' as boolean),
    case when first_token_s > 0 or answer.is_stream then true
      when json_type(asked -> '$.messages') = 'ARRAY' then false end) as is_streamed,
  told_status as status,
  bill.b.uncached as uncached_input_tokens,
  bill.b.write_5m as cache_write_5m_tokens,
  bill.b.write_1h as cache_write_1h_tokens,
  bill.b.read as cache_read_tokens,
  bill.b.output as output_tokens,
  case when bill.part_no = 0 then thinking(answer.u.output_tokens_details.thinking_tokens, bill.b.output) end as thinking_tokens,
  case when bill.part_no = 0 and is_told_by_body then token_count(answer.u.server_tool_use.web_search_requests) else 0 end
    as web_searches,
  salted(coalesce(present(r.request_user_id), present(r.user_id))) as user_hash,
  tags['Helicone-Session-Id'] as session_id,
  joined_tags([
    map_from_entries(list_filter(map_entries(tags), lambda e: e.key <> 'Helicone-Session-Id')),
    case when tags['Helicone-Session-Path'] is not null then map {'step': tags['Helicone-Session-Path']} end,
    case when present(r.prompt_id) is not null then map {'prompt_id': r.prompt_id} end,
    case when is_ambiguous then map {'input_convention': 'ambiguous'} end]) as tags,
  shape.prefix_hash as prefix_hash,
  shape.prefix_chars as prefix_chars,
  shape.prompt_hash as prompt_hash,
  shape.boundary_hashes as boundary_hashes,
  shape.boundary_chars as boundary_chars,
  shape.media_hashes as media_hashes,
  shape.media_bytes as media_bytes,
  shape.prompt_chars as prompt_chars,
  shape.message_count as message_count,
  try_cast(asked ->> '$.max_tokens' as bigint) as max_output_tokens,
  case when shape is not null then coalesce(json_array_length(q.tools::json), 0) > 0 end as has_tools,
  case when bill.part_no = 0 and present(r.organization_id) is null
    then try_cast(coalesce(present(r.costUSD), present(r.cost)) as decimal(38, 12)) end
    as reported_cost_usd,
  response_id as _response_id,
  all_tokens(bill.b) as _tokens
from billed_calls

-- name: whole_file
-- Takes: projected. Returns: the same; a copy of a call without its body gets the key of the copy that has it.
with known as (
  select _response_id as response_id, min(duplicate_key) as message_key
  from projected where _response_id is not null and part_no = 0 and starts_with(duplicate_key, 'message:')
  group by _response_id
)
select p.* replace (
    coalesce(case when starts_with(p.duplicate_key, 'helicone:') then k.message_key end, p.duplicate_key) as duplicate_key,
    case when starts_with(p.duplicate_key, 'helicone:') and k.message_key is not null
      then p._tokens else p.duplicate_rank end as duplicate_rank)
from projected p
left join known k on k.response_id = p._response_id
