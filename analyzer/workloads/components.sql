-- From requests to workloads (what an owner would name) and components (a kind of call inside one).

-- name: named_requests
-- Takes: requests. Returns: one row per request with the name of its workload and what could tell its calls apart.
select
  r.request_no,
  coalesce({workload_keys}, '(unnamed)') as workload,
  coalesce(nullif(trim(r.tags['step']), ''), nullif(trim(r.tags['operation']), '')) as step,
  r.prefix_hash,
  r.is_streamed,
  r.trigger,
  r.awaited,
  case when r.is_batch is null and r.service_tier is null then null
    else coalesce(r.is_batch, false) or coalesce(lower(r.service_tier) = 'batch', false) end as is_batch
from requests r

-- name: workload_shape
-- Takes: named_requests. Returns: one row per workload; `shown_as` folds the tail beyond {workload_limit} into '(other)'.
select
  workload,
  requests,
  steps,
  prefixes,
  case when row_number() over (order by requests desc, workload) > {workload_limit} then '(other)' else workload end
    as shown_as
from (
  select
    workload,
    count(*) as requests,
    count(distinct coalesce(step, '')) as steps,
    count(distinct coalesce(prefix_hash, '')) as prefixes
  from named_requests
  group by workload
) counted

-- name: kinds
-- Takes: named_requests, workload_shape. Returns: one row per request with the kind of its call: its step where the
-- workload has several, else its prompt where it has 2 to 8 of them.
select
  n.request_no,
  w.shown_as as workload,
  case
    when w.shown_as <> w.workload then null
    when w.steps > 1 then coalesce('step ' || n.step, 'no step')
    when w.prefixes between 2 and 8 then 'prompt ' || coalesce(substr(n.prefix_hash, 1, 8), '(not logged)')
  end as kind,
  n.is_streamed,
  n.trigger,
  n.awaited,
  n.is_batch
from named_requests n
join workload_shape w on w.workload = n.workload

-- name: kind_shape
-- Takes: kinds. Returns: one row per workload and kind: which properties split it. A property splits a kind when both
-- sides hold at least 5 % of its requests; so does the declared trigger.
select
  workload,
  coalesce(kind, '') as kind,
  20 * count(case when is_streamed then 1 end) >= count(*)
    and 20 * count(case when not is_streamed then 1 end) >= count(*) as splits_by_stream,
  20 * count(case when awaited then 1 end) >= count(*)
    and 20 * count(case when not awaited then 1 end) >= count(*) as splits_by_awaited,
  20 * count(case when is_batch then 1 end) >= count(*)
    and 20 * count(case when not is_batch then 1 end) >= count(*) as splits_by_batch,
  case when 20 * count(case when trigger = 'user' then 1 end) >= count(*) then 1 else 0 end
    + case when 20 * count(case when trigger = 'schedule' then 1 end) >= count(*) then 1 else 0 end
    + case when 20 * count(case when trigger = 'queue' then 1 end) >= count(*) then 1 else 0 end
    + case when 20 * count(case when trigger = 'event' then 1 end) >= count(*) then 1 else 0 end
    + case when 20 * count(case when trigger is null then 1 end) >= count(*) then 1 else 0 end > 1 as splits_by_trigger
from kinds
group by workload, coalesce(kind, '')

-- name: labelled_requests
-- Takes: kinds, kind_shape. Returns: one row per request with the label of its component, for people.
select
  k.request_no,
  k.workload,
  coalesce(nullif(concat_ws(' · ',
    k.kind,
    case when s.splits_by_stream and k.is_streamed then 'streamed'
      when s.splits_by_stream and not k.is_streamed then 'not streamed' end,
    case when s.splits_by_trigger then coalesce('set off by ' || k.trigger, 'trigger not declared') end,
    case when s.splits_by_awaited and k.awaited then 'awaited'
      when s.splits_by_awaited and not k.awaited then 'not awaited' end,
    case when s.splits_by_batch and k.is_batch then 'in batch'
      when s.splits_by_batch and not k.is_batch then 'not in batch' end
  ), ''), 'all calls') as label
from kinds k
join kind_shape s on s.workload = k.workload and s.kind = coalesce(k.kind, '')

-- name: label_shape
-- Takes: labelled_requests. Returns: one row per workload and label; `component` folds the tail beyond
-- {component_limit} labels of a workload into '(other)'.
select
  workload,
  label,
  case when row_number() over (partition by workload order by requests desc, label) > {component_limit}
    then '(other)' else label end as component,
  requests
from (select workload, label, count(*) as requests from labelled_requests group by workload, label) counted

-- name: components
-- Takes: label_shape. Returns: one row per component, numbered by name. Unit: request_share 0 to 1 of the workload.
select
  row_number() over (order by workload, component) as component_no,
  workload,
  component,
  requests,
  cast(requests as double) / sum(requests) over (partition by workload) as request_share
from (
  select workload, component, cast(sum(requests) as bigint) as requests from label_shape group by workload, component
) folded

-- name: calls
-- Takes: requests, labelled_requests, label_shape, components. Returns: one row per request: its component, its times and
-- its place in a chain. Unit: microseconds; ended_us NULL = no duration logged.
-- session_gap_us / trace_gap_us: from the end of the call before (its start where no duration is logged) to this start.
-- chained: begins 0 to 10 s after the call before ended, in the same trace or session; NULL = the log cannot say.
select
  request_no,
  component_no,
  started_us,
  ended_us,
  thread,
  session_id,
  session_gap_us,
  case
    when turn = 'loop' then true
    when turn = 'first' then false
    when ended_us is null or thread is null then null
    else coalesce(session_end_gap_us between 0 and 10000000, false)
      or coalesce(trace_end_gap_us between 0 and 10000000, false)
  end as chained
from (
  select
    timed.*,
    started_us - lag(ended_us) over (partition by session_id order by started_us, request_no) as session_end_gap_us,
    started_us - lag(ended_us) over (partition by trace_id order by started_us, request_no) as trace_end_gap_us,
    case when session_id is not null then started_us - lag(coalesce(ended_us, started_us))
      over (partition by session_id order by started_us, request_no) end as session_gap_us
  from (
    select
      r.request_no,
      c.component_no,
      r.started_us,
      r.started_us + cast(r.duration_s * 1000000 as bigint) as ended_us,
      coalesce(r.session_id, r.trace_id) as thread,
      r.session_id,
      r.trace_id,
      r.tags['turn'] as turn
    from requests r
    join labelled_requests l on l.request_no = r.request_no
    join label_shape s on s.workload = l.workload and s.label = l.label
    join components c on c.workload = s.workload and c.component = s.component
  ) timed
) placed
