-- What spans of the GenAI conventions, OpenLLMetry, OpenInference and Claude Code say, each under its own names.

-- name: otel_kind
-- Takes: the name and the attributes of a span. Returns: call, above (an agent, workflow, chain, or
-- a span that names no model), other (embeddings, tools).
create or replace temp macro otel_kind(name, a) as case
  when name = 'claude_code.llm_request' then 'call'
  when present(a['gen_ai.operation.name']) is not null then case
    when lower(a['gen_ai.operation.name']) in ('chat', 'text_completion', 'completion', 'generate_content') then 'call'
    when lower(a['gen_ai.operation.name']) in ('embeddings', 'retrieval', 'execute_tool') then 'other' else 'above' end
  when present(a['openinference.span.kind']) is not null then case upper(a['openinference.span.kind'])
    when 'LLM' then 'call' when 'EMBEDDING' then 'other' else 'above' end
  when present(a['llm.request.type']) is not null then case
    when lower(a['llm.request.type']) in ('chat', 'completion') then 'call' else 'other' end
  when present(a['traceloop.span.kind']) is not null then 'above'
  when first_present([a['gen_ai.request.model'], a['gen_ai.response.model'], a['llm.model_name']]) is not null then 'call'
  else 'above' end;

-- name: otel_names
-- Takes: the attributes of a span. Returns: a struct of lists: one count under all its names.
create or replace temp macro otel_names(a) as struct_pack(
  input := [a['gen_ai.usage.input_tokens'], a['gen_ai.usage.prompt_tokens'], a['llm.token_count.prompt'],
    a['llm.usage.prompt_tokens'], a['input_tokens']],
  output := [a['gen_ai.usage.output_tokens'], a['gen_ai.usage.completion_tokens'], a['llm.token_count.completion'],
    a['llm.usage.completion_tokens'], a['output_tokens']],
  cache_read := [a['gen_ai.usage.cache_read.input_tokens'], a['gen_ai.usage.cache_read_input_tokens'],
    a['gen_ai.usage.details.cache_read_input_tokens'], a['gen_ai.usage.details.cache_read_tokens'],
    a['llm.token_count.prompt_details.cache_read'], a['cache_read_input_tokens'], a['cache_read_tokens']],
  cache_write := [a['gen_ai.usage.cache_creation.input_tokens'], a['gen_ai.usage.cache_creation_input_tokens'],
    a['gen_ai.usage.details.cache_creation_input_tokens'], a['gen_ai.usage.details.cache_write_tokens'],
    a['llm.token_count.prompt_details.cache_write'], a['cache_creation_input_tokens'], a['cache_creation_tokens']],
  total := [a['gen_ai.usage.total_tokens'], a['llm.usage.total_tokens'], a['llm.token_count.total']]);

-- name: otel_counts
-- Takes: the attributes of a span, otel_names. Returns: a struct of counts; own_input: input without cache, where it is told apart;
-- total: NULL when not told; problem: why a count is none, or NULL; is_there,
-- tells_cache: does the span tell usage, cache counts at all.
create or replace temp macro otel_counts(a, n) as struct_pack(
  input := token_count(first_present(n.input))::bigint,
  output := token_count(first_present(n.output))::bigint,
  cache_read := most_tokens(n.cache_read),
  cache_write := most_tokens(n.cache_write),
  own_input := try_cast(a['gen_ai.usage.details.input_tokens'] as bigint),
  total := try_cast(first_present(n.total) as bigint),
  is_there := coalesce(first_present(n.input), first_present(n.output)) is not null,
  tells_cache := coalesce(first_present(n.cache_read), first_present(n.cache_write)) is not null,
  problem := coalesce(
    counts_problem('input tokens', n.input), counts_problem('output tokens', n.output),
    counts_problem('cache read tokens', n.cache_read), counts_problem('cache creation tokens', n.cache_write),
    case when first_present(n.input) is null then 'input tokens: missing, expected a whole number of tokens' end,
    case when first_present(n.output) is null then 'output tokens: missing, expected a whole number of tokens' end));

-- name: otel_convention
-- Takes: otel_kind, the scope's name, otel_counts. Returns: does input hold the cache tokens: inclusive, exclusive,
-- ambiguous; none = there are no cache tokens. First what the counts prove, then the scope, then the arithmetic.
create or replace temp macro otel_convention(name, scope, t) as case
  when name = 'claude_code.llm_request' then 'exclusive'
  when t.cache_read + t.cache_write = 0 then 'none'
  when t.cache_read + t.cache_write > t.input then 'exclusive'
  when scope = '@arizeai/openinference-instrumentation-anthropic' then 'exclusive'
  when starts_with(scope, 'opentelemetry.instrumentation.anthropic') then 'inclusive'
  when starts_with(scope, 'openinference.instrumentation.anthropic') then 'inclusive'
  when t.own_input + t.cache_read + t.cache_write = t.input then 'inclusive'
  when t.own_input = t.input then 'exclusive'
  when t.total = t.input + t.cache_read + t.cache_write + t.output then 'exclusive'
  else 'ambiguous' end;

-- name: otel_tags
-- Takes: the attributes of a span, or of its resource. Returns: a map, NULL where there is nothing.
create or replace temp macro otel_step(a) as
  case when first_present([a['traceloop.entity.path'], a['gen_ai.agent.name'], a['query_source']]) is not null
    then map {'step': first_present([a['traceloop.entity.path'], a['gen_ai.agent.name'], a['query_source']])} end;
create or replace temp macro otel_association(a) as
  map_from_entries(list_transform(list_filter(map_entries(a), lambda e:
    starts_with(e.key, 'traceloop.association.properties.') and length(e.value) <= 64 and e.value <> ''
    and not regexp_matches(e.key, '\.(user_id|session_id)$')),
    lambda e: struct_pack(k := e.key[34:], v := e.value)));
create or replace temp macro otel_environment(resource) as
  case when coalesce(resource['deployment.environment.name'], resource['deployment.environment']) is not null
    then map {'environment': coalesce(resource['deployment.environment.name'], resource['deployment.environment'])} end;

-- name: same_call
-- Takes: two calls, one around the other: output, input with and without its cache tokens, is_loose (a stream whose
-- counts are off). Returns: are they one call seen twice? Either may hold the cache tokens or not.
create or replace temp macro same_call(i, o) as
  o.output > 0 and case when i.is_loose or o.is_loose then abs(i.output - o.output) <= 8
    else i.output = o.output and (o.input in (i.input, i.uncached) or o.uncached in (i.input, i.uncached)) end;
