-- name: add_item
-- Takes: an item. Does nothing when the job has the key already.
insert into items (job, key, model, params, bytes, metadata)
values (:job, :key, :model, :params, :bytes, :metadata)
on conflict (job, key) do nothing

-- name: queued_items
-- Takes: job, now_us, count. Returns: items that may be sent now, oldest first.
select item_no, model, params, bytes, attempts from items
where job = :job and state = 'queued' and not_before_us <= :now_us
order by item_no limit :count

-- name: kill_item
-- Takes: item_no, reason. The item needs a person.
update items set state = 'dead', reason = :reason where item_no = :item_no

-- name: intend_batch
-- Takes: a batch about to be sent.
insert into batches (job, state, item_count, intended_us, estimate_pico)
values (:job, 'intent', :item_count, :intended_us, :estimate_pico)

-- name: add_sending
-- Takes: custom_id, batch_no, item_no.
insert into sendings (custom_id, batch_no, item_no) values (:custom_id, :batch_no, :item_no)

-- name: claim_item
-- Takes: item_no.
update items set state = 'claimed', attempts = attempts + 1 where item_no = :item_no and state = 'queued'

-- name: adopt_batch
-- Takes: batch_no, provider_id, created_us. Only a batch whose fate was open.
update batches set state = 'submitted', provider_id = :provider_id, created_us = :created_us, reason = null
where batch_no = :batch_no and state in ('intent', 'in-doubt')

-- name: items_are_submitted
-- Takes: batch_no.
update items set state = 'submitted'
where state = 'claimed' and item_no in (select item_no from sendings where batch_no = :batch_no)

-- name: close_batch
-- Takes: batch_no, state (refused, absent), reason. Only a batch whose fate was open.
update batches set state = :state, reason = :reason
where batch_no = :batch_no and state in ('intent', 'in-doubt')

-- name: items_are_queued_again
-- Takes: batch_no. What was never accepted does not count as an attempt.
update items set state = 'queued', attempts = attempts - 1
where state = 'claimed' and item_no in (select item_no from sendings where batch_no = :batch_no)

-- name: close_sendings
-- Takes: batch_no, outcome.
update sendings set outcome = :outcome where batch_no = :batch_no and outcome is null

-- name: doubt_batch
-- Takes: batch_no, reason.
update batches set state = 'in-doubt', reason = :reason where batch_no = :batch_no and state = 'intent'

-- name: doubt_interrupted
-- Takes: reason. Run while holding the submit lock: an intent that is still open is a dead process's.
update batches set state = 'in-doubt', reason = :reason where state = 'intent'

-- name: batches_in
-- Takes: job, state. Returns: batches, oldest first.
select batch_no, provider_id, item_count, intended_us, created_us, reads, reason from batches
where job = :job and state = :state order by batch_no

-- name: is_known_batch
-- Takes: provider_id. Returns: 1 or 0.
select count(*) as known from batches where provider_id = :provider_id

-- name: batch_of
-- Takes: custom_id. Returns: the batch it was sent in.
select batch_no from sendings where custom_id = :custom_id

-- name: day_spend
-- Takes: job, day_us (start of the UTC day). Returns: pico-dollars of batches intended since: estimate, or actual when collected.
select coalesce(sum(case
  when b.state = 'collected' then coalesce(
    (select sum(i.cost_pico) from sendings s join items i on i.item_no = s.item_no
     where s.batch_no = b.batch_no and s.outcome = 'succeeded'), 0)
  else coalesce(b.estimate_pico, 0) end), 0) as pico
from batches b
where b.job = :job and b.intended_us >= :day_us and b.state in ('intent', 'submitted', 'in-doubt', 'collected')

-- name: open_batches
-- Takes: job. Returns: how many batches are under way.
select count(*) as open from batches where job = :job and state in ('intent', 'submitted', 'in-doubt')

-- name: warm_batches
-- Takes: job, since_us. Returns: how many batches ended since.
select count(*) as warm from batches where job = :job and state = 'collected' and ended_us >= :since_us

-- name: sending
-- Takes: custom_id, batch_no. Returns: its item, when it was sent in this batch.
select s.item_no, s.outcome, i.model, i.attempts from sendings s join items i on i.item_no = s.item_no
where s.custom_id = :custom_id and s.batch_no = :batch_no

