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
-- Returns: one row: requests, first and last start (UTC microseconds, NULL = none), reported cost (NULL = none said).
select count(*), min(started_us), max(started_us), sum(reported_cost_usd) from requests

-- name: signals
-- Returns: one row: requests that carry each signal (the column is not NULL).
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
