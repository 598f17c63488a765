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

-- name: phase_shape
-- Takes: runs. Returns: per component the period under an hour in which the run starts gather most, n * R^2, and R, the
-- mean resultant length (0 spread evenly, 1 all at one phase).
select component_no, period_us, round(score, 6) as phase_score, round(sqrt(score / runs), 6) as phase_r
from (
  select
    component_no,
    period_us,
    runs,
    runs * (mean_cos * mean_cos + mean_sin * mean_sin) as score,
    row_number() over (
      partition by component_no order by round(runs * (mean_cos * mean_cos + mean_sin * mean_sin), 6) desc, period_us
    ) as place
  from (
    select
      r.component_no,
      p.period_us,
      count(*) as runs,
      avg(cos(6.283185307179586 * (r.started_us % p.period_us) / p.period_us)) as mean_cos,
      avg(sin(6.283185307179586 * (r.started_us % p.period_us) / p.period_us)) as mean_sin
    from runs r
    cross join (values (600000000), (900000000), (1200000000), (1800000000), (3600000000)) as p(period_us)
    group by r.component_no, p.period_us
  ) means
) ranked
where place = 1

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

-- name: run_slots
-- Takes: runs. Returns: one row per run and width of slot: the slot of the day it starts in. Unit: microseconds; slots are
-- counted from midnight UTC.
select
  r.component_no,
  r.run_no,
  w.width_us,
  r.started_us - r.started_us % 86400000000 as day_us,
  (r.started_us % 86400000000 - r.started_us % w.width_us) / w.width_us as slot
from runs r
cross join (values (180000000), (300000000), (600000000), (1200000000)) as w(width_us)

-- name: slot_days
-- Takes: run_slots. Returns: one row per component, width of slot and slot of the day: on how many days a run starts in it.
select component_no, width_us, slot, count(distinct day_us) as days
from run_slots
group by component_no, width_us, slot

-- name: slot_near
-- Takes: slot_days. Returns: one row per component, width and slot: days with a run in the slots 2 to 6 before and after,
-- on average a slot; NULL = none.
select
  a.component_no,
  a.width_us,
  a.slot,
  max(a.days) as days,
  cast(sum(b.days) as double) / 10 as near_days
from slot_days a
cross join (values (-6), (-5), (-4), (-3), (-2), (2), (3), (4), (5), (6)) as l(slots)
left join slot_days b
  on b.component_no = a.component_no and b.width_us = a.width_us
  and b.slot = (a.slot + l.slots + 86400000000 / a.width_us) % (86400000000 / a.width_us)
group by a.component_no, a.width_us, a.slot

-- name: hot_slots
-- Takes: slot_near. Returns: the slots with runs on 3 days or more and on 3 times those of the slots around.
select component_no, width_us, slot, days
from slot_near
where days >= 3 and days >= 3 * coalesce(near_days, 0)

-- name: slot_pairs
-- Takes: slot_near. Returns: per component and width: pairs of days with a run in the same slot (`same`); what they would
-- be if the runs were shuffled among the slots around, but never less than if spread over the whole day (`chance`); and
-- the share of runs in hot slots, which have 3 days or more and 3 times those of the slots around.
select
  component_no,
  width_us,
  same,
  case when near > spread then near else spread end as chance,
  hot_share
from (
  select
    component_no,
    width_us,
    cast(sum(days * (days - 1)) as double) as same,
    coalesce(sum(days * near_days), 0) as near,
    cast(sum(days) as double) * (sum(days) - 1) * width_us / 86400000000 as spread,
    cast(sum(case when days >= 3 and days >= 3 * coalesce(near_days, 0) then days else 0 end) as double) / sum(days)
      as hot_share
  from slot_near
  group by component_no, width_us
) summed

-- name: slot_scores
-- Takes: slot_pairs. Returns: log likelihood ratio of the pairs, same * ln(same / chance) - (same - chance), 0 where there
-- are no more than chance gives; and same / chance.
select
  component_no,
  width_us,
  round(case when same > chance then same * ln(same / chance) - (same - chance) else 0 end, 6) as slot_score,
  round(same / nullif(chance, 0), 6) as slot_ratio
from slot_pairs

-- name: slot_shape
-- Takes: slot_scores. Returns: per component the width of up to 10 minutes at which the days repeat one another most.
select component_no, width_us, slot_score, slot_ratio
from (
  select
    component_no,
    width_us,
    slot_score,
    slot_ratio,
    row_number() over (partition by component_no order by slot_score desc, width_us) as place
  from slot_scores
  where width_us <= 600000000
) ranked
where place = 1

