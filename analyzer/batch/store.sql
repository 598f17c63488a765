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

-- name: intend_batch
-- Takes: a batch about to be sent, and who sends it.
insert into batches
  (job, kind, token, state, holder, item_count, bytes, intended_us, low_pico, base_pico, high_pico)
values (:job, :kind, :token, 'intent', :holder, :item_count, :bytes, :intended_us, :low_pico, :base_pico, :high_pico)

-- name: add_sending
-- Takes: batch_no, item_no.
insert into sendings (batch_no, item_no) values (:batch_no, :item_no)

-- name: claim_items
-- Takes: batch_no.
update items set state = 'claimed', attempts = attempts + 1
where state = 'queued' and item_no in (select item_no from sendings where batch_no = :batch_no)

-- name: body
-- Takes: batch_no. Returns: what the batch sends, in order.
select s.item_no, r.params from sendings s join requests r on r.item_no = s.item_no
where s.batch_no = :batch_no order by s.item_no

-- name: adopt_batch
-- Takes: batch_no, provider_id, created_us. Only a batch whose fate was open.
update batches set state = 'submitted', provider_id = :provider_id, created_us = :created_us, holder = null, reason = null
where batch_no = :batch_no and state in ('intent', 'in-doubt')

-- name: items_are_submitted
-- Takes: batch_no.
update items set state = 'submitted'
where state = 'claimed' and item_no in (select item_no from sendings where batch_no = :batch_no)

-- name: close_batch
-- Takes: batch_no, state (refused, absent, lost), reason, retry_at_us, is_lasting. Only a batch whose fate was open.
update batches set state = :state, reason = :reason, retry_at_us = :retry_at_us, is_lasting = :is_lasting, holder = null
where batch_no = :batch_no and state in ('intent', 'in-doubt')

-- name: items_are_queued_again
-- Takes: batch_no, now_us. What was never accepted does not count as an attempt, and is canceled where a person wants that.
update items set attempts = attempts - 1,
  state = case when (select canceler from batches where batch_no = :batch_no) = 'person' then 'canceled' else 'queued' end,
  done_us = case when (select canceler from batches where batch_no = :batch_no) = 'person' then :now_us end
where state = 'claimed' and item_no in (select item_no from sendings where batch_no = :batch_no)

-- name: forget_sendings
-- Takes: batch_no of a batch that certainly was not made: its custom_ids were never used.
delete from sendings where batch_no = :batch_no

-- name: close_sendings
-- Takes: batch_no, outcome.
update sendings set outcome = :outcome where batch_no = :batch_no and outcome is null

-- name: doubt_batch
-- Takes: batch_no, reason, now_us.
update batches set state = 'in-doubt', reason = :reason, doubted_us = :now_us, holder = null
where batch_no = :batch_no and state = 'intent'

-- name: holders
-- Returns: everybody who has something in hand.
select holder from batches where holder is not null union select holder from deliveries where holder is not null

-- name: doubt_of_dead
-- Takes: holder, now_us. What a dead process was sending.
update batches set state = 'in-doubt', doubted_us = :now_us, holder = null,
  reason = 'the process that sent it ended before it knew the answer'
where holder = :holder and state = 'intent' and kind = 'batch'

-- name: calls_of_dead
-- Takes: holder. Returns: direct calls that a dead process was making.
select batch_no from batches where holder = :holder and state = 'intent' and kind = 'direct'

-- name: lost_item
-- Takes: batch_no of a direct call whose answer is lost. The attempt counts.
update items set state = 'queued', reason = 'the answer of a synchronous call was lost; it may have been billed'
where state = 'claimed' and item_no in (select item_no from sendings where batch_no = :batch_no)

-- name: reading_of_dead
-- Takes: holder.
update batches set holder = null where holder = :holder and state = 'submitted'

-- name: delivery_of_dead
-- Takes: holder.
update deliveries set holder = null where holder = :holder

-- name: batches_in
-- Takes: job, state. Returns: batches, oldest first.
select batch_no, state, provider_id, item_count, intended_us, doubted_us from batches
where job = :job and state = :state and kind = 'batch' order by batch_no

-- name: assumed_absent
-- Takes: job, since_us. Returns: batches that were assumed absent, intended since, and not found so far.
select batch_no, state, provider_id, item_count, intended_us, doubted_us from batches
where job = :job and state = 'absent' and provider_id is null and intended_us >= :since_us order by batch_no

