-- The replay of `whowaits cache`: every boundary is a breakpoint, and all components share entries.

-- name: touches
-- Takes: path_calls, model_minimums(model, least_tokens), $largest_minimum, $at_once. Returns: touches (see cache.sql), with
-- place and the tokens of the boundary before that is long enough to be cached. $at_once: an entry can be read as soon as it is written.
select
  request_no, cache_no, 0 as mark, place, hash, true as writes, started_us, tokens,
  case when $at_once then started_us else answer_began_us end as answer_began_us,
  lag(tokens, 1, cast(0 as bigint)) over (partition by request_no order by place) as former_tokens
from (
  select
    p.request_no, c.cache_no, p.started_us, p.answer_began_us,
    coalesce(m.least_tokens, $largest_minimum) as least_tokens,
    generate_subscripts(p.hashes, 1) as place,
    unnest(p.hashes) as hash,
    unnest(p.ends) as tokens
  from path_calls as p
  join shared_caches as c on c.scope = p.scope and c.cache_model = p.cache_model
  left join model_minimums as m on m.model = p.model
) as every
where tokens > 0 and tokens >= least_tokens

-- name: shared_caches
-- Takes: path_calls. Returns: one row a (scope, model): calls that share entries.
select row_number() over (order by scope, cache_model) as cache_no, scope, cache_model
from (select distinct scope, cache_model from path_calls) as distinct_calls

-- name: replayed_calls
-- Takes: path_calls, entry_touches. Returns: one row a call with the tokens it reads and those it writes: its prompt up to the
-- last boundary, less what it reads. `miss`: why it reads nothing, NULL = it reads.
select
  p.*,
  least(coalesce(t.read_tokens, 0), p.input_tokens) as read_now_tokens,
  greatest(coalesce(t.end_tokens, 0) - coalesce(t.read_tokens, 0), 0) as written_now_tokens,
  case when t.read_tokens > 0 then null else coalesce(t.first_miss, 'under the minimum') end as miss
from path_calls as p
left join (
  select
    request_no,
    max(tokens) as end_tokens,
    max(case when short_readable_us <= started_us then tokens else 0 end) as read_tokens,
    min_by(
      case when previous_us is null then 'first seen'
        when started_us - previous_us > short_us then 'expired'
        else 'not answered yet' end,
      place) as first_miss
  from entry_touches
  group by request_no
) as t on t.request_no = p.request_no

-- name: sums
-- Takes: replayed_calls. Returns: one row a component and all that a price depends on. Unit: calls, tokens.
select
  component_no, model, mode, provider, geography, over_tokens, day_us,
  count(*) as calls,
  cast(sum(input_tokens) as bigint) as input_tokens,
  cast(sum(read_now_tokens) as bigint) as read_tokens,
  cast(sum(written_now_tokens) as bigint) as written_tokens
from replayed_calls
group by component_no, model, mode, provider, geography, over_tokens, day_us
order by component_no, model, mode, provider, geography, over_tokens, day_us

-- name: misses
-- Takes: replayed_calls. Returns: one row a component and reason: calls that read nothing.
select component_no, miss, count(*) as calls
from replayed_calls
where miss is not null
group by component_no, miss
order by component_no, miss

-- name: read_again
-- Takes: entry_touches, path_calls. Returns: one row a component: of what its calls write, the tokens that a later call reads
-- before they expire. An entry's own tokens are those after the boundary before; the first call of a run wrote them.
select p.component_no, cast(sum(r.tokens) as bigint) as tokens
from (
  select
    min_by(request_no, (started_us, request_no)) as writer_no,
    min_by(tokens - former_tokens, (started_us, request_no)) as tokens
  from entry_touches
  group by cache_no, hash, short_run
  having count(case when short_readable_us <= started_us then 1 end) > 0
) as r
join path_calls as p on p.request_no = r.writer_no
group by p.component_no
order by p.component_no
