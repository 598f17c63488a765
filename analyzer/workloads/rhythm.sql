-- Rhythm: calls collapsed into runs, and how regular the runs are. All times integer microseconds, UTC.
-- Thresholds that hold up on real schedules stand in the rules, not here.

-- name: runs
-- Takes: calls. Returns: one row per run; a new run starts after a gap of more than 300 s.
select
  component_no,
  run_no,
  min(started_us) as started_us,
  max(started_us) as last_us,
  count(*) as requests
from (
  select
    component_no,
    started_us,
    sum(case when former_us is null or started_us - former_us > 300000000 then 1 else 0 end) over (
      partition by component_no order by started_us, request_no
      rows between unbounded preceding and current row
    ) as run_no
  from (
    select
      component_no,
      request_no,
      started_us,
      lag(started_us) over (partition by component_no order by started_us, request_no) as former_us
    from calls
  ) spaced
) marked
group by component_no, run_no

-- name: run_gaps
-- Takes: runs. Returns: one row per run but the first. Unit: microseconds between the starts of neighbours.
select component_no, gap_us
from (
  select
    component_no,
    started_us - lag(started_us) over (partition by component_no order by started_us, run_no) as gap_us
  from runs
) neighbours
where gap_us is not null

-- name: gap_medians
-- Takes: run_gaps. Returns: one row per component.
select component_no, cast(percentile_disc(0.5) within group (order by gap_us) as bigint) as median_us
from run_gaps
group by component_no

-- name: gap_shape
-- Takes: run_gaps, gap_medians. Returns: median (microseconds) and robust coefficient of variation, 1.4826 * MAD / median.
select
  g.component_no,
  max(m.median_us) as gap_us_p50,
  round(1.4826 * cast(percentile_disc(0.5) within group (order by abs(g.gap_us - m.median_us)) as double)
    / max(m.median_us), 6) as gap_cv
from run_gaps g
join gap_medians m on m.component_no = g.component_no
group by g.component_no

-- name: active_hours
-- Takes: runs. Returns: one row per component, day and hour in which a run starts. Unit: midnight UTC; hour 0 to 23.
select
  component_no,
  started_us - started_us % 86400000000 as day_us,
  (started_us % 86400000000 - started_us % 3600000000) / 3600000000 as hour_of_day,
  count(*) as runs
from runs
group by component_no, started_us - started_us % 86400000000,
  (started_us % 86400000000 - started_us % 3600000000) / 3600000000

-- name: run_days
-- Takes: active_hours. Returns: one row per component and day.
select component_no, day_us, count(*) as hours, cast(sum(runs) as bigint) as runs
from active_hours
group by component_no, day_us

-- name: near_hours
-- Takes: active_hours. Returns: one row per component, day and hour in which, or next to which, a run starts.
select distinct a.component_no, a.day_us, (a.hour_of_day + 24 + o.hours) % 24 as hour_of_day
from active_hours a
cross join (values (-1), (0), (1)) as o(hours)

-- name: hour_repeat
-- Takes: run_days, active_hours, near_hours. Returns: share of active hours that the day before and the day after repeat
-- to within an hour, corrected for chance as Cohen's kappa: (seen - chance) / (1 - chance). Chance is a random shift of
-- that day: hours near its runs / 24. A day without runs repeats nothing. NULL = a single day, or runs in all hours.
select
  component_no,
  round((cast(sum(repeated) as double) - sum(chance)) / nullif(count(*) - sum(chance), 0), 6) as hour_repeat
from (
  select
    a.component_no,
    case when n.hour_of_day is null then 0 else 1 end as repeated,
    cast(coalesce(w.hours, 0) as double) / 24 as chance
  from active_hours a
  join (select component_no, min(day_us) as first_us, max(day_us) as last_us from run_days group by component_no) s
    on s.component_no = a.component_no
  cross join (values (-86400000000), (86400000000)) as o(day_us)
  left join near_hours n
    on n.component_no = a.component_no and n.day_us = a.day_us + o.day_us and n.hour_of_day = a.hour_of_day
  left join (select component_no, day_us, count(*) as hours from near_hours group by component_no, day_us) w
    on w.component_no = a.component_no and w.day_us = a.day_us + o.day_us
  where a.day_us + o.day_us between s.first_us and s.last_us
) compared
group by component_no