-- name: absent_was_found
-- Takes: batch_no, provider_id, reason.
update batches set provider_id = :provider_id, reason = :reason where batch_no = :batch_no and state = 'absent'

-- name: absent_and_found
-- Takes: job. Returns: batches that were assumed absent and exist.
select provider_id, item_count from batches where job = :job and state = 'absent' and provider_id is not null and reason is not null

-- name: dismiss_dead
-- Takes: job. A person gives dead items up; their reasons stay.
update items set state = 'canceled' where job = :job and state = 'dead'

-- name: dismiss_odd
-- Takes: job. A person has seen odd results, and batches that were assumed absent and exist.
update batches set strange_results = 0, duplicate_results = 0, reason = null
where job = :job and state in ('collected', 'absent')
  and (strange_results or duplicate_results or (state = 'absent' and provider_id is not null and reason is not null))

-- name: is_known_batch
-- Takes: provider_id. Returns: 1 or 0.
select count(*) as known from batches where provider_id = :provider_id

-- name: batch_of_token
-- Takes: token. Returns: the batch it begins the custom_ids of.
select batch_no from batches where token = :token

-- name: spend
-- Takes: job, since_us. Returns: pico-dollars of what was intended since: by usage where collected, else the high estimate.
select coalesce(sum(case
  when state = 'collected' and unpriced = 0 then actual_pico
  when state = 'collected' then max(coalesce(actual_pico, 0), coalesce(high_pico, 0))
  else high_pico end), 0) as pico
from batches where job = :job and intended_us >= :since_us and state not in ('refused', 'absent')

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

-- name: take_batch
-- Takes: batch_no, holder. Only one takes it.
update batches set holder = :holder where batch_no = :batch_no and state = 'submitted' and holder is null

-- name: leave_batch
-- Takes: batch_no, holder.
update batches set holder = null where batch_no = :batch_no and holder = :holder

-- name: begin_reading
-- Takes: batch_no, ended_us.
update batches set readings = readings + 1, ended_us = coalesce(ended_us, :ended_us) where batch_no = :batch_no

-- name: batch
-- Takes: batch_no.
select batch_no, token, provider_id, canceler, readings, reads from batches where batch_no = :batch_no

-- name: sent_items
-- Takes: batch_no, item_nos (JSON). Returns: those that were sent in it.
select s.item_no, s.outcome, s.seen, i.model, i.attempts from sendings s join items i on i.item_no = s.item_no
where s.batch_no = :batch_no and s.item_no in (select value from json_each(:item_nos))

-- name: see_result
-- Takes: batch_no, item_no, reading.
update sendings set seen = :reading where batch_no = :batch_no and item_no = :item_no

-- name: set_outcome
-- Takes: batch_no, item_no, outcome, and what the answer cost.
update sendings set outcome = :outcome, batch_pico = :batch_pico, direct_pico = :direct_pico,
  input_tokens = :input_tokens, write_tokens = :write_tokens, read_tokens = :read_tokens, output_tokens = :output_tokens
where batch_no = :batch_no and item_no = :item_no and outcome is null

-- name: settle_item
-- Takes: item_no, state, reason, route, expired (0 or 1), not_before_us, done_us.
update items set state = :state, reason = :reason, route = :route, expiries = expiries + :expired,
  not_before_us = :not_before_us, done_us = :done_us
where item_no = :item_no and state in ('claimed', 'submitted')

-- name: keep_answer
-- Takes: item_no, message, bytes.
insert into answers (item_no, message, bytes) values (:item_no, :message, :bytes)
on conflict (item_no) do update set message = excluded.message, bytes = excluded.bytes

-- name: batch_was_read
-- Takes: batch_no, strange, duplicates.
update batches set reads = reads + 1, strange_results = :strange, duplicate_results = :duplicates, reason = null
where batch_no = :batch_no

-- name: batch_remark
-- Takes: batch_no, reason.
update batches set reason = :reason where batch_no = :batch_no

-- name: missing_items
-- Takes: batch_no. Returns: items without an outcome.
select item_no from sendings where batch_no = :batch_no and outcome is null

-- name: finish_batch
-- Takes: batch_no. Sums up what its answers cost.
update batches set state = 'collected', holder = null,
  actual_pico = (select coalesce(sum(case when batches.kind = 'direct' then s.direct_pico else s.batch_pico end), 0)
                 from sendings s where s.batch_no = batches.batch_no),
  unpriced = (select count(*) from sendings s
              where s.batch_no = batches.batch_no and s.outcome = 'succeeded' and s.batch_pico is null)
