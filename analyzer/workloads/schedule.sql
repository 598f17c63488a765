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

-- name: run_times
-- Takes: runs. Returns: one row per run and width of slot, and one more, a day off, where its time of day lies within two
-- hours of midnight (`is_own` false). Times are scaled so that half a width is 1,800,000,000: one frame serves all widths.
select
  r.component_no,
  r.run_no,
  w.width_us,
  o.day_us = 0 as is_own,
  r.started_us * w.scale as start_scaled,
  (r.started_us % 86400000000 + o.day_us) * w.scale as time_scaled
from runs r
cross join (values (180000000, 20), (300000000, 12), (600000000, 6), (1200000000, 3)) as w(width_us, scale)
cross join (values (-86400000000), (0), (86400000000)) as o(day_us)
where r.started_us % 86400000000 + o.day_us between -7200000000 and 93600000000

-- name: run_partners
-- Takes: run_times. Returns: one row per run and width: how many runs of other days start within half a width of its time
-- of day (`same`), and how many a width do so 1 to 6 widths before and after (`near`, on average).
select
  component_no,
  run_no,
  width_us,
  times_same - starts_same as same,
  cast((times_far - times_near) - (starts_far - starts_near) as double) / 10 as near
from (
  select
    component_no,
    run_no,
    width_us,
    is_own,
    count(*) over (partition by component_no, width_us order by time_scaled
      range between 1800000000 preceding and 1800000000 following) as times_same,
    count(*) over (partition by component_no, width_us order by time_scaled
      range between 3600000000 preceding and 3600000000 following) as times_near,
    count(*) over (partition by component_no, width_us order by time_scaled
      range between 21600000000 preceding and 21600000000 following) as times_far,
    count(case when is_own then 1 end) over (partition by component_no, width_us order by start_scaled
      range between 1800000000 preceding and 1800000000 following) as starts_same,
    count(case when is_own then 1 end) over (partition by component_no, width_us order by start_scaled
      range between 3600000000 preceding and 3600000000 following) as starts_near,
    count(case when is_own then 1 end) over (partition by component_no, width_us order by start_scaled
      range between 21600000000 preceding and 21600000000 following) as starts_far
  from run_times
) framed
where is_own

-- name: slot_pairs
-- Takes: run_partners. Returns: per component and width: pairs of runs on different days within half a width of the same
-- time of day (`same`), and how many there would be if the runs were shuffled among the times around, but never fewer than
-- if they were spread over the whole day (`chance`).
select
  component_no,
  width_us,
  same,
  case when near > spread then near else spread end as chance
from (
  select
    component_no,
    width_us,
    cast(sum(same) as double) / 2 as same,
    sum(near) / 2 as near,
    cast(count(*) as double) * (count(*) - 1) / 2 * width_us / 86400000000 as spread
  from run_partners
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
-- Takes: runs, phase_shape. Returns: run starts in each twelfth of the best period of their component.
select component_no, (phase_us - phase_us % (period_us / 12)) / (period_us / 12) as bin, count(*) as runs
from (
  select r.component_no, p.period_us, r.started_us % p.period_us as phase_us
  from runs r
  join phase_shape p on p.component_no = r.component_no
) phased
group by component_no, (phase_us - phase_us % (period_us / 12)) / (period_us / 12)

-- name: phase_thirds
-- Takes: phase_bins. Returns: run starts in each third of the period, one row per twelfth that such a third begins with.
select b.component_no, s.bin, sum(case when (b.bin - s.bin + 12) % 12 < 4 then b.runs else 0 end) as runs
from phase_bins b
cross join (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11)) as s(bin)
group by b.component_no, s.bin

-- name: phase_arcs
-- Takes: phase_thirds, phase_shape. Returns: per component its best period and the twelfth its fullest third begins with.
select p.component_no, p.period_us, t.bin
from phase_shape p
join (
  select component_no, bin, row_number() over (partition by component_no order by runs desc, bin) as place
  from phase_thirds
) t on t.component_no = p.component_no and t.place = 1

