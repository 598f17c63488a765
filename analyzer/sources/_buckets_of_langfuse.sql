-- What the free keys of Langfuse's usage mean.

-- name: langfuse_names
-- Takes: usage as a map of texts. Returns: a struct of lists: one count under all its names.
create or replace temp macro langfuse_names(u) as struct_pack(
  input := [u['input'], u['input_tokens'], u['prompt_tokens'], u['promptTokens']],
  output := [u['output'], u['output_tokens'], u['completion_tokens'], u['completionTokens']],
  reasoning := [u['output_reasoning_tokens'], u['output_reasoning']],
  cache_read := [u['input_cached_tokens'], u['cache_read_input_tokens'], u['input_cache_read']],
  write_5m := [u['input_cache_creation_5m']],
  write_1h := [u['input_cache_creation_1h']],
  remainder := [u['input_cache_creation']],
  written := [u['cache_creation_input_tokens']],
  total := [u['total'], u['total_tokens'], u['totalTokens']]);

-- name: langfuse_counts
-- Takes: langfuse_names. Returns: a struct of counts. total: NULL when not told; problem: why a count is none, or NULL;
-- is_there, tells_cache: does it tell usage, cache counts at all.
create or replace temp macro langfuse_counts(n) as struct_pack(
  input := token_count(first_present(n.input))::bigint,
  said_output := token_count(first_present(n.output))::bigint,
  reasoning := most_tokens(n.reasoning),
  told_reasoning := case when first_present(n.reasoning) is not null then most_tokens(n.reasoning) end,
  cache_read := most_tokens(n.cache_read),
  write_1h := most_tokens(n.write_1h),
  write_5m := most_tokens(n.write_5m) + case
    when first_present(n.remainder) is not null and first_present([n.write_5m[1], n.write_1h[1]]) is not null
      then most_tokens(n.remainder)
    else greatest(most_tokens(n.remainder), most_tokens(n.written) - most_tokens(n.write_5m) - most_tokens(n.write_1h), 0) end,
  total := try_cast(first_present(n.total) as bigint),
  is_there := coalesce(first_present(n.input), first_present(n.output), first_present(n.total)) is not null,
  tells_cache := first_present(list_concat(list_concat(n.cache_read, n.remainder), list_concat(n.written,
    list_concat(n.write_5m, n.write_1h)))) is not null,
  problem := coalesce(
    counts_problem('usage input', n.input), counts_problem('usage output', n.output),
    counts_problem('usage cache read', n.cache_read), counts_problem('usage cache creation',
      list_concat(list_concat(n.remainder, n.written), list_concat(n.write_5m, n.write_1h))),
    counts_problem('usage reasoning', n.reasoning),
    case when first_present(n.input) is null then 'usage input: missing, expected a whole number of tokens' end,
    case when first_present(n.output) is null then 'usage output: missing, expected a whole number of tokens' end));

-- name: with_reasoning
-- Takes: langfuse_counts. Returns: the same with reasoning added to the output, unless the total shows that it is inside.
create or replace temp macro with_reasoning(c) as struct_pack(
  input := c.input, cache_read := c.cache_read, write_5m := c.write_5m, write_1h := c.write_1h,
  output := (c.said_output + case when c.total in (c.input + c.said_output,
    c.input + c.said_output + c.cache_read + c.write_5m + c.write_1h) then 0 else c.reasoning end)::bigint,
  reasoning := c.told_reasoning, total := c.total, is_there := c.is_there, tells_cache := c.tells_cache, problem := c.problem);

-- name: langfuse_convention
-- Takes: with_reasoning. Returns: does input hold the cache tokens: apart (Langfuse's own convention, or proven),
-- holds writes, holds reads (proven by the total), ambiguous, unclear (the total is something else).
create or replace temp macro langfuse_convention(t) as case
  when t.cache_read + t.write_5m + t.write_1h = 0 or t.total is null then 'apart'
  when t.total = t.input + t.output + t.cache_read + t.write_5m + t.write_1h then 'apart'
  when t.cache_read > 0 and t.write_5m + t.write_1h between 1 and t.input
    and t.total = t.input + t.output + t.cache_read then 'holds writes'
  when t.write_5m + t.write_1h > 0 and t.cache_read between 1 and t.input
    and t.total = t.input + t.output + t.write_5m + t.write_1h then 'holds reads'
  when t.cache_read + t.write_5m + t.write_1h > t.input then 'apart'
  when t.total = t.input + t.output then 'ambiguous'
  else 'unclear' end;
