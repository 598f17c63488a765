-- What both LiteLLM shapes share. Each maps its own fields to one struct `c`; litellm_calls makes canonical rows of it.

-- name: litellm_json
-- Takes: a JSON text, perhaps written as a string inside JSON once more. Returns: the inner text.
create or replace temp macro litellm_json(x) as
  case when left(ltrim(x), 1) = '"' then coalesce(try(json_extract_string(x::json, '$')), x) else x end;

-- name: litellm_metadata
-- Takes: the metadata as JSON text. Returns: a struct of texts.
create or replace temp macro litellm_metadata(x) as json_transform(try(litellm_json(x)::json), '{
  "user_api_key_alias": "VARCHAR", "user_api_key_team_alias": "VARCHAR", "user_agent": "VARCHAR",
  "user_api_key_end_user_id": "VARCHAR", "spend_logs_metadata": "VARCHAR", "internal_call_origin": "VARCHAR",
  "batch_models": ["VARCHAR"], "batch_successful_requests": "VARCHAR", "litellm_call_id": "VARCHAR",
  "usage_object": "VARCHAR", "additional_usage_values": "VARCHAR"}');

-- name: litellm_counts
-- Takes: JSON text of a usage object. Returns: a struct of texts.
create or replace temp macro litellm_counts(x) as json_transform(try(litellm_json(x)::json), '{
  "cache_read_input_tokens": "VARCHAR", "cache_creation_input_tokens": "VARCHAR",
  "cache_creation": {"ephemeral_5m_input_tokens": "VARCHAR", "ephemeral_1h_input_tokens": "VARCHAR"},
  "prompt_tokens_details": {"cached_tokens": "VARCHAR", "cache_creation_tokens": "VARCHAR", "text_tokens": "VARCHAR",
    "cache_creation_token_details": {"ephemeral_5m_input_tokens": "VARCHAR", "ephemeral_1h_input_tokens": "VARCHAR"}},
  "completion_tokens_details": {"reasoning_tokens": "VARCHAR"},
  "server_tool_use": {"web_search_requests": "VARCHAR"},
  "service_tier": "VARCHAR", "inference_geo": "VARCHAR", "speed": "VARCHAR",
  "iterations": [{"model": "VARCHAR", "input_tokens": "VARCHAR", "output_tokens": "VARCHAR",
    "cache_creation_input_tokens": "VARCHAR", "cache_read_input_tokens": "VARCHAR",
    "cache_creation": {"ephemeral_5m_input_tokens": "VARCHAR", "ephemeral_1h_input_tokens": "VARCHAR"}}]}');

-- name: litellm_counts_problem
-- Takes: where the counts stand, litellm_counts. Returns: the first that is no count of tokens, or NULL.
create or replace temp macro litellm_counts_problem(place, x) as coalesce(
  token_problem(place || '.cache_read_input_tokens', x.cache_read_input_tokens),
  token_problem(place || '.cache_creation_input_tokens', x.cache_creation_input_tokens),
  token_problem(place || '.prompt_tokens_details.cached_tokens', x.prompt_tokens_details.cached_tokens),
  token_problem(place || '.prompt_tokens_details.cache_creation_tokens', x.prompt_tokens_details.cache_creation_tokens));

-- name: litellm_usage
-- Takes: litellm_counts of the two places they stand in (a 0 may be a place left empty). Returns: a struct; counts are
-- bigint, `written` is all writes, `plain` what the log calls uncached (NULL = not told).
create or replace temp macro litellm_written(x) as greatest(
  token_count(x.cache_creation_input_tokens), token_count(x.prompt_tokens_details.cache_creation_tokens),
  token_count(x.cache_creation.ephemeral_5m_input_tokens) + token_count(x.cache_creation.ephemeral_1h_input_tokens),
  token_count(x.prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens)
    + token_count(x.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens));
create or replace temp macro litellm_written_1h(x) as greatest(
  token_count(x.cache_creation.ephemeral_1h_input_tokens),
  token_count(x.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens));
