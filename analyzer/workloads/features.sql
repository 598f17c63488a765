-- What the log shows of a component: one row each, NULL where the log cannot say. Columns are documented in features.py.

-- name: declared_and_shape
-- Takes: calls, requests. Returns: one row per component. Unit: shares 0 to 1, seconds, tokens.
select
  c.component_no,
  count(*) as requests,
  count(distinct r.started_us - r.started_us % 86400000000) as days,
  cast((max(r.started_us - r.started_us % 86400000000) - min(r.started_us - r.started_us % 86400000000)) / 86400000000
    as bigint) + 1 as span_days,
  cast(sum(r.uncached_input_tokens + r.cache_write_5m_tokens + r.cache_write_1h_tokens + r.cache_read_tokens) as bigint)
    as input_tokens,
  cast(sum(r.output_tokens) as bigint) as output_tokens,
  case when count(r.trigger) > 0 then cast(count(case when r.trigger = 'user' then 1 end) as double) / count(*) end
    as trigger_user_share,
  case when count(r.trigger) > 0 then cast(count(case when r.trigger = 'schedule' then 1 end) as double) / count(*) end
    as trigger_schedule_share,
  case when count(r.trigger) > 0 then cast(count(case when r.trigger = 'queue' then 1 end) as double) / count(*) end
    as trigger_queue_share,
  case when count(r.trigger) > 0 then cast(count(case when r.trigger = 'event' then 1 end) as double) / count(*) end
    as trigger_event_share,
  case when count(r.awaited) > 0 then cast(count(case when r.awaited then 1 end) as double) / count(*) end
    as awaited_share,
  case when count(r.awaited) > 0 then cast(count(case when not r.awaited then 1 end) as double) / count(*) end
    as not_awaited_share,
  cast(percentile_disc(0.1) within group (order by r.needed_within_s) as double) as needed_within_s_p10,
  cast(percentile_disc(0.5) within group (order by r.needed_within_s) as double) as needed_within_s_p50,
  case when count(r.read_us) > 0 then cast(count(r.read_us) as double) / count(*) end as read_share,
  cast(percentile_disc(0.1) within group (order by r.read_us - coalesce(c.ended_us, c.started_us)) as double)
    / 1000000 as read_delay_s_p10,
  cast(percentile_disc(0.5) within group (order by r.read_us - coalesce(c.ended_us, c.started_us)) as double)
    / 1000000 as read_delay_s_p50,
  lower(min(r.destination)) as destination,
  cast(count(case when r.is_streamed then 1 end) as double) / nullif(count(r.is_streamed), 0) as streamed_share,
  case when count(r.first_token_s) > 0 then cast(count(r.first_token_s) as double) / count(*) end as first_token_share,
  cast(count(case when r.status = 'cancelled' then 1 end) as double)
    / nullif(count(case when r.status <> 'unknown' then 1 end), 0) as cancelled_share,
  cast(count(case when r.is_batch or lower(r.service_tier) = 'batch' then 1 end) as double)
    / nullif(count(case when r.is_batch is not null or r.service_tier is not null then 1 end), 0) as batch_share,
  cast(count(case when r.has_tools then 1 end) as double) / nullif(count(r.has_tools), 0) as tools_share,
  cast(percentile_disc(0.5) within group (order by r.message_count) as bigint) as messages_p50,
  nullif(count(distinct r.user_hash), 0) as users,
  cast(count(case when lower(r.user_agent) like 'mozilla/%' then 1 end) as double) / nullif(count(r.user_agent), 0)
    as browser_share,
  cast(count(case when lower(r.user_agent) like 'claude-cli%' or lower(r.user_agent) like 'claude-code%'
    or lower(r.user_agent) like 'curl/%' then 1 end) as double) / nullif(count(r.user_agent), 0) as cli_share,
  cast(count(case when lower(r.user_agent) not like 'mozilla/%' and lower(r.user_agent) not like 'claude-cli%'
    and lower(r.user_agent) not like 'claude-code%' and lower(r.user_agent) not like 'curl/%' then 1 end) as double)
    / nullif(count(r.user_agent), 0) as sdk_share,
  cast(count(case when lower(r.source) in ('claude_code', 'claude-code')
    or lower(r.user_agent) like 'claude-cli%' or lower(r.user_agent) like 'claude-code%' then 1 end) as double)
    / count(*) as coding_agent_share,
  cast(count(case when r.tags['turn'] = 'first' then 1 end) as double) / nullif(count(r.tags['turn']), 0)
    as human_turn_share,
  cast(count(case when (r.started_us - r.started_us % 86400000000) / 86400000000 % 7 in (2, 3) then 1 end) as double)
    / count(*) as weekend_share,
  cast(count(case when (r.started_us - r.started_us % 86400000000) / 86400000000 % 7 not in (2, 3)
    and r.started_us % 86400000000 >= 28800000000 and r.started_us % 86400000000 < 64800000000 then 1 end) as double)
    / count(*) as office_share
