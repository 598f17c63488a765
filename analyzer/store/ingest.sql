-- How the records of some files of one format become rows. $into$ is the table they are for, $number$ its key.
-- All tables but that one, rejects, remarks and files are temporary.

-- name: staged
-- Returns: an empty table for the text of one chunk; it is emptied after each.
create or replace temp table staged (record_no bigint, text varchar)

-- name: places
-- Returns: an empty table: where each record stands. record_no counts over all files of the group.
create or replace temp table places (record_no bigint, file_id integer, line_no bigint)

-- name: damaged
-- Takes: staged, places. Returns: (file_id, line_no, reason) of records that are no JSON object.
select p.file_id, p.line_no,
  case when json_valid(s.text) then 'JSON, but no object' else 'not valid JSON (cut off or damaged)' end as reason
from staged s join places p on p.record_no = s.record_no
where not json_valid(s.text) or left(ltrim(s.text), 1) <> '{'
order by s.record_no

-- name: record
-- Takes: staged, $shape$. Returns: one struct a record.
create or replace temp view record as
select record_no, text, json_transform(text, $shape$) as r
from staged where json_valid(text) and left(ltrim(text), 1) = '{'

-- name: whole_files
-- Takes: the rows of all files, places. Returns: the same rows and where they stand.
create or replace temp table whole_files as
select w.*, p.file_id, p.line_no from ($whole$) w join places p on p.record_no = w.record_no

-- name: ranked
-- Takes: whole_files. Returns: each call's rows in order of preference and of reading, and what the audit has of it.
create or replace temp table ranked as
with keyed as (
  select * replace (
    case when starts_with(duplicate_key, '?')
      then $source || ':' || duplicate_key || '#'
        || row_number() over (partition by file_id, duplicate_key order by record_no, part_no)
      else duplicate_key end as duplicate_key)
  from whole_files
  where not is_context and reject_reason is null
),
placed as (
  select *,
    row_number() over (partition by duplicate_key order by duplicate_rank desc, record_no, part_no) as place,
    row_number() over (partition by duplicate_key order by record_no, part_no) as appearance
  from keyed
)
select p.*, q.$number$ as known_no, q.duplicate_rank as known_rank
from placed p left join $into$ q on q.duplicate_key = p.duplicate_key

-- name: counts
-- Takes: ranked, whole_files. Returns: (file_id, accepted, duplicates, context lines).
select file_id,
  count(*) filter (where is_new) as accepted,
  count(*) filter (where not is_new and not is_context) as duplicates,
  count(*) filter (where is_context) as context_lines
from (
  select file_id, appearance = 1 and known_no is null as is_new, false as is_context from ranked where part_no = 0
  union all
  select file_id, false, true from whole_files where part_no = 0 and is_context)
group by file_id

-- name: refused
-- Returns: (file_id, line_no, reason) of records the projection could not use.
select file_id, line_no, reject_reason from whole_files
where part_no = 0 and reject_reason is not null and not is_context order by record_no

-- name: remarks
-- Returns: (file_id, remark, count).
select file_id, remark, count(*) from (
  select file_id, unnest(remarks) as remark from whole_files where part_no = 0 and reject_reason is null)
group by file_id, remark order by file_id, remark

-- name: drop_outranked
-- Takes: ranked. Returns: nothing; a better copy replaces the one the audit has.
delete from $into$ where $number$ in (
  select known_no from ranked where place = 1 and known_no is not null and duplicate_rank > known_rank)

-- name: add_rows
-- Takes: ranked, $source, $columns$. Returns: nothing.
insert into $into$ ($number$, source, $columns$)
select (select coalesce(max($number$), 0) from $into$) + row_number() over (order by record_no, part_no, duplicate_key),
  $source, $columns$
from ranked where place = 1 and (known_no is null or duplicate_rank > known_rank)