-- name: set_outcome
-- Takes: custom_id, outcome.
update sendings set outcome = :outcome where custom_id = :custom_id and outcome is null

-- name: succeed_item
-- Takes: item_no, result, cost_pico.
update items set state = 'succeeded', result = :result, cost_pico = :cost_pico, reason = null
where item_no = :item_no and state = 'submitted'

-- name: requeue_item
-- Takes: item_no, reason, not_before_us.
update items set state = 'queued', reason = :reason, not_before_us = :not_before_us
where item_no = :item_no and state = 'submitted'

-- name: keep_dead
-- Takes: item_no, reason, result (kept when its type is unknown).
update items set state = 'dead', reason = :reason, result = :result where item_no = :item_no and state = 'submitted'

-- name: batch_was_read
-- Takes: batch_no, ended_us, strange.
update batches set ended_us = coalesce(ended_us, :ended_us), reads = reads + 1, strange_results = :strange
where batch_no = :batch_no

-- name: batch_remark
-- Takes: batch_no, reason.
update batches set reason = :reason where batch_no = :batch_no

-- name: missing_items
-- Takes: batch_no. Returns: items without an outcome.
select item_no, custom_id from sendings where batch_no = :batch_no and outcome is null

-- name: finish_batch
-- Takes: batch_no.
update batches set state = 'collected' where batch_no = :batch_no and state = 'submitted'

-- name: pending_delivery
-- Takes: destination. Returns: the delivery under way, if any.
select delivery_no, job, start_byte from deliveries where destination = :destination and is_pending = 1

-- name: intend_delivery
-- Takes: job, destination, start_byte.
insert into deliveries (job, destination, start_byte) values (:job, :destination, :start_byte)

-- name: assign_delivery
-- Takes: delivery_no, job, count. Gives it the oldest results that are not delivered.
update items set delivery_no = :delivery_no where item_no in (
  select item_no from items where job = :job and state = 'succeeded' and delivery_no is null
  order by item_no limit :count)

-- name: delivery_items
-- Takes: delivery_no. Returns: what the delivery carries, in the order of its lines.
select i.key, i.job, i.metadata, i.result from items i where i.delivery_no = :delivery_no order by i.item_no

-- name: finish_delivery
-- Takes: delivery_no.
update deliveries set is_pending = 0 where delivery_no = :delivery_no

-- name: items_are_delivered
-- Takes: delivery_no.
update items set state = 'delivered', result = null where delivery_no = :delivery_no and state = 'succeeded'

-- name: undelivered
-- Takes: job. Returns: how many results wait for delivery.
select count(*) as waiting from items where job = :job and state = 'succeeded' and delivery_no is null

-- name: retry_dead
-- Takes: job. Dead items are queued again, with their attempts forgotten.
update items set state = 'queued', attempts = 0, not_before_us = 0, result = null where job = :job and state = 'dead'

-- name: job_names
-- Returns: names of jobs that have items.
select distinct job from items order by job

-- name: counts
-- Takes: job. Returns: items by state, in-doubt ones apart.
select case when i.state = 'claimed' and exists (
    select 1 from sendings s join batches b on b.batch_no = s.batch_no
    where s.item_no = i.item_no and b.state in ('in-doubt', 'intent') and s.outcome is null)
  then 'in_doubt' else i.state end as state, count(*) as items
from items i where i.job = :job group by 1

-- name: money
-- Takes: job. Returns: pico-dollars estimated and paid, and what has no price.
select
  (select sum(estimate_pico) from batches where job = :job and state not in ('refused', 'absent')) as estimate_pico,
  (select count(*) from batches where job = :job and state not in ('refused', 'absent') and estimate_pico is null)
    as unpriced_batches,
  (select sum(cost_pico) from items where job = :job) as actual_pico,
  (select count(*) from items where job = :job and state in ('succeeded', 'delivered') and cost_pico is null)
    as unpriced_items

-- name: dead_items
-- Takes: job, count. Returns: the first dead items.
select key, reason from items where job = :job and state = 'dead' order by item_no limit :count

-- name: strange
-- Takes: job. Returns: results that nobody sent.
select coalesce(sum(strange_results), 0) as results from batches where job = :job