from calls c
join requests r on r.request_no = c.request_no
group by c.component_no

-- name: session_shape
-- Takes: calls. Returns: sessions and calls in each, one row per component that has sessions.
select
  component_no,
  count(*) as sessions,
  cast(percentile_disc(0.5) within group (order by turns) as bigint) as turns_per_session_p50
from (
  select component_no, session_id, count(*) as turns
  from calls
  where session_id is not null
  group by component_no, session_id
) sessions
group by component_no

-- name: think_shape
-- Takes: calls. Returns: quantiles of the pauses inside sessions, calls that follow within 10 s and pauses over a day
-- left out. Unit: microseconds.
select
  component_no,
  count(*) as thinks,
  cast(percentile_disc(0.25) within group (order by session_gap_us) as bigint) as think_us_p25,
  cast(percentile_disc(0.5) within group (order by session_gap_us) as bigint) as think_us_p50,
  cast(percentile_disc(0.75) within group (order by session_gap_us) as bigint) as think_us_p75
from calls
where session_gap_us > 10000000 and session_gap_us <= 86400000000 and coalesce(chained, false) = false
group by component_no

-- name: chain_parts
-- Takes: calls. Returns: one row per call in a session or trace, numbered by the chain it belongs to.
select
  component_no,
  thread,
  chained,
  sum(case when chained then 0 else 1 end) over (
    partition by thread order by started_us, request_no rows between unbounded preceding and current row
  ) as chain_no
from calls
where thread is not null and chained is not null

-- name: chain_shape
-- Takes: chain_parts. Returns: share of calls that follow another at once, and the length of the chain a call is in.
select
  p.component_no,
  cast(count(case when p.chained then 1 end) as double) / count(*) as chained_share,
  cast(percentile_disc(0.5) within group (order by d.depth) as bigint) as chain_depth_p50,
  cast(percentile_disc(0.9) within group (order by d.depth) as bigint) as chain_depth_p90
from chain_parts p
join (select thread, chain_no, count(*) as depth from chain_parts group by thread, chain_no) d
  on d.thread = p.thread and d.chain_no = p.chain_no
group by p.component_no

-- name: trace_shape
-- Takes: calls, requests. Returns: calls of the component in a trace, the share that start before the call before them in
-- the trace has ended (a fan-out; NULL = no duration logged), and how long after the start of that call they start. Unit:
-- microseconds; NULL = no trace logged, or first calls alone.
select
  component_no,
  cast(percentile_disc(0.5) within group (order by trace_calls) as bigint) as trace_calls_p50,
  cast(count(case when beside then 1 end) as double) / nullif(count(beside), 0) as fan_out_share,
  cast(percentile_disc(0.5) within group (order by later_us) as bigint) as later_us_p50
from (
  select
    component_no,
    count(*) over (partition by component_no, trace_id) as trace_calls,
    started_us < lag(ended_us) over (partition by trace_id order by started_us, request_no) as beside,
    started_us - lag(started_us) over (partition by trace_id order by started_us, request_no) as later_us
  from (
    select c.component_no, c.request_no, c.started_us, c.ended_us, r.trace_id
    from calls c
    join requests r on r.request_no = c.request_no
    where r.trace_id is not null
  ) traced
) placed
group by component_no

