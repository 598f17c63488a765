-- Answers on their way to the destination, and what may be forgotten afterwards.

-- name: pending_delivery
-- Takes: job. Returns: the delivery under way, if any.
select delivery_no, destination, mark, holder, failures, not_before_us from deliveries
where job = :job and is_pending = 1 order by delivery_no limit 1

-- name: is_pending_at
-- Takes: destination. Returns: how many deliveries to it are under way, of all jobs.
select count(*) as pending from deliveries where destination = :destination and is_pending = 1

-- name: undelivered
-- Takes: job, count. Returns: answers that no delivery carries, oldest first.
select i.item_no, a.bytes from items i join answers a on a.item_no = i.item_no
where i.job = :job and i.state = 'succeeded' and i.delivery_no is null order by i.item_no limit :count

-- name: intend_delivery
-- Takes: job, destination, mark, holder.
insert into deliveries (job, destination, mark, holder) values (:job, :destination, :mark, :holder)

-- name: carry_item
-- Takes: delivery_no, item_no. Only one that still waits.
update items set delivery_no = :delivery_no where item_no = :item_no and state = 'succeeded' and delivery_no is null

-- name: take_delivery
-- Takes: delivery_no, holder. Only one takes it.
update deliveries set holder = :holder where delivery_no = :delivery_no and holder is null and is_pending = 1

-- name: leave_delivery
-- Takes: delivery_no, holder.
update deliveries set holder = null where delivery_no = :delivery_no and holder = :holder

-- name: delivery_items
-- Takes: delivery_no. Returns: what the delivery carries, in the order of its lines.
select i.item_no, i.key, i.job, r.metadata, a.message from items i
join answers a on a.item_no = i.item_no join requests r on r.item_no = i.item_no
where i.delivery_no = :delivery_no and i.state = 'succeeded' order by i.item_no

-- name: delivery_failed
-- Takes: delivery_no, reason, not_before_us.
update deliveries set failures = failures + 1, reason = :reason, not_before_us = :not_before_us, holder = null
where delivery_no = :delivery_no

-- name: drop_answers
-- Takes: delivery_no.
delete from answers
where item_no in (select item_no from items where delivery_no = :delivery_no and state = 'succeeded')

-- name: items_are_delivered
-- Takes: delivery_no, now_us.
update items set state = 'delivered', done_us = :now_us where delivery_no = :delivery_no and state = 'succeeded'

-- name: finish_delivery
-- Takes: delivery_no.
update deliveries set is_pending = 0, holder = null where delivery_no = :delivery_no

-- name: deliver_dead_again
-- Takes: job. What only the destination refused has its answer and is not paid again.
update items set state = 'succeeded', delivery_no = null, reason = null, done_us = null
where job = :job and state = 'dead' and delivery_no is not null

-- name: prune_answers
-- Takes: job, before_us.
delete from answers where item_no in (
  select item_no from items where job = :job and state in ('delivered', 'canceled') and done_us < :before_us)

-- name: prune_requests
-- Takes: job, before_us. The items stay, so that their keys stay known.
delete from requests where item_no in (
  select item_no from items where job = :job and state in ('delivered', 'canceled') and done_us < :before_us)
