-- Which component a logged call belongs to.

-- name: components
-- Takes: requests, calls; $numbers, $ids, $lines: number, request id (NULL = none) and line of each logged call;
-- $digest: sha256 of the log. Returns: one row per call that the audit has and that was answered.
with logged as materialized (
  select unnest($numbers::integer[]) as number, unnest($ids::varchar[]) as id, unnest($lines::bigint[]) as line_no
)
select l.number, min(c.component_no) as component_no
from logged l
join requests r on r.request_id = l.id
join calls c on c.request_no = r.request_no
where r.status = 'ok'
group by l.number
union all
select l.number, min(c.component_no) as component_no
from logged l
join requests r on r.line_no = l.line_no
join files f on f.file_id = r.file_id
join calls c on c.request_no = r.request_no
where l.id is null and r.status = 'ok' and f.content_hash = $digest
group by l.number