-- name: day_shape
-- Takes: run_days. Returns: days with runs, days from first to last, Fano factor (variance / mean) of runs a day, days
-- without runs counted as 0.
select
  component_no,
  run_days,
  span_days,
  round((squares / span_days - (runs / span_days) * (runs / span_days)) / (runs / span_days), 6) as runs_fano
from (
  select
    component_no,
    count(*) as run_days,
    cast(sum(runs) as double) as runs,
    cast(sum(runs * runs) as double) as squares,
    cast((max(day_us) - min(day_us)) / 86400000000 as bigint) + 1 as span_days
  from run_days
  group by component_no
) counted

-- name: hour_autocorrelation
-- Takes: runs. Returns: correlation of the runs an hour with those 24 hours later; NULL under 3 days. Unit: -1 to 1.
select
  h.component_no,
  round((h.pairs / (h.hours - 24) - h.mean * h.mean) / nullif(h.squares / h.hours - h.mean * h.mean, 0), 6)
    as day_autocorrelation
from (
  select
    a.component_no,
    cast(sum(a.runs * coalesce(b.runs, 0)) as double) as pairs,
    cast(sum(a.runs * a.runs) as double) as squares,
    cast(sum(a.runs) as double) / ((max(a.hour_us) - min(a.hour_us)) / 3600000000 + 1) as mean,
    (max(a.hour_us) - min(a.hour_us)) / 3600000000 + 1 as hours
  from (
    select component_no, started_us - started_us % 3600000000 as hour_us, count(*) as runs
    from runs group by component_no, started_us - started_us % 3600000000
  ) a
  left join (
    select component_no, started_us - started_us % 3600000000 as hour_us, count(*) as runs
    from runs group by component_no, started_us - started_us % 3600000000
  ) b on b.component_no = a.component_no and b.hour_us = a.hour_us + 86400000000
  group by a.component_no
) h
where h.hours >= 72

-- name: run_shape
-- Takes: runs. Returns: number, length, size and time share of the runs. Unit: microseconds, shares 0 to 1.
select
  component_no,
  count(*) as runs,
  cast(percentile_disc(0.9) within group (order by last_us - started_us) as bigint) as run_us_p90,
  cast(percentile_disc(0.5) within group (order by requests) as bigint) as requests_per_run_p50,
  max(requests) as requests_in_largest_run,
  round(cast(sum(last_us - started_us) as double) / nullif(max(last_us) - min(started_us), 0), 6) as active_share
from runs
group by component_no

-- name: burst_shape
-- Takes: calls. Returns: share of requests that fall in a 10 s bucket with at least 20 of them. Unit: 0 to 1.
select component_no, cast(sum(case when requests >= 20 then requests else 0 end) as double) / sum(requests) as burst_share
from (
  select component_no, started_us - started_us % 10000000 as bucket_us, count(*) as requests
  from calls
  group by component_no, started_us - started_us % 10000000
) buckets
group by component_no

-- name: working_time
-- Takes: active_hours. Returns: days of the week, and hours of the day (UTC), that hold 2 % of the run starts or more.
select
  component_no,
  count(case when what = 'weekday' and 50 * runs >= all_runs then 1 end) as weekdays,
  count(case when what = 'hour' and 50 * runs >= all_runs then 1 end) as hours_of_day
from (
  select component_no, what, place, runs, sum(runs) over (partition by component_no, what) as all_runs
  from (
    select component_no, 'weekday' as what, day_us % 604800000000 as place, sum(runs) as runs
    from active_hours group by component_no, day_us % 604800000000
    union all
    select component_no, 'hour' as what, hour_of_day as place, sum(runs) as runs
    from active_hours group by component_no, hour_of_day
  ) counted
) summed
group by component_no
