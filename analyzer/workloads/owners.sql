-- The same usage seen through two streams (a log of calls, or one series of a report) is counted once.

-- name: streams
-- Takes: requests, usage_rollups, model_names. Returns: one row a record: which stream it stands in and the days it covers.
-- record_no = request_no, or -rollup_no. Unit: UTC microseconds at midnight. model NULL = not
-- logged, or not grouped by model.
select r.request_no as record_no, r.source as stream, r.source, false as is_report, r.provider,
  coalesce(m.model, nullif(r.raw_model, '')) as model, r.api_key,
  r.started_us - r.started_us % 86400000000 as first_day_us, r.started_us - r.started_us % 86400000000 as last_day_us
from requests r
join model_names m on m.raw_model = coalesce(r.raw_model, '') and m.provider = r.provider
union all
select -u.rollup_no, case when s.series > 1 then u.source || ' (' || u.series || ')' else u.source end,
  u.source, true, u.provider,
  coalesce(m.model, nullif(u.raw_model, '')), u.api_key, u.started_us - u.started_us % 86400000000,
  greatest(u.ended_us - 1, u.started_us) - greatest(u.ended_us - 1, u.started_us) % 86400000000
from usage_rollups u
join model_names m on m.raw_model = coalesce(u.raw_model, '') and m.provider = u.provider
join (select source, count(distinct series) as series from usage_rollups group by source) s on s.source = u.source

-- name: stream_days
-- Takes: streams. Returns: which stream has records of which model on which day.
select distinct stream, source, is_report, provider, model, day_us
from (select *, unnest(range(first_day_us, last_day_us + 1, 86400000000)) as day_us from streams) covered

-- name: report_overlaps
-- Takes: stream_days. Returns: days on which a report and another stream count the same model of the same provider.
select distinct a.stream, b.stream as other, a.source, b.source as other_source, a.provider, a.model, a.day_us
from stream_days a
join stream_days b on b.provider = a.provider and b.day_us = a.day_us and b.stream <> a.stream
where (a.is_report or b.is_report) and (a.model = b.model or a.model is null or b.model is null)

-- name: sized_calls
-- Takes: requests. Returns: calls that could be known again in another log. Unit: tokens, slots of 10 s.
select request_no, source, provider, api_key, started_us, output_tokens,
  uncached_input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens as input_tokens,
  (started_us - started_us % 10000000) / 10000000 as slot
from requests
where output_tokens > 0 and status <> 'error'

-- name: twins
-- Takes: sized_calls. Returns: pairs of calls of two logs with equal tokens that start within 10 s, each the nearest of
-- the other: (request_no, twin_no) with source < twin source.
select request_no, source, twin_no, twin_source, api_key, twin_key, started_us, input_tokens, output_tokens
from (
  select a.request_no, a.source, b.request_no as twin_no, b.source as twin_source, a.api_key, b.api_key as twin_key,
    a.started_us, a.input_tokens, a.output_tokens,
    row_number() over (partition by a.request_no, b.source order by abs(a.started_us - b.started_us), b.request_no) as near,
    row_number() over (partition by b.request_no, a.source order by abs(a.started_us - b.started_us), a.request_no)
      as near_twin
  from (select *, unnest([slot - 1, slot, slot + 1]) as near_slot from sized_calls) a
  join sized_calls b on b.slot = a.near_slot and b.input_tokens = a.input_tokens and b.output_tokens = a.output_tokens
    and b.provider = a.provider and a.source < b.source and abs(a.started_us - b.started_us) <= 10000000
) placed
where near = 1 and near_twin = 1

-- name: twin_sources
-- Takes: twins, sized_calls. Returns: pairs of logs with so many twins that chance does not explain them: at least 5 % of
-- the smaller log, of three sizes or more (or all of a small log).
select t.source, t.twin_source
from (
  select source, twin_source, count(*) as twins, count(distinct (input_tokens, output_tokens)) as sizes
  from twins group by source, twin_source
) t
join (select source, count(*) as calls from sized_calls group by source) a on a.source = t.source
join (select source, count(*) as calls from sized_calls group by source) b on b.source = t.twin_source
where t.twins * 20 >= least(a.calls, b.calls) and (t.sizes >= 3 or t.twins = least(a.calls, b.calls))

-- name: stream_keys
-- Takes: streams. Returns: one row a stream: the names of its keys.
select stream, coalesce(list(distinct api_key) filter (where api_key is not null), []) as api_keys
from streams group by stream

-- name: claims
-- Takes: streams, report_overlaps, twins, twin_sources. Returns: one row a record and stream that counts it too. api_keys:
-- the names of its key, of twins in both logs. is_twin: the other stream is known to have it under one of them.
select distinct s.record_no, s.stream, o.other, o.source, o.other_source, [s.api_key] as api_keys, false as is_twin, o.day_us
from streams s
join report_overlaps o on o.stream = s.stream and o.provider = s.provider and o.model is not distinct from s.model
  and o.day_us between s.first_day_us and s.last_day_us
