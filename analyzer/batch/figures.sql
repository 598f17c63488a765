-- What status, caps and the choice of a route ask.

-- name: sent_twice
-- Takes: job. Returns: batches that were assumed absent and exist, or may (provider_id NULL), and nobody has dismissed.
select provider_id, item_count, high_pico, reason from batches
where job = :job and state = 'absent' and (provider_id is not null or may_exist) and reason is not null order by batch_no

-- name: is_known_batch
-- Takes: provider_id. Returns: 0 for one that may be a batch in doubt.
select (select count(*) from batches where provider_id = :provider_id)
  + (select count(*) from strangers where provider_id = :provider_id) as known

-- name: spend
-- Takes: job, since_us. Returns: pico-dollars of what was intended since: by usage where collected, else the high estimate.
-- What was assumed absent counts where it exists, or may.
select coalesce(sum(case
  when state = 'collected' and unpriced = 0 then actual_pico
  when state = 'collected' then max(coalesce(actual_pico, 0), coalesce(high_pico, 0))
  else high_pico end), 0) as pico
from batches
where job = :job and intended_us >= :since_us and state <> 'refused'
  and (state <> 'absent' or provider_id is not null or may_exist)

-- name: last_batch
-- Takes: job, kind. Returns: how the last one of the kind went, if there is one.
select state, item_count, ended_us, reason, retry_at_us, is_lasting from batches where job = :job and kind = :kind order by batch_no desc limit 1

-- name: with_provider
-- Returns: items of all jobs that the provider holds or may hold.
select coalesce(sum(item_count), 0) as items from batches
where kind = 'batch' and ended_us is null and state in ('intent', 'submitted', 'in-doubt')

-- name: warm_batches
-- Takes: job, since_us. Returns: how many batches ended since.
select count(*) as warm from batches
where job = :job and kind = 'batch' and state = 'collected' and ended_us >= :since_us

-- name: batch_urgency
-- Takes: job. Returns: batches with the provider, their age basis, and the nearest deadline of what they hold.
select b.batch_no, b.provider_id, b.created_us, min(i.needed_by_us) as needed_by_us, count(*) as items
from batches b join sendings s on s.batch_no = b.batch_no join items i on i.item_no = s.item_no
where b.job = :job and b.kind = 'batch' and b.state = 'submitted' and b.canceler is null and i.needed_by_us is not null
group by b.batch_no, b.provider_id, b.created_us

-- name: queued_on
-- Takes: job, route. Returns: items that wait to be sent that way.
select count(*) as items from items where job = :job and state = 'queued' and route = :route

-- name: refused_readings
-- Takes: job. Returns: batches whose results the provider refuses to give, for a reason that will last.
select provider_id, reason from batches where job = :job and state = 'submitted' and is_lasting = 1 order by batch_no

-- name: turnarounds
-- Takes: count. Returns: microseconds from creation to end of the last batches of all jobs that ran to their end, ascending.
select took_us from (
  select ended_us - created_us as took_us from batches
  where kind = 'batch' and state = 'collected' and canceler is null and ended_us is not null and created_us is not null
  order by batch_no desc limit :count)
order by took_us

-- name: turnaround_sample
-- Takes: count. Returns: the last batches of all jobs that nobody canceled but the guard: microseconds from creation to
-- end; NULL = not back: the guard gave it up, or items of it expired.
select case when b.canceler is null and not exists (
    select 1 from sendings s where s.batch_no = b.batch_no and s.outcome = 'expired') then b.ended_us - b.created_us end as took_us
from batches b
where b.kind = 'batch' and b.state = 'collected' and b.canceler is not 'person'
  and b.ended_us is not null and b.created_us is not null
order by b.batch_no desc limit :count

-- name: direct_seconds
-- Returns: how long the last direct calls took on average, microseconds, and how many they were.
select avg(took_us) as took_us, count(*) as calls from (
  select ended_us - created_us as took_us from batches
  where kind = 'direct' and state = 'collected' order by batch_no desc limit 100)

-- name: counts
-- Takes: job. Returns: items by state.
select state, count(*) as items from items where job = :job group by state

-- name: doubted_items
-- Takes: job. Returns: items of batches that are in doubt.
select coalesce(sum(item_count), 0) as items from batches where job = :job and state = 'in-doubt'

-- name: intents
-- Takes: job. Returns: who sends how many items just now.
select holder, item_count from batches where job = :job and state = 'intent' and kind = 'batch'

-- name: money
-- Takes: job. Returns: pico-dollars estimated, batches that have no estimate, and calls whose answer was lost.
select
  sum(low_pico) as low_pico, sum(base_pico) as base_pico, sum(high_pico) as high_pico,
  coalesce(sum(base_pico is null), 0) as unpriced_batches,
  coalesce(sum(state = 'lost'), 0) as lost_calls,
  coalesce(sum(case when state = 'lost' then high_pico end), 0) as lost_pico
from batches where job = :job and state not in ('refused', 'absent')

-- name: usage
-- Takes: job. Returns: what answers cost in each mode and their tokens; `guard` only what was sent alone.
select
  coalesce(sum(case when b.kind = 'direct' then s.direct_pico else s.batch_pico end), 0) as paid_pico,
  coalesce(sum(s.direct_pico), 0) as direct_pico,
  coalesce(sum(case when b.kind = 'direct' then s.direct_pico - s.batch_pico end), 0) as guard_pico,
  coalesce(sum(b.kind = 'direct' and s.outcome = 'succeeded'), 0) as guard_items,
  coalesce(sum(s.outcome = 'succeeded' and s.batch_pico is null), 0) as unpriced,
  coalesce(sum(s.input_tokens), 0) as input_tokens, coalesce(sum(s.write_tokens), 0) as write_tokens,
  coalesce(sum(s.read_tokens), 0) as read_tokens, coalesce(sum(s.output_tokens), 0) as output_tokens
from sendings s join batches b on b.batch_no = s.batch_no where b.job = :job

-- name: ages
-- Takes: job, now_us, expiring_us. Returns: the oldest waiting item and batch, late items, batches near the end of their results.
select
  (select min(enqueued_us) from items where job = :job and state = 'queued') as queued_us,
  (select min(created_us) from batches where job = :job and state = 'submitted') as batch_us,
  (select count(*) from items where job = :job and needed_by_us < :now_us
     and state in ('queued', 'claimed', 'submitted', 'succeeded')) as overdue,
  (select count(*) from batches where job = :job and state = 'submitted' and created_us < :expiring_us) as expiring

-- name: delivery_trouble
-- Takes: job. Returns: failures of the delivery under way, if any.
select failures, reason from deliveries where job = :job and is_pending = 1 order by failures desc limit 1

-- name: dead_items
-- Takes: job, count. Returns: the first dead items.
select key, reason from items where job = :job and state = 'dead' order by item_no limit :count

-- name: odd_results
-- Takes: job. Returns: results that nobody sent, and second ones.
select coalesce(sum(strange_results), 0) as strange, coalesce(sum(duplicate_results), 0) as duplicates
from batches where job = :job