where batch_no = :batch_no and state in ('intent', 'submitted')

-- name: end_direct
-- Takes: batch_no, now_us. A direct call was answered.
update batches set created_us = intended_us, ended_us = :now_us where batch_no = :batch_no

-- name: want_canceled
-- Takes: batch_no, canceler. The first one who wants it stays.
update batches set canceler = :canceler where batch_no = :batch_no and canceler is null

-- name: cancel_queued
-- Takes: job, now_us.
update items set state = 'canceled', reason = 'canceled as asked', done_us = :now_us where job = :job and state = 'queued'

-- name: want_job_canceled
-- Takes: job. Returns nothing; batches whose fate is open are canceled when they are found.
update batches set canceler = 'person'
where job = :job and kind = 'batch' and state in ('intent', 'in-doubt', 'submitted') and canceler is null

-- name: guard_late_items
-- Takes: job, before_us. What would come too late from a batch is sent alone.
update items set route = 'direct'
where job = :job and state = 'queued' and route = 'batch' and needed_by_us < :before_us

-- name: batch_urgency
-- Takes: job. Returns: batches with the provider, their age basis, and the nearest deadline of what they hold.
select b.batch_no, b.provider_id, b.created_us, min(i.needed_by_us) as needed_by_us, count(*) as items
from batches b join sendings s on s.batch_no = b.batch_no join items i on i.item_no = s.item_no
where b.job = :job and b.kind = 'batch' and b.state = 'submitted' and b.canceler is null and i.needed_by_us is not null
group by b.batch_no, b.provider_id, b.created_us

-- name: direct_waiting
-- Takes: job. Returns: items that are to be sent alone.
select count(*) as items from items where job = :job and state = 'queued' and route = 'direct'

-- name: turnarounds
-- Takes: count. Returns: microseconds from creation to end of the last batches of all jobs that ran to their end, ascending.
select took_us from (
  select ended_us - created_us as took_us from batches
  where kind = 'batch' and state = 'collected' and canceler is null and ended_us is not null and created_us is not null
  order by batch_no desc limit :count)
order by took_us

-- name: direct_seconds
-- Returns: how long the last direct calls took on average, microseconds, and how many they were.
select avg(took_us) as took_us, count(*) as calls from (
  select ended_us - created_us as took_us from batches
  where kind = 'direct' and state = 'collected' order by batch_no desc limit 100)

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

-- name: item_is_unwanted
-- Takes: item_no, reason, now_us. The destination refused it; its answer stays.
update items set state = 'dead', reason = :reason, done_us = :now_us where item_no = :item_no and state = 'succeeded'

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

-- name: release_items
-- Takes: delivery_no of a delivery to a destination that the job has no more.
update items set delivery_no = null where delivery_no = :delivery_no and state = 'succeeded'

-- name: deliver_dead_again
-- Takes: job. What only the destination refused has its answer and is not paid again.
update items set state = 'succeeded', delivery_no = null, reason = null, done_us = null
where job = :job and state = 'dead' and delivery_no is not null

-- name: retry_dead
-- Takes: job. Dead items are queued again, with their attempts forgotten.
update items set state = 'queued', route = 'batch', attempts = 0, expiries = 0, not_before_us = 0, checked_us = null,
  done_us = null
where job = :job and state = 'dead' and delivery_no is null

-- name: prune_answers
-- Takes: job, before_us.
delete from answers where item_no in (
  select item_no from items where job = :job and state in ('delivered', 'canceled') and done_us < :before_us)

-- name: prune_requests
-- Takes: job, before_us. The items stay, so that their keys stay known.
delete from requests where item_no in (
  select item_no from items where job = :job and state in ('delivered', 'canceled') and done_us < :before_us)

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
-- Takes: job. Returns: pico-dollars estimated and paid, batch and direct apart, and what has no price.
select
  sum(low_pico) as low_pico, sum(base_pico) as base_pico, sum(high_pico) as high_pico,
  coalesce(sum(base_pico is null), 0) as unpriced_batches,
  coalesce(sum(case when state = 'collected' then actual_pico end), 0) as actual_pico,
  coalesce(sum(unpriced), 0) as unpriced_items,
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

-- name: close_sending
-- Takes: batch_no, item_no, outcome.
update sendings set outcome = :outcome where batch_no = :batch_no and item_no = :item_no and outcome is null
