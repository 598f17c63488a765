-- What a trial asks of the job store in its folder (SQLite).

-- name: jobs
-- Returns: the name of every job, also of earlier judges.
select distinct job from items order by job

-- name: items
-- Takes: job. Returns: key of every item, and whether it is still to be sent.
select key, state = 'queued' as is_queued from items where job = :job
