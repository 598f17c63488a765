-- Items before they are sent, and what a person wants of them.

-- name: last_item
-- Returns: the highest item_no; 0 for none.
select coalesce(max(item_no), 0) as last from items

-- name: add_item
-- Takes: an item. Does nothing when the job has the key already.
insert into items (item_no, job, key, model, bytes, enqueued_us, needed_by_us)
values (:item_no, :job, :key, :model, :bytes, :enqueued_us, :needed_by_us)
on conflict (job, key) do nothing

-- name: add_request
-- Takes: item_no, params, metadata. Only for an item that was new.
insert into requests (item_no, params, metadata)
select :item_no, :params, :metadata where exists (select 1 from items where item_no = :item_no)

-- name: request
-- Takes: item_no.
select params from requests where item_no = :item_no

-- name: unchecked_items
-- Takes: job, stale_us, after (item_no), count. Returns: queued items that were not checked since, in order.
select item_no, bytes, input_tokens from items
where job = :job and state = 'queued' and item_no > :after and (checked_us is null or checked_us < :stale_us)
order by item_no limit :count

-- name: item_is_fit
-- Takes: item_no, now_us, input_tokens, the estimate.
update items set checked_us = :now_us, input_tokens = :input_tokens, low_pico = :low_pico, base_pico = :base_pico,
  high_pico = :high_pico, direct_pico = :direct_pico
where item_no = :item_no and state = 'queued'

-- name: kill_queued_item
-- Takes: item_no, reason, now_us. The item needs a person.
update items set state = 'dead', reason = :reason, done_us = :now_us where item_no = :item_no and state = 'queued'

-- name: sendable_items
-- Takes: job, route, now_us, count. Returns: checked items that may be sent now, the most urgent first.
select item_no, bytes, attempts, expiries, needed_by_us, low_pico, base_pico, high_pico, direct_pico from items
where job = :job and state = 'queued' and route = :route and not_before_us <= :now_us and checked_us is not null
order by ifnull(needed_by_us, 9223372036854775807), item_no limit :count

-- name: queued_estimate
-- Takes: job. Returns: checked items that wait, their bytes and what they will cost.
select count(*) as items, coalesce(sum(bytes), 0) as bytes, coalesce(sum(base_pico is null), 0) as unpriced,
  coalesce(sum(low_pico), 0) as low_pico, coalesce(sum(base_pico), 0) as base_pico,
  coalesce(sum(high_pico), 0) as high_pico, coalesce(sum(direct_pico), 0) as direct_pico
from items where job = :job and state = 'queued' and checked_us is not null

-- name: want_canceled
-- Takes: batch_no, canceler. The first one who wants it stays.
update batches set canceler = :canceler where batch_no = :batch_no and canceler is null

-- name: cancel_queued
-- Takes: job, now_us.
update items set state = 'canceled', reason = 'canceled as asked', done_us = :now_us where job = :job and state = 'queued'

-- name: want_job_canceled
-- Takes: job. Batches and direct calls whose fate is open; a person's wish stands above the guard's. A batch is canceled
-- when it is found, and what comes back of either is not sent again. Returns: the kind of each.
update batches set canceler = 'person'
where job = :job and state in ('intent', 'in-doubt', 'submitted') and canceler is not 'person'
returning kind

-- name: guard_late_items
-- Takes: job, before_us. What would come too late from a batch is sent alone.
update items set route = 'direct'
where job = :job and state = 'queued' and route = 'batch' and needed_by_us < :before_us

-- name: guard_is_off
-- Takes: job. Nobody sends items alone: what waits for it goes into a batch.
update items set route = 'batch' where job = :job and state = 'queued' and route = 'direct'

-- name: item_is_unwanted
-- Takes: item_no, reason, now_us. The destination refused it; its answer stays.
update items set state = 'dead', reason = :reason, done_us = :now_us where item_no = :item_no and state = 'succeeded'

-- name: release_items
-- Takes: delivery_no of a delivery to a destination that the job has no more.
update items set delivery_no = null where delivery_no = :delivery_no and state = 'succeeded'

-- name: retry_dead
-- Takes: job. Dead items are queued again, with their attempts forgotten.
update items set state = 'queued', route = 'batch', attempts = 0, expiries = 0, not_before_us = 0, checked_us = null,
  done_us = null
where job = :job and state = 'dead' and delivery_no is null
