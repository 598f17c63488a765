-- Which key of a log tells the waiting calls of a workload from the others. A key is a column of `named_requests` or a tag;
-- its values become a few parts. Two things separate parts: what the requests say of waiting (their signs), and a part
-- that keeps to a schedule beside others that do not. What a part is, the rules judge afterwards.

-- name: tag_names
-- Takes: owned. Returns: the names of the tags on most requests, at most {tag_limit}; those read otherwise are left out.
select name
from (select unnest(map_keys(tags)) as name from owned where tags is not null) named
where name not in ({read_otherwise})
group by name
order by count(*) desc, name
limit {tag_limit}

-- name: key_values
-- Takes: named_requests, workload_shape. Returns: one row per workload, key and value that could split the workload.
-- place_no: the more nameable keys come first. kind: label (owners' own), plain, weak. part: the value as a part of its own;
-- NULL = it goes with the rest, unless owners named it or it is one of the eight largest and holds 5 % of the requests, or
-- 1 % and 14 of them (fewer show no rhythm). is_many: more than eight values are large enough.
select
  workload,
  key,
  place_no,
  kind,
  value,
  case when kind = 'label' or (is_enough and place <= 8)
    then coalesce(value, 'no ' || case when key like 'tag %' then substr(key, 5) else key end) end as part,
  count(case when is_enough then 1 end) over (partition by workload, key) > 8 as is_many,
  requests,
  signs,
  squares
from (
  select
    v.*,
    v.requests >= least(w.requests / 20, greatest(14, w.requests / 100)) as is_enough,
    row_number() over (partition by v.workload, v.key order by v.requests desc, v.value) as place
  from (
{key_counts}
  ) v
  join workload_shape w on w.workload = v.workload and w.shown_as = v.workload
) ranked

-- name: key_parts
-- Takes: key_values. Returns: one row per part of each key that has two parts or more.
select
  row_number() over (order by workload, place_no, key, part) as part_no,
  workload,
  key,
  place_no,
  part,
  needs_separation,
  requests,
  signs,
  squares
from (
  select
    workload,
    key,
    place_no,
    part,
    kind = 'weak' or (kind = 'plain' and is_many) as needs_separation,
    cast(sum(requests) as bigint) as requests,
    cast(sum(signs) as double) as signs,
    cast(sum(squares) as double) as squares,
    count(*) over (partition by workload, key) as parts
  from key_values
  group by workload, key, place_no, kind, part, is_many
) grouped
where parts > 1

-- name: value_parts
-- Takes: key_values, key_parts. Returns: the part of each value that may be large enough for a rhythm.
select v.workload, v.key, v.value, p.part_no
from key_values v
join key_parts p on p.workload = v.workload and p.key = v.key and coalesce(p.part, '') = coalesce(v.part, '')
where p.requests >= 14

-- name: pools
-- Takes: value_parts. Returns: one row per workload that has such parts: all its calls as a part of their own, which the
-- others are compared with.
select -row_number() over (order by workload) as part_no, workload
from (select distinct workload from value_parts) timed

-- name: pool_calls
-- Takes: named_requests, pools. Returns: the calls of the pools, as part_calls.
select p.part_no as component_no, n.request_no, n.started_us
from named_requests n
join pools p on p.workload = n.workload
where not n.is_report

-- name: part_calls
-- Takes: named_requests, value_parts. Returns: one row per part of one key and call in it, as the blocks of rhythm.sql take
-- them; the rows of reports are no calls.
select p.part_no as component_no, n.request_no, n.started_us
from named_requests n
join value_parts p on p.workload = n.workload and p.key = {key} and coalesce(p.value, '') = coalesce({value}, '')
where not n.is_report

-- name: part_timing
-- Takes: key_parts, pools, run_sizes, run_shape, phase_shape, slot_shape, wide_slot_shape, other_work, hour_repeat, day_shape.
-- Returns: per part the share of requests on its schedule; 0 where its timing shows none: 14 runs that come at any time, or
-- calls most of the time; NULL where it cannot be told, as in a mixture. The thresholds are those of the rules, and rise
-- with the number of parts of the workload that are looked at.
select
  component_no as part_no,
  case
    when runs >= 14 and is_scheduled then 1 - off_share
    when active_share > 0.5 then 0
    when runs >= 14 and off_share > 0.3 and phase_score < 10 and (slot_score < 5 or slot_ratio < 2) then 0
  end as on_schedule
from (
  select
    s.component_no,
    s.runs,
    r.active_share,
    o.off_share,
    p.phase_score,
    v.slot_score,
    v.slot_ratio,
    o.other_share < 0.02 and (
      (o.off_share <= 0.35 and (
        (r.active_share <= 0.8 and p.phase_score >= 10 + ln(k.parts) and p.phase_r >= 0.3)
        or (r.active_share <= 0.5 and v.slot_score >= 5 + 2 * ln(k.parts) and v.slot_ratio >= 2)
        or (r.active_share <= 0.3 and w.wide_slot_score >= 30 + 5 * ln(k.parts) and w.wide_slot_ratio >= 2)))
      or (r.active_share <= 0.15 and coalesce(u.hour_repeat, 0) >= 0.7 and d.runs_fano <= 0.25
        and d.run_days * 2 >= d.span_days)
    ) as is_scheduled
  from run_sizes s
  join (
    select part_no, count(*) over (partition by workload) as parts from key_parts where requests >= 14
    union all
    select part_no, 1 as parts from pools
  ) k on k.part_no = s.component_no
  join run_shape r on r.component_no = s.component_no
  join phase_shape p on p.component_no = s.component_no
  join slot_shape v on v.component_no = s.component_no
  join wide_slot_shape w on w.component_no = s.component_no
  join other_work o on o.component_no = s.component_no
  join day_shape d on d.component_no = s.component_no
  left join hour_repeat u on u.component_no = s.component_no
) shaped

-- name: part_strays
-- Takes: runs, stray_runs, pools, key_parts. Returns: per part its runs, and how many lie in a run of the whole that comes
-- off the schedule of the whole. 2 * start + 1 stands for a run of the whole off it, so that the latest is the greatest.
select part_no, count(*) as runs, sum(mark % 2) as strays
from (
  select
    part_no,
    max(mark) over (
      partition by workload order by started_us, part_no nulls first rows between unbounded preceding and current row
    ) as mark
  from (
    select o.workload, r.started_us, cast(null as bigint) as part_no,
      r.started_us * 2 + case when s.run_no is null then 0 else 1 end as mark
    from runs r
    join pools o on o.part_no = r.component_no
    left join stray_runs s on s.component_no = r.component_no and s.run_no = r.run_no
    union all
    select k.workload, r.started_us, k.part_no, null as mark
    from runs r
    join key_parts k on k.part_no = r.component_no
  ) both_kinds
) marked
where part_no is not null
group by part_no

-- name: split_keys
-- Takes: key_parts, pools, part_timing, part_strays. Returns: one row per workload that can be split: the key that separates
-- best. Of the signs: eta squared, the share of their variance that lies between the parts. Of the timing the greatest of:
-- by how much the part that keeps best to a schedule keeps to it better than the one that does least; how well it keeps to
-- one where the whole shows none; and where the whole shows one, how much the runs off it differ between the parts (phi,
-- where chi squared is 9 or more, and 4 more for each part beyond two). In steps of a tenth; among equals the key whose
-- scheduled parts hold more of the requests, then the more nameable. Some keys split only where they separate.
select workload, key
from (
  select
    workload,
    key,
    row_number() over (partition by workload order by separation desc, on_schedule desc, place_no, key) as place
  from (
    select
      workload,
      key,
      place_no,
      needs_separation,
      round(greatest(
        coalesce((sum_squares - signs * signs / requests) / nullif(squares - signs * signs / requests, 0), 0),
        coalesce(most - least, 0),
        case when whole is null then coalesce(most, 0) else 0 end,
        case when whole > 0 and apart / nullif(strays / runs * (1 - strays / runs), 0) >= 4 * timed + 1
          then sqrt(apart / runs / (strays / runs * (1 - strays / runs))) else 0 end), 1) as separation,
      round(on_schedule, 1) as on_schedule
    from (
      select
        p.workload,
        p.key,
        p.place_no,
        p.needs_separation,
        cast(sum(p.requests) as double) as requests,
        sum(p.signs) as signs,
        sum(p.squares) as squares,
        sum(p.signs * p.signs / p.requests) as sum_squares,
        max(t.on_schedule) as most,
        min(t.on_schedule) as least,
        coalesce(sum(t.on_schedule * p.requests) / sum(p.requests), 0) as on_schedule,
        max(w.on_schedule) as whole,
        count(s.runs) as timed,
        cast(sum(s.runs) as double) as runs,
        nullif(cast(sum(s.strays) as double), 0) as strays,
        sum(cast(s.strays * s.strays as double) / s.runs) - cast(sum(s.strays) as double) * sum(s.strays) / sum(s.runs) as apart
      from key_parts p
      left join part_timing t on t.part_no = p.part_no
      left join part_strays s on s.part_no = p.part_no
      left join (
        select o.workload, s.on_schedule from pools o join part_timing s on s.part_no = o.part_no
      ) w on w.workload = p.workload
      group by p.workload, p.key, p.place_no, p.needs_separation
    ) summed
  ) separated
  where not needs_separation or separation >= 0.3
) ranked
where place = 1
