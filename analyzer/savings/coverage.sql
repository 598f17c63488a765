-- What was read and what was not.

-- name: files
-- Returns: one row a file, in the order of reading.
select path, source, lines, accepted, duplicates, rejected, context_lines from files order by file_id

-- name: remarks
-- Returns: path of the file, remark, count.
select f.path, r.remark, cast(sum(r.count) as bigint) as count
from remarks as r join files as f on f.file_id = r.file_id
group by f.path, r.remark order by f.path, r.remark

-- name: reject_reasons
-- Returns: reason, records; the commonest first.
select reason, count(*) as rejected from rejects group by reason order by rejected desc, reason

-- name: totals
-- Takes: owned, requests. Returns: one row: calls (of logs, and those that reports count), first start and last instant
-- (UTC microseconds, NULL = none), rows of reports that count, those of them that cover several days, reported cost of the
-- logs (NULL = none said).
select
  cast(coalesce(sum(o.calls), 0) as bigint),
  min(o.started_us),
  max(greatest(o.started_us, o.ended_us - 1)),
  count(case when o.is_report then 1 end),
  count(case when o.ended_us > o.started_us - o.started_us % 86400000000 + 86400000000 then 1 end),
  sum(r.reported_cost_usd)
from owned o
left join requests r on r.request_no = o.request_no

-- name: seen_twice
-- Takes: disowned, requests, usage_rollups. Returns: format, the stream that owns, records that it counts instead.
select s.source, d.owner, count(*) as records
from disowned d
join (select request_no as record_no, source from requests union all select -rollup_no, source from usage_rollups) s
  on s.record_no = d.record_no
group by s.source, d.owner
order by records desc, s.source, d.owner

-- name: signals
-- Takes: requests, disowned. Returns: one row: calls that carry each signal (the column is not NULL).
select
  count(is_streamed) as "streamed",
  count(first_token_s) as "first token",
  count(duration_s) as "duration",
  count(session_id) as "session",
  count(user_hash) as "user",
  count(trace_id) as "trace",
  count(prefix_hash) as "prompt shape",
  count(trigger) as "declared trigger",
  count(awaited) as "declared awaited",
  count(needed_within_s) as "deadline",
  count(read_us) as "read later",
  count(reported_cost_usd) as "reported cost"
from requests
where request_no not in (select record_no from disowned)
