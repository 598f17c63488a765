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

-- name: part_calls
-- Takes: named_requests, value_parts. Returns: one row per part of one key and call in it, as the blocks of rhythm.sql take
-- them; the rows of reports are no calls.
select p.part_no as component_no, n.request_no, n.started_us
from named_requests n
join value_parts p on p.workload = n.workload and p.key = {key} and coalesce(p.value, '') = coalesce({value}, '')
where not n.is_report

-- name: part_timing
-- Takes: key_parts, run_sizes, run_shape, phase_shape, slot_shape, wide_slot_shape, other_work, hour_repeat, day_shape.
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
  join (select part_no, count(*) over (partition by workload) as parts from key_parts where requests >= 14) k
    on k.part_no = s.component_no
  join run_shape r on r.component_no = s.component_no
  join phase_shape p on p.component_no = s.component_no
  join slot_shape v on v.component_no = s.component_no
  join wide_slot_shape w on w.component_no = s.component_no
  join other_work o on o.component_no = s.component_no
  join day_shape d on d.component_no = s.component_no
  left join hour_repeat u on u.component_no = s.component_no
) shaped

-- name: split_keys
-- Takes: key_parts, part_timing. Returns: one row per workload that can be split: the key that separates best. Of the signs:
-- eta squared, the share of their variance that lies between the parts. Of the timing: by how much the part that keeps best
-- to a schedule keeps to it better than the one that does least. In steps of a tenth; among equals the key whose scheduled
-- parts hold more of the requests, then the more nameable. Some keys split only where they separate.
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
        coalesce(most - least, 0)), 1) as separation,
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
        coalesce(sum(t.on_schedule * p.requests) / sum(p.requests), 0) as on_schedule
      from key_parts p
      left join part_timing t on t.part_no = p.part_no
      group by p.workload, p.key, p.place_no, p.needs_separation
    ) summed
  ) separated
  where not needs_separation or separation >= 0.3
) ranked
where place = 1
