-- The prompt cache, simulated from the log's own prefixes and timing: one simulation for the plan and for `whowaits cache`.
-- An entry is a prompt up to a boundary. A call touches some boundaries of its prompt and would write an entry at some of
-- those. Which ones, and whose calls share an entry, is the asker's: it fills `touches`. The windows keep to the SQL that
-- DuckDB and Spark both run; taking lists apart is DuckDB's.

-- name: path_calls
-- Takes: requests, calls, priced_requests, $answer_begins_us. Returns: one row a call that has a prompt shape. `hashes`,
-- `ends`: its boundaries from the beginning on (a log with the prefix alone has one), and the tokens up to each: as logged,
-- else the call's input times the share of characters, cut down. `lead`: boundaries before the first message (tools,
-- system). `scope`: where a cache is shared: the workspace, on Bedrock and Vertex the organization.
-- Unit: microseconds, tokens; answer_began_us: first token, else end, else $answer_begins_us after the start;
-- 0 seconds are no time that anybody took.
select
  *,
  coalesce(boundary_tokens,
    list_transform(chars, lambda x: input_tokens * least(x, chars[len(chars)], whole_chars) // greatest(whole_chars, 1)))
    as ends
from (
  select
    r.request_no,
    c.component_no,
    r.provider || ' ' || case when r.provider in ('aws_bedrock', 'gcp_vertex') then '' else coalesce(r.workspace, '') end
      as scope,
    coalesce(p.model, p.raw_model) as cache_model,
    p.model,
    p.mode,
    p.provider,
    p.geography,
    p.over_tokens,
    p.day_us,
    p.cache_write_5m_tokens + p.cache_write_1h_tokens + p.cache_read_tokens > 0 as is_in_use,
    p.uncached_input_tokens + p.cache_write_5m_tokens + p.cache_write_1h_tokens + p.cache_read_tokens as input_tokens,
    r.started_us,
    r.started_us + coalesce(
      nullif(cast(r.first_token_s * 1000000 as bigint), 0), nullif(cast(r.duration_s * 1000000 as bigint), 0),
      $answer_begins_us
    ) as answer_began_us,
    coalesce(r.boundary_hashes, [r.prefix_hash]) as hashes,
    case when r.boundary_hashes is null then 1
      else greatest(0, len(r.boundary_hashes) - coalesce(r.message_count, len(r.boundary_hashes))) end as lead,
    r.boundary_tokens,
    case when r.boundary_hashes is null then [r.prefix_chars] else r.boundary_chars end as chars,
    case when r.boundary_hashes is null then r.prompt_chars else r.boundary_chars[len(r.boundary_chars)] end as whole_chars
  from requests as r
  join calls as c on c.request_no = r.request_no
  join priced_requests as p on p.request_no = r.request_no
  where len(r.boundary_tokens) > 0 or len(r.boundary_chars) > 0
    or (r.boundary_hashes is null and r.prefix_hash is not null and r.prefix_chars >= 0 and r.prompt_chars > 0)
) as shaped

-- name: entry_gaps
-- Takes: touches, lives(short_us, long_us). Returns: one row a touch, with the start of the touch of the same entry before.
-- touches: request_no, cache_no (whose calls share entries), mark (kind of breakpoint), hash, tokens, writes,
-- started_us, answer_began_us. Unit: microseconds.
select
  t.*,
  lag(t.started_us) over (partition by t.cache_no, t.mark, t.hash order by t.started_us, t.request_no) as previous_us,
  l.short_us,
  l.long_us
from touches as t
cross join lives as l

-- name: entry_runs
-- Takes: entry_gaps. Returns: one row a touch with the number of its run, for each life: in a run the entry stays alive. A
-- life counts from the start of the touch before and is renewed by it, hit or not; a gap of exactly the life is alive.
select
  *,
  sum(case when started_us - previous_us <= short_us then 0 else 1 end) over (
    partition by cache_no, mark, hash order by started_us, request_no rows between unbounded preceding and current row
  ) as short_run,
  sum(case when started_us - previous_us <= long_us then 0 else 1 end) over (
    partition by cache_no, mark, hash order by started_us, request_no rows between unbounded preceding and current row
  ) as long_run
from entry_gaps

-- name: entry_touches
-- Takes: entry_runs. Returns: one row a touch with the instant from which what an earlier call of its run wrote can be
-- read: the first of their answers has begun. NULL = nobody has written it.
select
  *,
  min(case when writes then answer_began_us end) over (
    partition by cache_no, mark, hash, short_run order by started_us, request_no
    rows between unbounded preceding and 1 preceding
  ) as short_readable_us,
  min(case when writes then answer_began_us end) over (
    partition by cache_no, mark, hash, long_run order by started_us, request_no
    rows between unbounded preceding and 1 preceding
  ) as long_readable_us
from entry_runs

-- The plan's breakpoints. A component is simulated by itself, so that what it is promised does not hang on another one
-- being changed too.

-- name: caches
-- Takes: path_calls. Returns: one row a (component, scope, model, mode): calls that share entries.
select row_number() over (order by component_no, scope, model, mode) as cache_no, component_no, scope, model, mode
from (select distinct component_no, scope, model, mode from path_calls where model is not null and input_tokens > 0) as distinct_calls

-- name: price_keys
-- Takes: path_calls. Returns: one row for all that a price depends on, numbered.
select
  row_number() over (order by provider, model, mode, geography, over_tokens, day_us) as key_no,
  provider, model, mode, geography, over_tokens, day_us
from (
  select distinct provider, model, mode, geography, over_tokens, day_us
  from path_calls where model is not null and input_tokens > 0
) as distinct_calls

-- name: prompt_ends
-- Takes: path_calls, caches, $messages, $lookback. Returns: one row a boundary that a breakpoint can stand at or look back
-- to: tools, system, the first $messages messages, the last boundary and $lookback before it. `place` counts from 1.
select *
from (
  select
    p.request_no, c.cache_no, c.component_no, p.lead, p.started_us, p.answer_began_us,
    cast(len(p.hashes) as bigint) as boundaries,
    generate_subscripts(p.hashes, 1) as place,
    unnest(p.hashes) as hash,
    unnest(p.ends) as tokens
  from path_calls as p
  join caches as c on c.component_no = p.component_no and c.scope = p.scope and c.model = p.model and c.mode = p.mode
  where p.input_tokens > 0
) as every
where place <= lead + $messages or place >= boundaries - $lookback

-- name: marks
-- Takes: prompt_ends, $messages, $chosen_messages. Returns: the kinds of breakpoints a component could use, with a slot from
-- 0: 0 after the tools (where system text follows), 1 after system and tools, 2 at the last message, 3 before it, 3 + k after
-- message k: those $chosen_messages that have the most tokens in common with an earlier call.
with shared as (
  select cache_no, component_no, place - lead as message_no, hash, count(*) as calls, min(tokens) as tokens
  from prompt_ends
  where place > lead and place <= lead + $messages
  group by cache_no, component_no, place - lead, hash
),
ranked as (
  select component_no, message_no,
    row_number() over (partition by component_no order by sum((calls - 1) * tokens) desc, message_no) as rank_no,
    sum((calls - 1) * tokens) as tokens
  from shared
  group by component_no, message_no
),
found as (
  select distinct component_no, 0 as mark from prompt_ends where lead = 2
  union all select distinct component_no, 1 from prompt_ends where lead > 0
  union all select distinct component_no, 2 from prompt_ends where boundaries > lead
  union all select distinct component_no, 3 from prompt_ends where boundaries > lead + 1
  union all select component_no, 3 + message_no from ranked where rank_no <= $chosen_messages and tokens > 0
)
select component_no, mark, row_number() over (partition by component_no order by mark) - 1 as slot from found

-- name: marked
-- Takes: prompt_ends, marks. Returns: one row a call and breakpoint of it: where it would write an entry.
select e.*, m.mark, m.slot
from prompt_ends as e
join marks as m on m.component_no = e.component_no
where e.place = case m.mark
    when 0 then case when e.lead = 2 then 1 end
    when 1 then case when e.lead > 0 then e.lead end
    when 2 then case when e.boundaries > e.lead then e.boundaries end
    when 3 then case when e.boundaries > e.lead + 1 then e.boundaries - 1 end
    else e.lead + m.mark - 3
  end

-- name: touches
-- Takes: marked, prompt_ends, $lookback. Returns: touches (see entry_gaps). A breakpoint that moves along with the
-- conversation also finds what an earlier call wrote at one of the $lookback - 1 boundaries before it. A prefix is the same
-- text in all calls: its length is the least of theirs.
with every as (
  select request_no, cache_no, mark, slot, hash, tokens, started_us, answer_began_us, true as writes from marked
  union all
  select e.request_no, e.cache_no, m.mark, m.slot, e.hash, e.tokens, e.started_us, e.answer_began_us, false
  from marked as m
  join prompt_ends as e on e.request_no = m.request_no and e.place < m.place and e.place > m.place - $lookback
  where m.mark in (2, 3)
    and exists (select 1 from marked as w where w.mark = m.mark and w.cache_no = e.cache_no and w.hash = e.hash)
)
select
  request_no, cache_no, mark, slot, hash, started_us, answer_began_us, writes,
  min(tokens) over (partition by cache_no, hash) as tokens
from every

-- name: call_reads
-- Takes: entry_touches. Returns: one row a call and breakpoint: tokens up to it, and what it would read through it by itself,
-- for each life.
select
  request_no, slot,
  max(case when writes then tokens else 0 end) as end_tokens,
  max(case when short_readable_us <= started_us then tokens else 0 end) as short_read_tokens,
  max(case when long_readable_us <= started_us then tokens else 0 end) as long_read_tokens
from entry_touches
group by request_no, slot

-- name: cached_calls
-- Takes: path_calls, price_keys, call_reads. Returns: one row a call in real time: component, price, whether the log shows a
-- cache in use (1, 0), and `call_reads` of each slot side by side. Unit: tokens.
select
  p.component_no, k.key_no,
  cast(any_value(case when p.is_in_use then 1 else 0 end) as bigint) as in_use,
  {slots}
from path_calls as p
join price_keys as k on k.provider = p.provider and k.model = p.model and k.mode = p.mode and k.geography = p.geography
  and k.over_tokens = p.over_tokens and k.day_us = p.day_us
left join call_reads as s on s.request_no = p.request_no
where p.input_tokens > 0 and p.mode <> 'batch'
group by p.request_no, p.component_no, k.key_no
order by p.component_no, k.key_no

-- name: logged_caches
-- Takes: calls, priced_requests. Returns: one row a component: tokens that the log shows in the cache of its calls in real
-- time, with a prompt shape or without.
select
  c.component_no,
  cast(sum(p.cache_read_tokens) as bigint) as read_tokens,
  cast(sum(p.cache_write_5m_tokens) as bigint) as written_5m_tokens,
  cast(sum(p.cache_write_1h_tokens) as bigint) as written_1h_tokens
from priced_requests as p
join calls as c on c.request_no = p.request_no
where p.mode <> 'batch'
group by c.component_no

-- name: shared_prefixes
-- Takes: touches, caches, path_calls, price_keys. Returns: one row a (component, price, length) of the prefix after system
-- and tools, which the requests of a batch share: requests, and distinct prefixes in distinct caches. Unit: tokens.
select
  p.component_no, k.key_no, t.tokens, count(*) as requests, count(distinct t.cache_no || ' ' || t.hash) as prefixes
from touches as t
join path_calls as p on p.request_no = t.request_no
join price_keys as k on k.provider = p.provider and k.model = p.model and k.mode = p.mode and k.geography = p.geography
  and k.over_tokens = p.over_tokens and k.day_us = p.day_us
where t.mark = 1
group by p.component_no, k.key_no, t.tokens
order by p.component_no, k.key_no, t.tokens

-- name: prefix_misses
-- Takes: entry_touches, path_calls. Returns: one row a (component, model, length of the first breakpoint that all its calls
-- have): calls, those that read from a 5-minute cache, and why the others read nothing: no call had the prefix before; the
-- one before was more than 5 minutes (of these, more than an hour) ago; no answer with it had begun (what remains).
with first_marks as (
  select p.component_no, min(t.mark) as mark
  from entry_touches as t join path_calls as p on p.request_no = t.request_no
  where t.mark = 1 or t.mark > 3
  group by p.component_no
)
select
  p.component_no, p.model, t.tokens,
  count(*) as calls,
  cast(sum(case when t.short_readable_us <= t.started_us then 1 else 0 end) as bigint) as reads,
  cast(sum(case when t.previous_us is null then 1 else 0 end) as bigint) as first_seen,
  cast(sum(case when t.started_us - t.previous_us > t.short_us then 1 else 0 end) as bigint) as expired_5m,
  cast(sum(case when t.started_us - t.previous_us > t.long_us then 1 else 0 end) as bigint) as expired_1h
from entry_touches as t
join path_calls as p on p.request_no = t.request_no
join first_marks as f on f.component_no = p.component_no and f.mark = t.mark
group by p.component_no, p.model, t.tokens
order by p.component_no, p.model, t.tokens

-- name: boundary_counts
-- Takes: prompt_ends, path_calls. Returns: one row a component and place of its boundaries (0 tools, 1 system, 1 + k
-- message k), where the log has more than the prefix: calls, and how many different prefixes end there.
select
  component_no,
  case when place > lead then 1 + place - lead when lead = 2 and place = 1 then 0 else 1 end as boundary,
  count(*) as calls,
  count(distinct hash) as prefixes
from prompt_ends
where boundaries > lead and place <= lead + $messages
group by component_no, case when place > lead then 1 + place - lead when lead = 2 and place = 1 then 0 else 1 end
order by component_no, boundary

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
