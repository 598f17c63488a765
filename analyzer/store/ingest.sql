-- How one file's records become requests. All tables but requests, rejects, remarks and files are temporary.

-- name: staged
-- Returns: an empty table for the text of one chunk; it is emptied after each.
create or replace temp table staged (line_no bigint, text varchar)

-- name: damaged
-- Takes: staged. Returns: (line_no, reason) of records that are no JSON object.
select line_no, case when json_valid(text) then 'JSON, but no object' else 'not valid JSON (cut off or damaged)' end as reason
from staged where not json_valid(text) or left(ltrim(text), 1) <> '{'
order by line_no

-- name: record
-- Takes: staged, $shape$. Returns: one struct a record.
create or replace temp view record as
select line_no, text, json_transform(text, $shape$) as r
from staged where json_valid(text) and left(ltrim(text), 1) = '{'

-- name: ranked
-- Takes: the projected rows of a file. Returns: each call's rows in order of preference, and what the audit has of it.
create or replace temp table ranked as
with keyed as (
  select * replace (
    case when starts_with(duplicate_key, '?')
      then $source || ':' || duplicate_key || '#' || row_number() over (partition by duplicate_key order by line_no, part_no)
      else duplicate_key end as duplicate_key)
  from whole_file
  where not is_context and reject_reason is null
),
placed as (
  select *, row_number() over (partition by duplicate_key order by duplicate_rank desc, line_no, part_no) as place
  from keyed
)
select p.*, q.request_no as known_no, q.duplicate_rank as known_rank
from placed p left join requests q on q.duplicate_key = p.duplicate_key

-- name: counts
-- Returns: accepted, duplicates, context lines, rejected (of the projection).
select
  (select count(*) from ranked where part_no = 0 and place = 1 and known_no is null) as accepted,
  (select count(*) from ranked where part_no = 0 and not (place = 1 and known_no is null)) as duplicates,
  (select count(*) from whole_file where part_no = 0 and is_context) as context_lines

-- name: refused
-- Returns: (line_no, reason) of records the projection could not use.
select line_no, reject_reason from whole_file
where part_no = 0 and reject_reason is not null and not is_context order by line_no

-- name: remarks
-- Returns: (remark, count).
select remark, count(*) from (
  select unnest(remarks) as remark from whole_file where part_no = 0 and reject_reason is null)
group by remark order by remark

-- name: drop_outranked
-- Takes: ranked. Returns: nothing; a better copy replaces the one the audit has.
delete from requests where request_no in (
  select known_no from ranked where place = 1 and known_no is not null and duplicate_rank > known_rank)

-- name: add_requests
-- Takes: ranked, $file_id, $source, $columns$. Returns: nothing.
insert into requests (request_no, source, file_id, $columns$)
select (select coalesce(max(request_no), 0) from requests) + row_number() over (order by line_no, part_no, duplicate_key),
  $source, $file_id, $columns$
from ranked where place = 1 and (known_no is null or duplicate_rank > known_rank)