create or replace temp macro litellm_usage(a, b) as struct_pack(
  cached := greatest(
    token_count(a.cache_read_input_tokens), token_count(a.prompt_tokens_details.cached_tokens),
    token_count(b.cache_read_input_tokens), token_count(b.prompt_tokens_details.cached_tokens)),
  written := greatest(litellm_written(a), litellm_written(b)),
  written_1h := greatest(litellm_written_1h(a), litellm_written_1h(b)),
  plain := case when coalesce(present(a.prompt_tokens_details.text_tokens), present(b.prompt_tokens_details.text_tokens)) is not null
    then token_count(coalesce(present(a.prompt_tokens_details.text_tokens), present(b.prompt_tokens_details.text_tokens))) end,
  thinking := coalesce(present(a.completion_tokens_details.reasoning_tokens),
    present(b.completion_tokens_details.reasoning_tokens)),
  web_searches := greatest(token_count(a.server_tool_use.web_search_requests), token_count(b.server_tool_use.web_search_requests)),
  service_tier := coalesce(present(a.service_tier), present(b.service_tier)),
  speed := coalesce(present(a.speed), present(b.speed)),
  inference_geo := nullif(coalesce(present(a.inference_geo), present(b.inference_geo)), 'not_available'),
  iterations := case when len(a.iterations) > 0 then a.iterations else b.iterations end);

-- name: litellm_elsewhere
-- Takes: litellm_usage, the model of the call. Returns: a list of {model, b: buckets} for iterations on other models.
create or replace temp macro litellm_elsewhere(u, model) as list_transform(
  list_filter(other_models(u, model), lambda m: not contains(coalesce(model, ''), m)),
  lambda m: struct_pack(model := m, b := buckets(list_filter(u.iterations, lambda i: i.model = m))));

-- name: litellm_own
-- Takes: prompt and completion tokens, litellm_usage. Returns: buckets of the whole call.
-- prompt_tokens holds cache reads and writes, and all iterations; some versions left the cache out.
create or replace temp macro litellm_leaves_out_cache(prompt, u) as
  u.cached + u.written > 0 and (u.cached + u.written > prompt or coalesce(u.plain = prompt, false));
create or replace temp macro litellm_own(prompt, completion, u) as struct_pack(
  uncached := prompt - case when litellm_leaves_out_cache(prompt, u) then 0 else u.cached + u.written end,
  write_5m := greatest(u.written - u.written_1h, 0), write_1h := u.written_1h, read := u.cached, output := completion);

-- name: litellm_rest
-- Takes: litellm_own, litellm_elsewhere. Returns: buckets of what ran on the call's own model; negative = no sum of them.
create or replace temp macro litellm_rest(own, elsewhere) as
  list_reduce(list_transform(elsewhere, lambda e: e.b), lambda x, e: struct_pack(
    uncached := x.uncached - e.uncached, write_5m := x.write_5m - e.write_5m, write_1h := x.write_1h - e.write_1h,
    read := x.read - e.read, output := x.output - e.output), own);

-- name: litellm_parts
-- Takes: the model, litellm_own, litellm_elsewhere, litellm_rest. Returns: a list of {model, b}, the own model first;
-- that one alone where the iterations do not add up with the totals.
create or replace temp macro litellm_parts(model, own, elsewhere, rest) as
  case when len(elsewhere) > 0 and least(rest.uncached, rest.write_5m, rest.write_1h, rest.read, rest.output) >= 0
    then list_concat([struct_pack(model := model, b := rest)], elsewhere)
  else [struct_pack(model := model, b := own)] end;

-- name: litellm_is_cache_hit
-- Takes: cache_hit as text, the id. Returns: LiteLLM answered from its own cache.
create or replace temp macro litellm_is_cache_hit(cache_hit, id) as
  lower(coalesce(cache_hit, '')) = 'true' or regexp_matches(coalesce(id, ''), '_cache_hit\d');

-- name: litellm_is_management
-- Takes: call_type, the texts of prompt and completion tokens. Returns: a call about files, batches, stored answers or
-- tools, which reaches no model.
create or replace temp macro litellm_is_management(call_type, prompt, completion) as
  token_count(prompt) + token_count(completion) = 0
  and regexp_matches(coalesce(call_type, ''), 'batch|file|vector_store|mcp|input_items|(get|delete|cancel)_responses');

-- name: litellm_is_whole_batch
-- Takes: call_type, the id. Returns: one record for all requests of a batch.
create or replace temp macro litellm_is_whole_batch(call_type, id) as
  coalesce(call_type, '') in ('aretrieve_batch', 'retrieve_batch') or coalesce(id, '') like '%\_batch\_cost' escape '\';

-- name: litellm_span_s
-- Takes: two instants (us). Returns: seconds between, NULL when the second is before the first.
create or replace temp macro litellm_span_s(a, b) as case when b >= a then (b - a) / 1000000 end;

-- name: litellm_tags
-- Takes: litellm_metadata and the list of tags as JSON text. Returns: one map, NULL when empty.
create or replace temp macro litellm_map(x) as coalesce(x, map {}::map(varchar, varchar));
create or replace temp macro litellm_tags(m, listed) as
  nullif(map_concat(litellm_map(tag_map(litellm_json(m.spend_logs_metadata))), litellm_map(tag_list(litellm_json(listed))),
    map_from_entries(list_filter([
      struct_pack(k := 'internal_call_origin', v := present(m.internal_call_origin)),
      struct_pack(k := 'batch_requests', v := present(m.batch_successful_requests))], lambda e: e.v is not null))),
    map {}::map(varchar, varchar));

