-- The prompt cache, simulated from the log's own prefixes and timing; keeps to the SQL that DuckDB and Spark both run.
-- A component is simulated by itself, so that what it is promised does not hang on another one being changed too.

-- name: prefix_calls
-- Takes: requests, calls, priced_requests, $answer_begins_us. Returns: one row a request that has a prompt shape, a
-- known model and input. `scope`: where a cache is shared: the workspace, on Bedrock and Vertex the organization.
-- Unit: microseconds; answer_began_us: first token, else end, else $answer_begins_us after the start.
select
  r.request_no,
  c.component_no,
  p.provider,
  p.model,
  p.mode,
  p.geography,
  p.over_tokens,
  p.day_us,
  r.provider || ' ' || case when r.provider in ('aws_bedrock', 'gcp_vertex') then '' else coalesce(r.workspace, '') end
    as scope,
  r.prefix_hash,
  case when r.prefix_chars < r.prompt_chars then r.prefix_chars else r.prompt_chars end as prefix_chars,
  r.prompt_chars,
  p.uncached_input_tokens + p.cache_write_5m_tokens + p.cache_write_1h_tokens + p.cache_read_tokens
    as total_input_tokens,
  r.started_us,
  r.started_us + coalesce(
    cast(r.first_token_s * 1000000 as bigint), cast(r.duration_s * 1000000 as bigint), $answer_begins_us
  ) as answer_began_us
from requests as r
join calls as c on c.request_no = r.request_no
join priced_requests as p on p.request_no = r.request_no
where r.prefix_hash is not null and r.prefix_chars >= 0 and r.prompt_chars > 0 and p.model is not null
  and p.uncached_input_tokens + p.cache_write_5m_tokens + p.cache_write_1h_tokens + p.cache_read_tokens > 0

-- name: prefix_lengths
-- Takes: prefix_calls. Returns: one row a (component, scope, model, mode, prefix). Unit: tokens.
-- The share of the prompt's characters that is prefix, of the request's input; the least over the prefix's requests,
-- since the prefix is the same text in all. Integer arithmetic: cut down.
select
  component_no, scope, model, mode, prefix_hash,
  min(cast((total_input_tokens * prefix_chars - (total_input_tokens * prefix_chars) % prompt_chars) / prompt_chars
    as bigint)) as length_tokens
from prefix_calls
group by component_no, scope, model, mode, prefix_hash

-- name: prefix_gaps
-- Takes: prefix_calls. Returns: one row a request, whether it opens an island (a run of requests in which the entry
-- stays alive). The life counts from the start of the request before and is renewed by it, hit or not; a gap of exactly
-- the life is still alive. Unit: microseconds.
select
  *,
  case when previous_us is null or started_us - previous_us > 300000000 then 1 else 0 end as opens_5m,
  case when previous_us is null or started_us - previous_us > 3600000000 then 1 else 0 end as opens_1h
from (
  select
    *,
    lag(started_us) over (
      partition by component_no, scope, model, mode, prefix_hash order by started_us, request_no
    ) as previous_us
  from prefix_calls
) as ordered

-- name: prefix_islands
-- Takes: prefix_gaps. Returns: one row a request with the number of its island for each life.
select
  *,
  sum(opens_5m) over (
    partition by component_no, scope, model, mode, prefix_hash order by started_us, request_no
    rows between unbounded preceding and current row
  ) as island_5m,
  sum(opens_1h) over (
    partition by component_no, scope, model, mode, prefix_hash order by started_us, request_no
    rows between unbounded preceding and current row
  ) as island_1h
from prefix_gaps

-- name: prefix_readable
-- Takes: prefix_islands. Returns: one row a request with the instant from which an earlier request of its island can be
-- read. NULL = it is the island's first.
select
  *,
  min(answer_began_us) over (
    partition by component_no, scope, model, mode, prefix_hash, island_5m order by started_us, request_no
    rows between unbounded preceding and 1 preceding
  ) as readable_5m_us,
  min(answer_began_us) over (
    partition by component_no, scope, model, mode, prefix_hash, island_1h order by started_us, request_no
    rows between unbounded preceding and 1 preceding
  ) as readable_1h_us
from prefix_islands

-- name: prefix_reads
-- Takes: prefix_readable, prefix_lengths. Returns: one row a (component, price key, day, prefix length): requests,
-- distinct prefixes, and the requests that find the prefix readable before they start, for each life.
select
  r.component_no, r.provider, r.model, r.mode, r.geography, r.over_tokens, r.day_us, l.length_tokens,
  count(*) as requests,
  count(distinct r.prefix_hash) as prefixes,
  cast(sum(case when r.readable_5m_us < r.started_us then 1 else 0 end) as bigint) as reads_5m,
  cast(sum(case when r.readable_1h_us < r.started_us then 1 else 0 end) as bigint) as reads_1h
from prefix_readable as r
join prefix_lengths as l
  on l.component_no = r.component_no and l.scope = r.scope and l.model = r.model and l.mode = r.mode
  and l.prefix_hash = r.prefix_hash
group by r.component_no, r.provider, r.model, r.mode, r.geography, r.over_tokens, r.day_us, l.length_tokens
order by r.component_no, r.provider, r.model, r.mode, r.geography, r.over_tokens, r.day_us, l.length_tokens

-- name: prefix_misses
-- Takes: prefix_readable, prefix_lengths. Returns: one row a (component, model, prefix length): requests, those that read
-- from a 5-minute cache, and why the others read nothing: no request had the prefix before; the one before was more than
-- 5 minutes (of these, more than an hour) ago; no answer with it had begun (what remains).
select
  r.component_no, r.model, l.length_tokens,
  count(*) as requests,
  cast(sum(case when r.readable_5m_us < r.started_us then 1 else 0 end) as bigint) as reads,
  cast(sum(case when r.previous_us is null then 1 else 0 end) as bigint) as first_seen,
  cast(sum(case when r.previous_us is not null and r.opens_5m = 1 then 1 else 0 end) as bigint) as expired_5m,
  cast(sum(case when r.previous_us is not null and r.opens_1h = 1 then 1 else 0 end) as bigint) as expired_1h
from prefix_readable as r
join prefix_lengths as l
  on l.component_no = r.component_no and l.scope = r.scope and l.model = r.model and l.mode = r.mode
  and l.prefix_hash = r.prefix_hash
group by r.component_no, r.model, l.length_tokens
order by r.component_no, r.model, l.length_tokens

-- name: first_boundaries
-- Takes: prefix_calls, requests. Returns: one row a component with boundaries: distinct first boundaries, distinct prefixes.
select
  p.component_no,
  count(distinct r.boundary_hashes[1]) as first_boundaries,
  count(distinct p.prefix_hash) as prefixes
from prefix_calls as p
join requests as r on r.request_no = p.request_no
where r.boundary_hashes is not null
group by p.component_no

-- name: component_inputs
-- Takes: calls, priced_requests. Returns: one row a component: input of its largest request, tokens that the log shows
-- written to or read from the cache. Unit: tokens.
select
  c.component_no,
  max(p.uncached_input_tokens + p.cache_write_5m_tokens + p.cache_write_1h_tokens + p.cache_read_tokens)
    as largest_request_tokens,
  cast(sum(p.cache_write_5m_tokens + p.cache_write_1h_tokens + p.cache_read_tokens) as bigint) as cache_tokens
from priced_requests as p
join calls as c on c.request_no = p.request_no
group by c.component_no
order by c.component_no
