-- Batches and direct calls: intent, doubt, who holds them, what came back.

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
-- Takes: batch_no, state (refused, lost), reason, retry_at_us, is_lasting. Only a batch whose fate was open.
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
-- Takes: batch_no of a direct call whose answer is lost, now_us. The attempt counts; canceled where a person wants that.
update items set reason = 'the answer of a synchronous call was lost; it may have been billed',
  state = case when (select canceler from batches where batch_no = :batch_no) = 'person' then 'canceled' else 'queued' end,
  done_us = case when (select canceler from batches where batch_no = :batch_no) = 'person' then :now_us end
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
-- Takes: job, since_us. Returns: batches that were assumed absent since then, and not found so far.
select batch_no, state, provider_id, item_count, intended_us, doubted_us from batches
where job = :job and state = 'absent' and provider_id is null and absent_us >= :since_us order by batch_no

-- name: assume_absent
-- Takes: batch_no, now_us, reason, may_exist. Only a batch whose fate was open.
update batches set state = 'absent', reason = :reason, absent_us = :now_us, may_exist = :may_exist, holder = null
where batch_no = :batch_no and state in ('intent', 'in-doubt')

-- name: add_stranger
-- Takes: provider_id.
insert into strangers (provider_id) values (:provider_id) on conflict do nothing

-- name: absent_was_found
-- Takes: batch_no, provider_id, reason.
update batches set provider_id = :provider_id, reason = :reason where batch_no = :batch_no and state = 'absent'

-- name: dismiss_dead
-- Takes: job. A person gives dead items up; their reasons stay.
update items set state = 'canceled' where job = :job and state = 'dead'

-- name: dismiss_odd
-- Takes: job. A person has seen odd results, and batches that were assumed absent and exist.
update batches set strange_results = 0, duplicate_results = 0, reason = null
where job = :job and state in ('collected', 'absent')
  and (strange_results or duplicate_results
       or (state = 'absent' and (provider_id is not null or may_exist) and reason is not null))

-- name: batch_of_token
-- Takes: token. Returns: the batch it begins the custom_ids of.
select batch_no from batches where token = :token

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
select batch_no, token, provider_id, created_us, canceler, is_lasting, readings, reads from batches where batch_no = :batch_no

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
-- Takes: batch_no, reason, is_lasting (a person has to change something before it can be read).
update batches set reason = :reason, is_lasting = :is_lasting where batch_no = :batch_no and state = 'submitted'

-- name: missing_items
-- Takes: batch_no. Returns: items without an outcome.
select item_no from sendings where batch_no = :batch_no and outcome is null

-- name: finish_batch
-- Takes: batch_no. Sums up what its answers cost; what never came may have been billed, and has no price either.
update batches set state = 'collected', holder = null,
  actual_pico = (select coalesce(sum(case when batches.kind = 'direct' then s.direct_pico else s.batch_pico end), 0)
                 from sendings s where s.batch_no = batches.batch_no),
  unpriced = (select count(*) from sendings s
              where s.batch_no = batches.batch_no
                and (s.outcome = 'missing' or (s.outcome = 'succeeded' and s.batch_pico is null)))
where batch_no = :batch_no and state in ('intent', 'submitted')

-- name: end_direct
-- Takes: batch_no, now_us. A direct call was answered.
update batches set created_us = intended_us, ended_us = :now_us where batch_no = :batch_no

-- name: close_sending
-- Takes: batch_no, item_no, outcome.
update sendings set outcome = :outcome where batch_no = :batch_no and item_no = :item_no and outcome is null