-- name: retry_shape
-- Takes: calls, requests. Returns: share of requests that repeat the prompt before them, which had failed, within 300 s.
select
  component_no,
  cast(count(case when former_status = 'error' and started_us - former_us <= 300000000 then 1 end) as double) / count(*)
    as retry_share
from (
  select
    c.component_no,
    c.started_us,
    lag(c.started_us) over (partition by c.component_no, r.prompt_hash order by c.started_us, c.request_no) as former_us,
    lag(r.status) over (partition by c.component_no, r.prompt_hash order by c.started_us, c.request_no) as former_status
  from calls c
  join requests r on r.request_no = c.request_no
  where r.prompt_hash is not null
) repeated
group by component_no

-- name: features
-- Takes: components and all of the above. Returns: one row per component. Unit: see features.py.
select
  k.component_no,
  k.workload,
  k.component,
  lower(case when k.component in ('all calls', '(other)') then k.workload else k.workload || ' ' || k.component end)
    as name,
  k.request_share,
  d.requests,
  d.days,
  d.span_days,
  d.input_tokens,
  d.output_tokens,
  d.trigger_user_share,
  d.trigger_schedule_share,
  d.trigger_queue_share,
  d.trigger_event_share,
  d.awaited_share,
  d.not_awaited_share,
  d.needed_within_s_p10,
  d.needed_within_s_p50,
  d.read_share,
  d.read_delay_s_p10,
  d.read_delay_s_p50,
  d.destination,
  d.streamed_share,
  d.first_token_share,
  d.cancelled_share,
  d.batch_share,
  d.tools_share,
  d.messages_p50,
  d.users,
  d.browser_share,
  d.cli_share,
  d.sdk_share,
  d.coding_agent_share,
  d.human_turn_share,
  s.sessions,
  s.turns_per_session_p50,
  t.thinks,
  cast(t.think_us_p25 as double) / 1000000 as think_s_p25,
  cast(t.think_us_p50 as double) / 1000000 as think_s_p50,
  cast(t.think_us_p75 as double) / 1000000 as think_s_p75,
  h.chained_share,
  h.chain_depth_p50,
  h.chain_depth_p90,
  x.trace_calls_p50,
  x.fan_out_share,
  cast(x.later_us_p50 as double) / 1000000 as later_in_trace_s_p50,
  e.retry_share,
  r.runs,
  y.run_days,
  cast(r.run_us_p90 as double) / 1000000 as run_s_p90,
  r.requests_per_run_p50,
  cast(r.requests_in_largest_run as double) / d.requests as largest_run_share,
  r.active_share,
  p.phase_score,
  p.phase_r,
  cast(p.period_us as double) / 60000000 as phase_period_min,
  v.slot_score,
  v.slot_ratio,
  cast(v.width_us as double) / 60000000 as slot_min,
  o.wide_slot_score,
  o.wide_slot_ratio,
  q.off_share,
  q.other_share,
  m.kept_share,
  n.weekdays,
  n.hours_of_day,
  u.hour_repeat,
  y.runs_fano,
  cast(g.gap_us_p50 as double) / 1000000 as gap_s_p50,
  g.gap_cv,
  a.day_autocorrelation,
  b.burst_share,
  d.office_share,
  d.weekend_share
from components k
join declared_and_shape d on d.component_no = k.component_no
left join session_shape s on s.component_no = k.component_no
left join think_shape t on t.component_no = k.component_no
left join chain_shape h on h.component_no = k.component_no
left join trace_shape x on x.component_no = k.component_no
left join retry_shape e on e.component_no = k.component_no
left join run_shape r on r.component_no = k.component_no
left join phase_shape p on p.component_no = k.component_no
left join slot_shape v on v.component_no = k.component_no
left join wide_slot_shape o on o.component_no = k.component_no
left join other_work q on q.component_no = k.component_no
left join turns_kept m on m.component_no = k.component_no
left join working_time n on n.component_no = k.component_no
left join hour_repeat u on u.component_no = k.component_no
left join day_shape y on y.component_no = k.component_no
left join gap_shape g on g.component_no = k.component_no
left join hour_autocorrelation a on a.component_no = k.component_no
left join burst_shape b on b.component_no = k.component_no
order by k.component_no
