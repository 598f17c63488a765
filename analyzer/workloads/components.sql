-- From requests to workloads (what an owner would name) and components (a kind of call inside one).

-- name: named_requests
-- Takes: owned. Returns: one row per record with the name of its workload and what could tell its calls apart, ready
-- for people (NULL = the log does not say). sign: what the request itself says about waiting, positive = somebody waits.
select
  request_no,
  workload,
  'step ' || coalesce(step, operation) as step,
  case when step is not null then 'operation ' || operation end as operation,
  'task ' || coalesce(nullif(trim(tags['task']), ''), nullif(trim(tags['stage']), ''), nullif(trim(tags['endpoint']), '')) as task,
  'job ' || coalesce(nullif(trim(tags['job']), ''), nullif(trim(tags['route']), '')) as job,
  'prompt ' || substr(prefix_hash, 1, 8) as prompt,
  'application ' || application as application,
  'key ' || api_key as api_key,
  'caller ' || nullif(split_part(lower(user_agent), '/', 1), '') as caller,
  'to ' || nullif(trim(destination), '') as destination,
  'workspace ' || nullif(trim(workspace), '') as workspace,
  'model ' || raw_model as model,
  case when trace_id is null then null
    when row_number() over (partition by trace_id order by started_us, request_no) = 1 then 'first call of a trace'
    else 'later calls of a trace' end as place,
  'answers up to ' || max_output_tokens || ' tokens' as answer_limit,
  case when has_tools then 'with tools' when not has_tools then 'without tools' end as tools,
  'log of ' || source as source,
  tags,
  started_us,
  is_report,
  case when session_id is null then 'outside sessions' else 'in sessions' end as session,
  case when user_hash is null then 'without an end user' else 'for end users' end as end_user,
  is_streamed,
  trigger,
  awaited,
  batched as is_batch,
  case when awaited then 2 when not awaited then -2 else 0 end
    + case when batched then -2 else 0 end
    + case when trigger = 'schedule' then -1 else 0 end
    + case when read_us - started_us >= 3600000000 then -1 when read_us - started_us <= 60000000 then 1 else 0 end
    + case when is_streamed and first_token_s is not null then 1 else 0 end
    + case when status = 'cancelled' then 1 else 0 end
    + case when lower(user_agent) like 'mozilla/%' then 1 else 0 end
    + case when trace_id is not null and started_us
      - lag(started_us) over (partition by trace_id order by started_us, request_no) >= 900000000 then -1 else 0 end
    as sign
from (
  select
    r.*,
    coalesce({workload_keys}, '(unnamed)') as workload,
    nullif(trim(r.tags['step']), '') as step,
    nullif(trim(r.tags['operation']), '') as operation,
    case when r.is_batch is null and r.service_tier is null then null
      else coalesce(r.is_batch, false) or coalesce(lower(r.service_tier) = 'batch', false) end as batched
  from owned r
) tagged

-- name: workload_shape
-- Takes: named_requests. Returns: one row per workload; `shown_as` folds the tail beyond {workload_limit} into '(other)'.
select
  workload,
  requests,
  case when row_number() over (order by requests desc, workload) > {workload_limit} then '(other)' else workload end
    as shown_as
from (select workload, count(*) as requests from named_requests group by workload) counted

-- name: kinds
-- Takes: named_requests, workload_shape, key_values, split_keys. Returns: one row per request with the kind of its call:
-- the part of its workload's key that it belongs to; NULL where nothing splits the workload.
select
  n.request_no,
  w.shown_as as workload,
  case when k.key is null then null else coalesce(v.part, 'other calls') end as kind,
  n.is_streamed,
  n.trigger,
  n.awaited,
  n.is_batch
from named_requests n
join workload_shape w on w.workload = n.workload
left join split_keys k on k.workload = n.workload and w.shown_as = n.workload
left join key_values v
  on v.workload = k.workload
  and v.key = k.key
  and coalesce(v.value, '') = coalesce({key_column}, '')

-- name: kind_counts
-- Takes: kinds. Returns: one row per workload and kind: how many requests have each property, and how many are enough to
-- stand alone: 5 % of the requests, or 1 % and 14 of them.
select
  workload,
  coalesce(kind, '') as kind,
  least(count(*) / 20, greatest(14, count(*) / 100)) as enough,
  count(case when is_streamed then 1 end) as streamed,
  count(case when not is_streamed then 1 end) as not_streamed,
  count(case when awaited then 1 end) as awaited,
  count(case when not awaited then 1 end) as not_awaited,
  count(case when is_batch then 1 end) as in_batch,
  count(case when not is_batch then 1 end) as not_in_batch,
  count(case when trigger = 'user' then 1 end) as by_user,
  count(case when trigger = 'schedule' then 1 end) as by_schedule,
  count(case when trigger = 'queue' then 1 end) as by_queue,
  count(case when trigger = 'event' then 1 end) as by_event,
  count(case when trigger is null then 1 end) as by_unknown
from kinds
group by workload, coalesce(kind, '')

-- name: kind_shape
-- Takes: kind_counts. Returns: one row per workload and kind: which properties split it. A property splits a kind when both
-- sides hold enough requests to stand alone; so does the declared trigger.
select
  workload,
  kind,
  streamed >= enough and not_streamed >= enough as splits_by_stream,
  awaited >= enough and not_awaited >= enough as splits_by_awaited,
  in_batch >= enough and not_in_batch >= enough as splits_by_batch,
  case when by_user >= enough then 1 else 0 end
    + case when by_schedule >= enough then 1 else 0 end
    + case when by_queue >= enough then 1 else 0 end
    + case when by_event >= enough then 1 else 0 end
    + case when by_unknown >= enough then 1 else 0 end > 1 as splits_by_trigger
from kind_counts

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

-- name: placed
-- Takes: labelled_requests, label_shape, components. Returns: one row per record: its component.
select l.request_no, c.component_no
from labelled_requests l
join label_shape s on s.workload = l.workload and s.label = l.label
join components c on c.workload = s.workload and c.component = s.component

-- name: calls
-- Takes: requests, placed. Returns: one row per request: its component, its times and
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
    join placed c on c.request_no = r.request_no
  ) timed
) placed