-- name: litellm_row
-- Takes: c (id, call_type, status, started, ended, first, prompt, completion, model, provider, cache_hit, m, u, shape,
-- tools, max_tokens, tags, cost; instants and counts as text; is_whole_batch, is_torn_apart, problem), a part, its
-- number. Returns: what the shapes share.
create or replace temp macro litellm_row(c, text, part, part_no) as struct_pack(
  part_no := part_no,
  is_context := litellm_is_cache_hit(c.cache_hit, c.id) or litellm_is_management(c.call_type, c.prompt, c.completion),
  duplicate_key := case when present(c.id) is null then keyless(text) else message_key('litellm', c.id) end
    || case when part_no = 0 then '' else ':' || part.model end,
  duplicate_rank := 2 * (token_count(c.prompt) + token_count(c.completion)) + case when c.u.written_1h > 0 then 1 else 0 end,
  reject_reason := coalesce(
    instant_problem('startTime', c.started),
    token_problem('prompt_tokens', c.prompt),
    token_problem('completion_tokens', c.completion),
    case when c.status not like 'fail%' and present(c.prompt) is null
      then 'prompt_tokens: missing, expected a whole number of tokens' end,
    c.problem),
  remarks := list_filter([
    case when litellm_is_cache_hit(c.cache_hit, c.id) then 'answered from LiteLLM''s own cache: no call, left out'
      when litellm_is_management(c.call_type, c.prompt, c.completion) then 'reaches no model (files, batches, stored answers): left out'
      when litellm_leaves_out_cache(token_count(c.prompt), c.u) then 'prompt_tokens leaves the cache out: taken as uncached input' end,
    case when c.is_whole_batch then 'one row for a whole batch' end,
    case when len(c.m.batch_models) > 1 then 'a whole batch on several models: its model is not known' end,
    case when present(c.m.internal_call_origin) is not null then 'LiteLLM''s own extra call (tag internal_call_origin)' end,
    case when c.is_torn_apart
      then 'iterations on another model that do not add up: counted on the model of the call' end], lambda x: x is not null),
  request_id := present(c.id),
  started_us := instant_us(c.started),
  duration_s := litellm_span_s(instant_us(c.started), instant_us(c.ended)),
  first_token_s := case when instant_us(c.first) < instant_us(c.ended)
    then litellm_span_s(instant_us(c.started), instant_us(c.first)) end,
  provider := provider_name(present(c.provider)),
  raw_model := part.model,
  service_tier := c.u.service_tier,
  speed := c.u.speed,
  inference_geo := c.u.inference_geo,
  is_batch := c.is_whole_batch or coalesce(c.u.service_tier, '') = 'batch',
  status := case when c.status like 'fail%' then 'error' when c.status = 'success' then 'ok' else 'unknown' end,
  uncached_input_tokens := part.b.uncached,
  cache_write_5m_tokens := part.b.write_5m,
  cache_write_1h_tokens := part.b.write_1h,
  cache_read_tokens := part.b.read,
  output_tokens := part.b.output,
  thinking_tokens := case when part_no = 0 then thinking(c.u.thinking, part.b.output) end,
  web_searches := case when part_no = 0 then c.u.web_searches else 0 end,
  api_key := present(c.m.user_api_key_alias),
  user_agent := present(c.m.user_agent),
  tags := litellm_tags(c.m, c.tags),
  prefix_hash := c.shape.prefix_hash,
  prefix_chars := c.shape.prefix_chars,
  prompt_hash := c.shape.prompt_hash,
  boundary_hashes := c.shape.boundary_hashes,
  boundary_chars := c.shape.boundary_chars,
  media_hashes := c.shape.media_hashes,
  media_bytes := c.shape.media_bytes,
  prompt_chars := c.shape.prompt_chars,
  message_count := c.shape.message_count,
  max_output_tokens := try_cast(c.max_tokens as bigint),
  has_tools := case when c.shape is not null then coalesce(json_array_length(c.tools), 0) > 0 end,
  reported_cost_usd := case when part_no = 0 then try_cast(c.cost as decimal(38, 12)) end);

-- name: litellm_model
-- Takes: litellm_metadata, the model columns. Returns: the model; of a whole batch the one it ran on, if it is one.
create or replace temp macro litellm_model(m, model, model_group) as
  case when len(m.batch_models) > 1 then null
    else coalesce(present(m.batch_models[1]), present(model), present(model_group)) end;
