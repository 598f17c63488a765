-- What of the runs a clock could have started: phase of the hour, slots of the day, and what is left. Takes the tables of
-- rhythm.sql. All times integer microseconds, UTC. Thresholds of evidence stand in the rules, not here.

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

-- name: run_sizes
-- Takes: runs. Returns: number of runs, requests in them and their squares, per component.
select component_no, count(*) as runs, cast(sum(requests) as double) as requests,
  cast(sum(requests * requests) as double) as squares
from runs
group by component_no

-- name: other_work
-- Takes: run_sizes, off_schedule, phase_shape, slot_shape, day_shape. Returns: the share of requests that come off the
-- schedule and are other work, not its own late runs; 0 = nothing says so. Other work are 14 runs off it or more where the
-- schedule is sharp (R 0.7, or days that repeat slots 12 times as often as chance), or that are more than 1.5 a day, or
-- more than 30 % of the requests, or of another size (means of runs off and on it 2.5 standard errors apart; 6.25 = 2.5^2).
select
  component_no,
  round(case when off_runs >= 14 and (phase_r >= 0.7 or slot_ratio >= 12 or off_runs > 1.5 * span_days
    or off_requests > 0.3 * requests or apart * apart > 6.25 * variance * (1.0 / off_runs + 1.0 / on_runs))
    then off_requests / requests else 0 end, 6) as other_share
from (
  select
    s.component_no,
    s.requests,
    o.runs as off_runs,
    cast(o.requests as double) as off_requests,
    nullif(s.runs - o.runs, 0) as on_runs,
    o.requests / cast(o.runs as double) - (s.requests - o.requests) / nullif(s.runs - o.runs, 0) as apart,
    s.squares / s.runs - (s.requests / s.runs) * (s.requests / s.runs) as variance,
    p.phase_r,
    v.slot_ratio,
    d.span_days
  from run_sizes s
  join phase_shape p on p.component_no = s.component_no
  join slot_shape v on v.component_no = s.component_no
  join day_shape d on d.component_no = s.component_no
  left join off_schedule o on o.component_no = s.component_no
) measured

-- name: turns_kept
-- Takes: runs, phase_arcs, day_shape. Returns: of the days with runs, the share on which a turn of the best period (a time
-- of the day, one a period) has one; on average over the turns that have one on 3 days or more. NULL = there are none.
select t.component_no, round(avg(cast(t.days as double) / d.run_days), 6) as kept_share
from (
  select component_no, turn_us, count(distinct day_us) as days
  from (
    select
      r.component_no,
      (r.started_us - a.bin * a.period_us / 12) - (r.started_us - a.bin * a.period_us / 12) % 86400000000 as day_us,
      (r.started_us - a.bin * a.period_us / 12) % 86400000000 - (r.started_us - a.bin * a.period_us / 12) % a.period_us as turn_us
    from runs r
    join phase_arcs a on a.component_no = r.component_no
  ) turns
  group by component_no, turn_us
) t
join day_shape d on d.component_no = t.component_no
where t.days >= 3
group by t.component_no