-- name: wide_slot_shape
-- Takes: slot_scores. Returns: per component the same for slots of 20 minutes, for schedules that start late or early.
select component_no, slot_score as wide_slot_score, slot_ratio as wide_slot_ratio
from slot_scores
where width_us = 1200000000

-- name: phase_bins
-- Takes: runs. Returns: run starts in each twelfth of each period of 10, 15, 20, 30 and 60 minutes.
select component_no, period_us, (phase_us - phase_us % (period_us / 12)) / (period_us / 12) as bin, count(*) as runs
from (
  select r.component_no, p.period_us, r.started_us % p.period_us as phase_us
  from runs r
  cross join (values (600000000), (900000000), (1200000000), (1800000000), (3600000000)) as p(period_us)
) phased
group by component_no, period_us, (phase_us - phase_us % (period_us / 12)) / (period_us / 12)

-- name: phase_thirds
-- Takes: phase_bins. Returns: run starts in each third of each period, one row per twelfth that such a third begins with.
select
  b.component_no,
  b.period_us,
  s.bin,
  sum(case when (b.bin - s.bin + 12) % 12 < 4 then b.runs else 0 end) as runs,
  sum(b.runs) as all_runs
from phase_bins b
cross join (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11)) as s(bin)
group by b.component_no, b.period_us, s.bin

-- name: explained_runs
-- Takes: phase_thirds, slot_pairs. Returns: the share of run starts that a schedule could account for: the larger of those
-- in hot slots (at the best width) and those above the floor of the best period, which is three times the emptiest third.
select component_no, round(max(share), 6) as explained_share
from (
  select component_no, hot_share as share
  from slot_pairs
  union all
  select component_no, 1 - 3 * cast(min(runs) as double) / max(all_runs) as share
  from phase_thirds
  group by component_no, period_us
) shares
group by component_no

-- name: phase_arcs
-- Takes: phase_thirds, phase_shape. Returns: per component its best period and the twelfth its fullest third begins with.
select component_no, period_us, bin
from (
  select t.component_no, t.period_us, t.bin,
    row_number() over (partition by t.component_no order by t.runs desc, t.bin) as place
  from phase_thirds t
  join phase_shape p on p.component_no = t.component_no and p.period_us = t.period_us
) ranked
where place = 1

-- name: off_schedule
-- Takes: runs, run_slots, hot_slots, phase_arcs. Returns: per component the runs, and the requests in them, that start
-- neither in a hot slot of any width nor in the fullest third of the best period; no row = none.
select r.component_no, count(*) as runs, cast(sum(r.requests) as bigint) as requests
from runs r
join phase_arcs a on a.component_no = r.component_no
left join (
  select distinct s.component_no, s.run_no
  from run_slots s
  join hot_slots h on h.component_no = s.component_no and h.width_us = s.width_us and h.slot = s.slot
) hot on hot.component_no = r.component_no and hot.run_no = r.run_no
where hot.run_no is null
  and ((r.started_us % a.period_us - r.started_us % (a.period_us / 12)) / (a.period_us / 12) - a.bin + 12) % 12 >= 4
group by r.component_no

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

-- name: other_work
-- Takes: run_shape, off_schedule, phase_shape, slot_shape, day_shape, components. Returns: the share of requests that come
-- off the schedule and are other work, not its own late runs; 0 = nothing says so. Other work are 14 runs off it or more
-- where the schedule is sharp (R 0.7, or days that repeat slots 12 times as often as chance), or that are more than 1.5 a
-- day, or more than 30 % of the requests, or a quarter larger than all the runs.
select
  component_no,
  round(case when off_runs >= 14 and (phase_r >= 0.7 or slot_ratio >= 12 or off_runs > 1.5 * span_days
    or off_share > 0.3 or off_share * runs >= 1.25 * off_runs) then off_share else 0 end, 6) as other_share
from (
  select
    r.component_no,
    r.runs,
    coalesce(o.runs, 0) as off_runs,
    coalesce(cast(o.requests as double) / k.requests, 0) as off_share,
    p.phase_r,
    v.slot_ratio,
    d.span_days
  from run_shape r
  join components k on k.component_no = r.component_no
  join phase_shape p on p.component_no = r.component_no
  join slot_shape v on v.component_no = r.component_no
  join day_shape d on d.component_no = r.component_no
  left join off_schedule o on o.component_no = r.component_no
) measured

-- name: burst_shape
-- Takes: calls. Returns: share of requests that fall in a 10 s bucket with at least 20 of them. Unit: 0 to 1.
select component_no, cast(sum(case when requests >= 20 then requests else 0 end) as double) / sum(requests) as burst_share
from (
  select component_no, started_us - started_us % 10000000 as bucket_us, count(*) as requests
  from calls
  group by component_no, started_us - started_us % 10000000
) buckets
group by component_no