-- name: run_turns
-- Takes: runs, run_partners, phase_arcs. Returns: one row per run: its turn of the best period, and whether it keeps to the
-- schedule: it starts in the fullest third of the period, or in a slot (2 runs of other days or more are with it at some
-- width, 3 times those around).
select
  r.component_no,
  r.run_no,
  r.started_us - r.started_us % 86400000000 as day_us,
  r.requests,
  (r.started_us - a.bin * a.period_us / 12) - (r.started_us - a.bin * a.period_us / 12) % a.period_us as turn_us,
  a.period_us,
  slotted.run_no is not null
    or ((r.started_us % a.period_us - r.started_us % (a.period_us / 12)) / (a.period_us / 12) - a.bin + 12) % 12 < 4
    as is_kept
from runs r
join phase_arcs a on a.component_no = r.component_no
left join (
  select distinct component_no, run_no from run_partners where same >= 2 and same + 1 >= 3 * near
) slotted on slotted.component_no = r.component_no and slotted.run_no = r.run_no

-- name: turns_taken
-- Takes: run_turns. Returns: the share of the turns, from first to last, that a run keeps.
select
  component_no,
  count(distinct case when is_kept then turn_us end)
    / (cast(max(turn_us) - min(turn_us) as double) / max(period_us) + 1) as taken_share
from run_turns
group by component_no

-- name: stray_runs
-- Takes: run_turns, turns_taken, phase_shape. Returns: the runs off the schedule. Where the runs gather in the period
-- (n * R^2 10) and 30 % of its turns are kept, a run in a turn that no other keeps is its own, late.
select component_no, run_no, day_us, requests
from (
  select
    r.*,
    t.taken_share >= 0.3 and p.phase_score >= 10 as has_turns,
    bool_or(r.is_kept) over (partition by r.component_no, r.turn_us) as is_turn_kept
  from run_turns r
  join turns_taken t on t.component_no = r.component_no
  join phase_shape p on p.component_no = r.component_no
) marked
where not is_kept and (is_turn_kept or not has_turns)

-- name: off_schedule
-- Takes: stray_runs. Returns: per component the runs off the schedule; no row = none. day_squares: sum of the squares of
-- the runs off the schedule a day.
select
  component_no,
  cast(sum(runs) as bigint) as runs,
  cast(sum(requests) as bigint) as requests,
  cast(sum(runs * runs) as double) as day_squares
from (
  select component_no, day_us, count(*) as runs, sum(requests) as requests
  from stray_runs
  group by component_no, day_us
) days
group by component_no

-- name: run_sizes
-- Takes: runs. Returns: number of runs, requests in them and their squares, per component.
select component_no, count(*) as runs, cast(sum(requests) as double) as requests,
  cast(sum(requests * requests) as double) as squares
from runs
group by component_no

-- name: other_work
-- Takes: run_sizes, off_schedule, phase_shape, slot_shape, day_shape. Returns: the share of requests that come off the
-- schedule (off_share), and the same where they are other work, not the job's own late runs (other_share; 0 = nothing says
-- so). Other work are 14 runs or more where the schedule is sharp (R 0.7, or days that repeat slots 12 times as often as
-- chance), or that are more than 1.5 a day and 15 % of all, or that come in heaps (variance of their number a day over
-- twice its mean); and 6 runs or more of another size than those on it (the means 2.25 standard errors apart; 5.0625 =
-- 2.25^2).
select
  component_no,
  round(off_requests / requests, 6) as off_share,
  round(case
    when off_runs >= 14 and (phase_r >= 0.7 or slot_ratio >= 12 or off_runs > greatest(1.5 * span_days, 0.15 * runs)
      or day_squares / span_days - off_a_day * off_a_day > 2 * off_a_day) then off_requests / requests
    when off_runs >= 6 and apart * apart > 5.0625 * variance * (1.0 / off_runs + 1.0 / on_runs)
      then off_requests / requests
    else 0 end, 6) as other_share
from (
  select
    s.component_no,
    s.runs,
    s.requests,
    coalesce(o.runs, 0) as off_runs,
    cast(coalesce(o.runs, 0) as double) / d.span_days as off_a_day,
    cast(coalesce(o.requests, 0) as double) as off_requests,
    o.day_squares,
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
