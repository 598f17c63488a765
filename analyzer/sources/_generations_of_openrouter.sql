-- What a row of OpenRouter's logs and a generation object share.

-- name: openrouter_row
-- Takes: c (id, created, model, upstream, prompt, completion and cached with the names of their fields, thinking, duration_ms,
-- finish_reason, streamed, cancelled, user, cost, known_by: 1 = counts of the provider, tags). Returns: a struct.
create or replace temp macro openrouter_row(c, text) as struct_pack(
  duplicate_key := coalesce(message_key('openrouter', present(c.id)), keyless(text)),
  duplicate_rank := c.known_by * 100000000000 + token_count(c.prompt) + token_count(c.completion),
  reject_reason := coalesce(
    instant_problem('created_at', c.created),
    case when present(c.prompt) is null then c.prompt_field || ': missing, expected a whole number of tokens' end,
    case when present(c.completion) is null then c.completion_field || ': missing, expected a whole number of tokens' end,
    token_problem(c.prompt_field, c.prompt),
    token_problem(c.completion_field, c.completion),
    token_problem(c.cached_field, c.cached)),
  remarks := case when token_count(c.cached) > token_count(c.prompt)
    then [c.prompt_field || ' smaller than the cached tokens: taken as uncached input'] else []::varchar[] end,
  request_id := present(c.id),
  started_us := instant_us(c.created),
  duration_s := span_s(c.duration_ms) / 1000,
  provider := 'openrouter',
  raw_model := present(c.model),
  is_streamed := try_cast(c.streamed as boolean),
  status := case when try_cast(c.cancelled as boolean) then 'cancelled'
    when lower(c.finish_reason) = 'error' then 'error' else 'ok' end,
  uncached_input_tokens := token_count(c.prompt)
    - case when token_count(c.cached) > token_count(c.prompt) then 0 else token_count(c.cached) end,
  cache_read_tokens := token_count(c.cached),
  output_tokens := token_count(c.completion),
  thinking_tokens := thinking(c.thinking, token_count(c.completion)),
  user_hash := salted(present(c.user)),
  tags := map_from_entries(list_filter([
    struct_pack(k := 'upstream_provider', v := present(c.upstream)),
    struct_pack(k := 'is_byok', v := case when try_cast(c.is_byok as boolean) then 'true' end)], lambda e: e.v is not null)),
  reported_cost_usd := try_cast(c.cost as decimal(38, 12)));