union all
select t.request_no, t.source, t.twin_source, t.source, t.twin_source, [t.api_key, t.twin_key], true,
  t.started_us - t.started_us % 86400000000
from twins t join twin_sources p on p.source = t.source and p.twin_source = t.twin_source
union all
select t.twin_no, t.twin_source, t.source, t.twin_source, t.source, [t.api_key, t.twin_key], true,
  t.started_us - t.started_us % 86400000000
from twins t join twin_sources p on p.source = t.source and p.twin_source = t.twin_source

-- name: answered_claims
-- Takes: claims, owners, stream_keys. Returns: claims and each answer that fits them. An answer names a stream in full, or
-- by its format where the other stream is of another format. owns, other_owns: which of the two the answer names.
-- strange_key: a key of the answer, where the other stream has no usage under any of its names: which part of that stream is
-- the same usage is not known then.
select record_no, stream, other, day_us, place, owns, other_owns, strange_key
from (
  select c.*, o.place,
    list_contains(o.streams, c.stream) or (c.source <> c.other_source and list_contains(o.streams, c.source)) as owns,
    list_contains(o.streams, c.other) or (c.source <> c.other_source and list_contains(o.streams, c.other_source))
      as other_owns,
    case when not c.is_twin and not list_has_any(k.api_keys, o.api_keys) then o.api_keys[1] end as strange_key
  from claims c
  join stream_keys k on k.stream = c.other
  join owners o on (o.api_keys is null or list_has_any(o.api_keys, c.api_keys))
    and (o.from_us is null or c.day_us >= o.from_us) and (o.to_us is null or c.day_us < o.to_us)
) fitting
where owns or other_owns

-- name: judged_claims
-- Takes: claims, answered_claims, streams. Returns: the claims and who owns them by the first answer; owner NULL = nobody
-- said, or said it of a strange_key, or another stream owns only some of the days that one row of a report covers.
with judged as (
  select c.record_no, c.stream, c.other, c.day_us, a.strange_key,
    case when a.strange_key is not null then null when a.owns then c.stream when a.other_owns then c.other end as owner
  from claims c
  left join (
    select *, row_number() over (partition by record_no, other, day_us order by place) as turn from answered_claims
  ) a on a.record_no = c.record_no and a.other = c.other and a.day_us = c.day_us and a.turn = 1
),
days_elsewhere as (
  select j.record_no, count(distinct j.day_us) = (min(s.last_day_us) - min(s.first_day_us)) / 86400000000 + 1 as is_all
  from judged j join streams s on s.record_no = j.record_no
  where j.owner <> j.stream
  group by j.record_no
)
select j.record_no, j.stream, j.other, j.day_us, j.strange_key,
  case when j.owner <> j.stream and not e.is_all then null else j.owner end as owner
from judged j left join days_elsewhere e on e.record_no = j.record_no

-- name: unowned
-- Takes: judged_claims. Returns: pairs of streams that count the same usage and nobody said which owns it, with a strange
-- key and the stream that has none of that name.
select least(stream, other) as stream, greatest(stream, other) as other, min(day_us) as first_day_us,
  max(day_us) as last_day_us, count(distinct record_no) as records, min(strange_key) as strange_key,
  arg_min(other, strange_key) as keyless
from judged_claims where owner is null
group by least(stream, other), greatest(stream, other)
order by 1, 2

-- name: disowned
-- Takes: judged_claims. Returns: records that another stream counts.
select record_no, min(owner) as owner from judged_claims where owner <> stream group by record_no

-- name: owned
-- Takes: requests, usage_rollups, disowned. Returns: one row a record that counts, with the columns of both. calls: 1, or
-- what a report counted in its period (NULL = it does not count calls). request_no of a report's row is negative.
select r.*, cast(null as bigint) as ended_us, false as is_report, cast(1 as bigint) as calls
from requests r
where r.request_no not in (select record_no from disowned)
union all by name
select -u.rollup_no as request_no, true as is_report, u.requests as calls, u.source, u.started_us, u.ended_us, u.provider,
  u.raw_model, u.service_tier, u.speed, u.inference_geo, u.context_window, u.is_batch, u.uncached_input_tokens,
  u.cache_write_5m_tokens, u.cache_write_1h_tokens, u.cache_read_tokens, u.output_tokens, u.web_searches, u.workspace,
  u.api_key, u.application, u.user_hash, u.tags
from usage_rollups u
where -u.rollup_no not in (select record_no from disowned)

-- name: stream_names
-- Returns: every name that an answer may use.
select source from requests
union
select source from usage_rollups
union
select source || ' (' || series || ')' from usage_rollups
order by source

-- name: key_names
-- Returns: every key that an answer may name.
select distinct api_key
from (select api_key from requests union select api_key from usage_rollups) keys
where api_key is not null
order by api_key
