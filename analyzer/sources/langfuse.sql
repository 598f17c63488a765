/*---
title = "Langfuse"
url = "https://langfuse.com/docs/api-and-data-platform/features/export-to-blob-storage"
checked = 2026-11-21
grain = "one observation of type GENERATION a call, among spans, events and traces"
recognise = [
  ["trace", "observations"], ["observations[].traceId", "id"],
  ["traceId", "usageDetails"], ["trace_id", "usage_details"],
  ["traceId", "startTime", "usage"], ["traceId", "startTime", "inputUsage"], ["traceId", "startTime", "promptTokens"],
  ["data[].traceId", "data[].startTime"],
  ["id", "timestamp", "user_id", "session_id", "bookmarked"], ["id", "timestamp", "userId", "sessionId", "bookmarked"],
  ["id", "timestamp", "project_id", "session_id", "release"],
]
recognise_not = []
signals = ["start", "duration", "first token", "session", "user", "tags", "trace and parent", "prompt shape (with input)"]
cannot_tell = ["whether an answer without a first token was streamed", "the provider, unless the model's name tells it", "batch and service tier"]
duplicate = "id of the observation; a generation inside a generation with the same tokens is the same call"
winner = "the copy with more tokens, then the one with cache counts, then the inner one"
traps = [
  "usage buckets do not overlap by Langfuse's convention, but callers may send any: where the total shows that input holds the cache tokens or may hold them, that is said. In doubt the observation is tagged input_convention = ambiguous and read as holding them, the lower cost; the other reading has uncached input + cache reads + cache writes in the place of uncached input",
  "output leaves reasoning out: it is added back, unless the total shows that it is inside",
  "input_cache_creation is what remains beside input_cache_creation_5m and _1h",
  "`total` and costs are never added to the buckets",
  "spans, agents and traces repeat the usage of the generations below them: left out",
  "some instrumentations drop the cache counts: such calls are flagged",
  "user, session and tags stand on the trace in older exports: give the traces together with the observations",
]
how_to_export = "In the project settings, under Integrations, Blob Storage, schedule an export of enriched observations as JSON lines and hand over the folder. On older projects export traces and observations, and hand over both."

[shape]
is_trace = "VARCHAR"
lacks_trace = "VARCHAR"
id = "VARCHAR"
trace_id = "VARCHAR"
parent_observation_id = "VARCHAR"
type = "VARCHAR"
name = "VARCHAR"
timestamp = "VARCHAR"
start_time = "VARCHAR"
end_time = "VARCHAR"
level = "VARCHAR"
completion_start_time = "VARCHAR"
latency = "VARCHAR"
time_to_first_token = "VARCHAR"
provided_model_name = "VARCHAR"
model = "VARCHAR"
model_parameters = "VARCHAR"
usage_details = "VARCHAR"
usage = "VARCHAR"
input_usage = "VARCHAR"
output_usage = "VARCHAR"
total_usage = "VARCHAR"
prompt_tokens = "VARCHAR"
completion_tokens = "VARCHAR"
total_tokens = "VARCHAR"
total_cost = "VARCHAR"
calculated_total_cost = "VARCHAR"
input = "VARCHAR"
tool_definitions = "VARCHAR"
trace_name = "VARCHAR"
user_id = "VARCHAR"
session_id = "VARCHAR"
tags = "VARCHAR"
environment = "VARCHAR"
release = "VARCHAR"
metadata = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns; names with a leading underscore are for whole_file.
with told as (
  select record_no, text, r,
    langfuse_names(coalesce(
      nullif(tag_map(r.usage_details), map {}::map(varchar, varchar)), nullif(tag_map(r.usage), map {}::map(varchar, varchar)),
      map {'input': coalesce(r.input_usage, r.prompt_tokens), 'output': coalesce(r.output_usage, r.completion_tokens),
        'total': coalesce(r.total_usage, r.total_tokens)})) as n
  from record
),
counted as (select *, langfuse_counts(n) as c from told),
opened as (
  select record_no, text, r, with_reasoning(c) as t,
    coalesce(r.is_trace, '') = 'true' as is_trace,
    upper(coalesce(present(r.type), 'GENERATION')) as type,
    coalesce(present(r.provided_model_name), present(r.model)) as model,
    parsed_json(r.input) as asked,
    parsed_json(r.tool_definitions) as tools,
    parsed_json(r.model_parameters) as parameters
  from counted
),
rows as (
  select *, coalesce(chat_texts(asked -> '$.tools', asked -> '$.system', asked -> '$.messages'),
    chat_texts(tools, null::json, asked)) as q
  from opened
),
read as materialized (
  select *,
    is_trace or not t.is_there or (type <> 'GENERATION' and model is null) as is_context,
    langfuse_convention(t) as convention,
    prompt_shape(q.tools, q.system, q.messages) as shape,
    coalesce((instant_us(r.completion_start_time) - instant_us(r.start_time)) / 1000000, span_s(r.time_to_first_token))
      as first_token_s
  from rows
)
select
  record_no, is_context,
  coalesce('langfuse:' || present(r.id), keyless(text)) as duplicate_key,
  4 * (t.input + t.cache_read + t.write_5m + t.write_1h + t.output) + case when t.tells_cache then 2 else 0 end as duplicate_rank,
  case when not is_context then coalesce(instant_problem('start_time', r.start_time), t.problem) end as reject_reason,
  list_filter([
    case when not is_trace and type = 'GENERATION' and not t.is_there
      then 'a generation without usage: its tokens are not known' end,
    case when not is_trace and type <> 'GENERATION' and is_context and t.is_there
      then 'usage on an observation that is no generation: left out' end,
    case when not is_context and convention = 'ambiguous'
      then 'input may hold the cache tokens or not: read as holding them, the lower cost' end,
    case when not is_context and convention in ('holds writes', 'holds reads')
      then 'input holds cache tokens, as the total shows: taken out of it' end,
    case when not is_context and convention = 'unclear'
      then 'the total is not the sum of the parts: the parts are taken' end,
    case when not is_context and t.input = 0 and t.cache_read + t.write_5m + t.write_1h > 0
      then 'no input beside cached tokens: uncached input may have been lost on the way' end,
    case when not is_context and not t.tells_cache and not coalesce(contains(lower(model), 'gpt'), false)
      then 'no cache counts: what was read from or written to the cache may be missing' end], lambda x: x is not null) as remarks,
  present(r.id) as request_id,
  instant_us(r.start_time) as started_us,
  coalesce(span_s(((instant_us(r.end_time) - instant_us(r.start_time)) / 1000000)::varchar), span_s(r.latency)) as duration_s,
  case when first_token_s >= 0 then first_token_s end as first_token_s,
  provider_named(null, model) as provider,
  model as raw_model,
  coalesce(try_cast(parameters ->> '$.stream' as boolean), case when first_token_s >= 0 then true end) as is_streamed,
  case when upper(r.level) = 'ERROR' then 'error' else 'ok' end as status,
  t.input - case convention when 'ambiguous' then t.cache_read + t.write_5m + t.write_1h
    when 'holds writes' then t.write_5m + t.write_1h when 'holds reads' then t.cache_read else 0 end as uncached_input_tokens,
  t.write_5m as cache_write_5m_tokens,
  t.write_1h as cache_write_1h_tokens,
  t.cache_read as cache_read_tokens,
  t.output as output_tokens,
  thinking(t.reasoning::varchar, t.output) as thinking_tokens,
  case when is_trace then present(r.name) else present(r.trace_name) end as application,
  salted(present(r.user_id)) as user_hash,
  present(r.session_id) as session_id,
  coalesce(present(r.trace_id), case when is_trace then present(r.id) end) as trace_id,
  present(r.parent_observation_id) as parent_id,
  joined_tags([
    work_labels(r.metadata),
    case when not is_trace and present(r.name) is not null then map {'step': r.name} end,
    case when present(r.environment) not in ('default') then map {'environment': r.environment} end,
    case when not is_context and convention = 'ambiguous' then map {'input_convention': 'ambiguous'} end,
    listed_tags(r.tags)]) as tags,
  shape.prefix_hash as prefix_hash,
  shape.prefix_chars as prefix_chars,
  shape.prompt_hash as prompt_hash,
  shape.boundary_hashes as boundary_hashes,
  shape.boundary_chars as boundary_chars,
  shape.media_hashes as media_hashes,
  shape.media_bytes as media_bytes,
  shape.prompt_chars as prompt_chars,
  shape.message_count as message_count,
  try_cast(coalesce(parameters ->> '$.max_tokens', asked ->> '$.max_tokens') as bigint) as max_output_tokens,
  case when shape is not null then coalesce(json_array_length(q.tools::json), 0) > 0 end
    as has_tools,
  try_cast(coalesce(present(r.total_cost), present(r.calculated_total_cost)) as decimal(38, 12)) as reported_cost_usd,
  is_trace as _is_trace,
  coalesce(r.lacks_trace, '') = 'true' as _lacks_trace,
  case when not is_trace then r.trace_id || ':' || r.id end as _node,
  r.trace_id || ':' || r.parent_observation_id as _parent,
  not is_context as _is_call,
  type <> 'GENERATION' as _is_above,
  false as _is_loose
from read

-- name: whole_file
-- Takes: projected. Returns: the same; who and what from the trace; a call that stands around the same call gets its key.
with traces as (
  select trace_id, min(application) as application, min(user_hash) as user_hash, min(session_id) as session_id,
    any_value(tags) as tags
  from projected where _is_trace and trace_id is not null group by trace_id
),
inside as materialized (select * from calls_inside('projected')),
calls as (
  select _node as node, min(duplicate_key) as call_key, max(output_tokens) as output,
    max(uncached_input_tokens) as uncached,
    max(uncached_input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens) as input,
    bool_or(_is_loose) as is_loose, bool_or(_is_above) as is_above
  from projected where _is_call and reject_reason is null and _node is not null group by _node
),
nested as (
  select o.node, i.call_key, n.steps, i.output as inner_output, o.output as outer_output, o.is_above, same_call(i, o) as is_same
  from inside n join calls i on i.node = n."inner" join calls o on o.node = n."outer"
),
around as (
  select node, arg_max(call_key, steps) filter (where is_same) as call_key,
    (sum(inner_output) = any_value(outer_output) and count(*) > 1) or any_value(is_above) as is_repeat
  from nested group by node
)
select p.* replace (
    coalesce(case when p._is_call then a.call_key end, p.duplicate_key) as duplicate_key,
    p.duplicate_rank - case when p._is_call and a.call_key is not null then 1 else 0 end as duplicate_rank,
    p.is_context or coalesce(p._is_call and a.call_key is null and a.is_repeat, false) as is_context,
    coalesce(p.application, t.application) as application,
    coalesce(p.user_hash, t.user_hash) as user_hash,
    coalesce(p.session_id, t.session_id) as session_id,
    joined_tags([t.tags, p.tags]) as tags,
    case
      when p._is_call and a.node is not null and a.call_key is null and a.is_repeat
        then ['an observation that repeats the usage of the generations inside it: left out']
      when p._is_call and a.node is not null and a.call_key is null
        then list_append(p.remarks, 'a generation around others with other tokens: all are counted')
      when p._is_call and p._lacks_trace and t.trace_id is null
        then list_append(p.remarks, 'without its trace: no user, session and tags (give the traces too)')
      else p.remarks end as remarks)
from projected p
left join around a on a.node = p._node
left join traces t on t.trace_id = p.trace_id and not p._is_trace
