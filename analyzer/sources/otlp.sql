/*---
title = "OpenTelemetry traces (OTLP/JSON: GenAI conventions, OpenLLMetry, OpenInference)"
url = "https://github.com/open-telemetry/semantic-conventions-genai"
checked = 2026-11-21
grain = "one span a call, among spans of everything else"
recognise = [
  ["resourceSpans"], ["resource_spans"], ["spanId", "startTimeUnixNano", "attributes[].key"],
  ["attributes.gen_ai.usage.input_tokens"], ["attributes.gen_ai.usage.output_tokens"],
  ["attributes.gen_ai.usage.prompt_tokens"], ["attributes.gen_ai.usage.completion_tokens"],
  ["attributes.llm.token_count.prompt"], ["attributes.llm.token_count.completion"],
  ["gen_ai.usage.input_tokens"], ["gen_ai.usage.prompt_tokens"], ["llm.token_count.prompt"],
  ["SpanAttributes.gen_ai.usage.input_tokens"], ["SpanAttributes.gen_ai.usage.prompt_tokens"],
  ["SpanAttributes.llm.token_count.prompt"],
]
recognise_not = []
signals = ["start", "duration", "first token", "streamed", "session", "user", "trace and parent", "workflow and step", "prompt shape (with content capture)"]
cannot_tell = ["the lifetime of cache writes", "batch and service tier", "how many calls sampling left out"]
duplicate = "gen_ai.response.id (two instrumentations of one call give two spans), else trace and span id"
winner = "the one that carries the answer's own usage, then a known convention, then an ambiguous one, then a stream of OpenLLMetry"
traps = [
  "input tokens include cache reads and writes by the standard, in OpenLLMetry and in OpenInference for Python; OpenInference for JS leaves both out under the same name",
  "the convention is decided by the cache counts (more than the input: not included), then the scope, then the arithmetic of the total. Else the span is tagged input_convention = ambiguous and read as inclusive: that is the lower cost, so no spend and no saving is inflated. The other reading has uncached input + cache reads + cache writes in the place of uncached input",
  "spans of agents, workflows and chains repeat the usage of the calls below them: left out",
  "a call inside a call with the same tokens is the same call",
  "OpenLLMetry reports the input of the stream's start and a few output tokens too many for streamed answers: flagged",
  "over 128 attributes the oldest are dropped, so a long conversation may lose its usage: such calls are told, not guessed",
  "old and new names of one count may stand on the same span: never added",
  "a file that also holds logs of Claude Code is read twice: --format otlp, then --format claude_code_otel",
]
how_to_export = "Let the OpenTelemetry Collector write a file: exporters: file: path: traces.json, in the pipeline of the traces, before any sampling. Content capture is not needed."

[shape]
other_signal = "VARCHAR"
trace_id = "VARCHAR"
span_id = "VARCHAR"
parent_id = "VARCHAR"
name = "VARCHAR"
start = "VARCHAR"
end = "VARCHAR"
duration_ns = "VARCHAR"
status = "VARCHAR"
dropped = "VARCHAR"
scope = "VARCHAR"
resource = "MAP(VARCHAR,VARCHAR)"
attributes = "MAP(VARCHAR,VARCHAR)"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns, one row a billed model of a call.
with named as (
  select record_no, text, r, r.attributes as a, otel_names(r.attributes) as n,
    answer_pieces(r.attributes['output.value']) as pieces
  from record
),
spans as (
  select record_no, text, r, a, otel_counts(a, n) as t,
    otel_kind(r.name, a) as kind,
    first_present([a['gen_ai.response.model'], a['gen_ai.request.model'], a['llm.model_name'], a['model']]) as named_model,
    answer_of(pieces) as answer,
    coalesce(r.scope, '') as scope,
    parsed_json(a['input.value']) as body,
    parsed_json(a['llm.invocation_parameters']) as parameters,
    chat_texts(parsed_json(a['gen_ai.tool.definitions']), parsed_json(a['gen_ai.system_instructions']),
      parsed_json(a['gen_ai.input.messages'])) as captured
  from named
),
chats as (
  select *, coalesce(captured, chat_texts(body -> '$.tools', body -> '$.system', body -> '$.messages')) as q from spans
),
read as materialized (
  select *,
    coalesce(answer.model, named_model) as model,
    coalesce(starts_with(answer.id, 'msg_') and answer.kind in ('message', 'stream') and usage_problem(answer.u) is null,
      false) as is_told_by_body,
    coalesce(present(answer.id), present(a['gen_ai.response.id'])) as response_id,
    coalesce(lower(coalesce(a['gen_ai.is_streaming'], a['llm.is_streaming'])) = 'true'
      and starts_with(scope, 'opentelemetry.instrumentation.anthropic'), false) as is_stream_of_openllmetry,
    otel_convention(r.name, scope, t) as convention,
    prompt_shape(q.tools, q.system, q.messages) as shape,
    coalesce(try_cast(first_present([a['gen_ai.request.stream'], a['gen_ai.is_streaming'], a['llm.is_streaming'],
      body ->> '$.stream', parameters ->> '$.stream']) as boolean), answer.is_stream or null) as is_streamed,
    coalesce(span_s(a['gen_ai.response.time_to_first_chunk']), span_s(a['gen_ai.server.time_to_first_token']),
      span_s(a['ttft_ms']) / 1000) as first_token_s
  from chats
),
counted as materialized (
  select *,
    kind <> 'call' or not (t.is_there or is_told_by_body) as is_context,
    unnest(case when is_told_by_body then bills(answer.u, model) else [struct_pack(
      model := model, part_no := 0::bigint, b := struct_pack(
        uncached := (t.input - case when convention in ('inclusive', 'ambiguous') then t.cache_read + t.cache_write else 0 end)::bigint,
        write_5m := t.cache_write, write_1h := 0::bigint, read := t.cache_read, output := t.output), suffix := '')] end) as bill
  from read
)
select
  record_no, bill.part_no as part_no, is_context,
  coalesce(message_key('otlp', response_id), 'anthropic_request:' || present(a['request_id']),
    'span:' || r.trace_id || ':' || r.span_id, keyless(text)) || bill.suffix as duplicate_key,
  all_tokens(bill.b) - 1000000000000 * case
    when is_told_by_body then 0
    when is_stream_of_openllmetry or scope = '@arizeai/openinference-instrumentation-anthropic' then 3
    when convention = 'ambiguous' then 2 else 1 end as duplicate_rank,
  case when not is_context then coalesce(
    instant_problem('start', r.start),
    case when not is_told_by_body then t.problem end) end as reject_reason,
  list_filter([
    case when r.other_signal is not null then 'logs or metrics, no trace: left out (claude_code_otel reads those of Claude Code)' end,
    case when kind = 'call' and is_context then case when token_count(r.dropped) > 0
      then 'a call whose usage was dropped with its oldest attributes: its tokens are not known'
      else 'a call without usage: its tokens are not known' end end,
    case when not is_context and convention = 'ambiguous' and not is_told_by_body
      then 'input may hold the cache tokens or not: read as holding them, the lower cost' end,
    case when not is_context and is_stream_of_openllmetry and not is_told_by_body
      then 'a stream through OpenLLMetry: input may be that of its start, output a few tokens too many' end,
    case when not is_context and not is_told_by_body and scope = '@arizeai/openinference-instrumentation-anthropic'
      then 'OpenInference for JS leaves cached tokens out: cost is too low where prompts are cached' end,
    case when not is_context and not is_told_by_body and not t.tells_cache and not regexp_matches(scope,
        '^open(telemetry|inference)\.instrumentation\.anthropic|^@arizeai/openinference-instrumentation-anthropic$')
      then 'no cache counts on the span: what was cached is inside its input or is missing' end,
    case when not is_context and bill.b.write_5m > 0 and not is_told_by_body
      then 'cache writes without their lifetime: taken as 5-minute ones' end], lambda x: x is not null) as remarks,
  coalesce(response_id, present(a['request_id']), r.span_id) as request_id,
  instant_us(r.start) as started_us,
  coalesce(span_s(((instant_us(r.end) - instant_us(r.start)) / 1000000)::varchar), span_s(r.duration_ns) / 1000000000) as duration_s,
  case when first_token_s > 0 then first_token_s end as first_token_s,
  provider_named(first_present([a['gen_ai.provider.name'], a['gen_ai.system'], a['llm.provider'], a['llm.system']]),
    model) as provider,
  bill.model as raw_model,
  present(answer.u.service_tier) as service_tier,
  coalesce(present(answer.u.speed), case when a['speed'] = 'normal' then 'standard' else present(a['speed']) end) as speed,
  case when answer.u.inference_geo not in ('', 'not_available') then answer.u.inference_geo end as inference_geo,
  coalesce(is_streamed, case when first_token_s > 0 then true end) as is_streamed,
  case when lower(r.status) in ('2', 'error', 'status_code_error') or starts_with(lower(r.status), 'statuscode.error')
    then 'error' else 'ok' end as status,
  bill.b.uncached as uncached_input_tokens,
  bill.b.write_5m as cache_write_5m_tokens,
  bill.b.write_1h as cache_write_1h_tokens,
  bill.b.read as cache_read_tokens,
  bill.b.output as output_tokens,
  case when bill.part_no = 0 then thinking(coalesce(present(answer.u.output_tokens_details.thinking_tokens),
    first_present([a['gen_ai.usage.reasoning.output_tokens'], a['llm.token_count.completion_details.reasoning']])),
    bill.b.output) end as thinking_tokens,
  case when bill.part_no = 0 and is_told_by_body then token_count(answer.u.server_tool_use.web_search_requests) else 0 end
    as web_searches,
  case when not starts_with(r.resource['service.name'], 'unknown_service') then present(r.resource['service.name']) end
    as application,
  salted(first_present([a['user.id'], a['enduser.id'], a['user.account_uuid'],
    a['traceloop.association.properties.user_id']])) as user_hash,
  first_present([a['gen_ai.conversation.id'], a['session.id'], a['traceloop.association.properties.session_id']]) as session_id,
  present(r.trace_id) as trace_id,
  present(r.parent_id) as parent_id,
  joined_tags([
    case when present(a['traceloop.workflow.name']) is not null then map {'workload': a['traceloop.workflow.name']} end,
    otel_step(a),
    listed_tags(a['tag.tags']), work_labels(a['metadata']), otel_association(a), otel_environment(r.resource),
    case when not is_told_by_body and convention = 'ambiguous' then map {'input_convention': 'ambiguous'} end]) as tags,
  shape.prefix_hash as prefix_hash,
  shape.prefix_chars as prefix_chars,
  shape.prompt_hash as prompt_hash,
  shape.boundary_hashes as boundary_hashes,
  shape.boundary_chars as boundary_chars,
  shape.media_hashes as media_hashes,
  shape.media_bytes as media_bytes,
  shape.prompt_chars as prompt_chars,
  shape.message_count as message_count,
  try_cast(first_present([a['gen_ai.request.max_tokens'], body ->> '$.max_tokens', parameters ->> '$.max_tokens']) as bigint)
    as max_output_tokens,
  case when shape is not null then coalesce(json_array_length(q.tools::json), 0) > 0 end as has_tools,
  try_cast(a['llm.cost.total'] as decimal(38, 12)) as reported_cost_usd,
  case when bill.part_no = 0 then r.trace_id || ':' || r.span_id end as _node,
  r.trace_id || ':' || r.parent_id as _parent,
  kind = 'call' and not is_context as _is_call,
  kind = 'above' and t.is_there as _repeats,
  is_stream_of_openllmetry as _is_loose
from counted

-- name: whole_file
-- Takes: projected. Returns: the same; a call that stands around the same call gets its key, and usage above calls is told.
with inside as materialized (select * from calls_inside('projected')),
calls as (
  select _node as node, min(duplicate_key) as call_key, max(output_tokens) as output,
    max(uncached_input_tokens) as uncached,
    max(uncached_input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens) as input,
    bool_or(_is_loose) as is_loose
  from projected where _is_call and reject_reason is null and part_no = 0 and _node is not null group by _node
),
nested as (
  select o.node, i.call_key, n.steps, i.output as inner_output, o.output as outer_output,
    same_call(i, o) as is_same
  from inside n join calls i on i.node = n."inner" join calls o on o.node = n."outer"
),
around as (
  select node, arg_max(call_key, steps) filter (where is_same) as call_key,
    sum(inner_output) = any_value(outer_output) and count(*) > 1 as is_sum
  from nested group by node
),
above as (select distinct "outer" as node from inside)
select p.* replace (
    coalesce(case when p.part_no = 0 and p._is_call then a.call_key end, p.duplicate_key) as duplicate_key,
    p.duplicate_rank - case when p._is_call and a.call_key is not null then 500000000000 else 0 end as duplicate_rank,
    p.is_context or coalesce(p._is_call and a.call_key is null and a.is_sum, false) as is_context,
    case
      when p._repeats and b.node is not null then ['an agent, workflow or chain repeats the usage of its calls: left out']
      when p._repeats then ['usage of an agent, workflow or chain without a call below it: left out, its tokens are not counted']
      when p._is_call and a.node is not null and a.call_key is null and a.is_sum
        then ['a call that repeats the sum of the calls inside it: left out']
      when p._is_call and a.node is not null and a.call_key is null
        then list_append(p.remarks, 'a call around other calls with other tokens: all are counted')
      else p.remarks end as remarks)
from projected p
left join around a on a.node = p._node
left join above b on b.node = p._node
