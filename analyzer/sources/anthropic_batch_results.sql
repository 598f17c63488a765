/*---
title = "Message Batches: results"
url = "https://platform.claude.com/docs/en/build-with-claude/batch-processing"
checked = 2026-11-21
grain = "one line an item of a batch"
recognise = [
  ["custom_id", "result.type"],
  ["processing_status", "request_counts"],
  ["data[].processing_status", "data[].request_counts"],
]
recognise_not = []
signals = ["sent through the batch API", "when the batch was created (with the batch object)", "custom_id"]
cannot_tell = ["when an item was answered", "how long an item took", "the prompt"]
duplicate = "id of the message"
winner = "the copy with more tokens"
traps = [
  "the batch object is looked for in a local folder; for files read from an object store give the time with --at",
  "a line has no time: it stands in the batch object (its own file in the same folder, or a line of the same file)",
  "older results carry no service_tier: a result of a batch is half price all the same",
  "errored, expired and canceled items are not billed; they are no calls",
  "a refusal without any output is not billed since 2026-06-02, yet stands as succeeded",
  "results stand in no order",
  "the same calls stand in the usage report as service_tier batch, and in LiteLLM as aretrieve_batch: count one of them",
]
how_to_export = "For each batch save GET /v1/messages/batches/{id} as {id}.json and GET /v1/messages/batches/{id}/results as {id}_results.jsonl, in one folder. Results can be had for 29 days."

[shape]
custom_id = "VARCHAR"
batches = "VARCHAR"
[shape.batch]
id = "VARCHAR"
created_at = "VARCHAR"
[shape.result]
type = "VARCHAR"
message = "JSON"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns, one row a billed model of an item.
with answers as materialized (
  select record_no, text, r, answer_of(r.result.message::varchar) as a,
    present(r.batch.created_at) as created,
    present(r.batches) is not null as is_batch_object,
    r.result.type in ('errored', 'expired', 'canceled') as is_unanswered
  from record
),
items as materialized (
  select *,
    coalesce(r.result.type = 'succeeded' and a.stop_reason = 'refusal'
      and json_array_length(r.result.message -> '$.content') = 0
      and start_us(created) >= 1780358400000000, false) as is_unbilled_refusal,  -- 2026-06-02
  from answers
),
sums as materialized (
  select *,
    coalesce(is_batch_object or is_unanswered or is_unbilled_refusal, false) as is_context,
    coalesce(message_key('batch', a.id), 'batch:' || present(r.batch.id) || ':' || present(r.custom_id), keyless(text))
      as call_key,
    unnest(bills(a.u, a.model)) as bill
  from items
)
select
  record_no, bill.part_no as part_no, is_context,
  call_key || bill.suffix as duplicate_key,
  all_tokens(bill.b) as duplicate_rank,
  case when not is_context then coalesce(
    case when r.result.type is null or r.result.type <> 'succeeded'
      then 'result.type: found ' || coalesce(shown(r.result.type), 'nothing') || ', expected succeeded, errored, expired or canceled' end,
    case when a.u is null then 'result.message.usage: missing, expected the usage object of the answer' end,
    usage_problem(a.u),
    start_problem('created_at of the batch object', created)) end as reject_reason,
  list_filter([
    case when is_batch_object then 'a batch object: its times are those of its results' end,
    case when is_unanswered then 'an item ' || r.result.type || ': not billed, left out' end,
    case when is_unbilled_refusal then 'an item refused without output: not billed, left out' end,
    case when not is_context then start_remark(created) end], lambda x: x is not null) as remarks,
  present(r.custom_id) as request_id,
  start_us(created) as started_us,
  provider_of(null, a.id) as provider,
  bill.model as raw_model,
  present(a.u.service_tier) as service_tier,
  case when a.u.inference_geo not in ('', 'not_available') then a.u.inference_geo end as inference_geo,
  true as is_batch,
  false as is_streamed,
  'ok' as status,
  bill.b.uncached as uncached_input_tokens,
  bill.b.write_5m as cache_write_5m_tokens,
  bill.b.write_1h as cache_write_1h_tokens,
  bill.b.read as cache_read_tokens,
  bill.b.output as output_tokens,
  case when bill.part_no = 0 then thinking(a.u.output_tokens_details.thinking_tokens, bill.b.output) end as thinking_tokens,
  case when bill.part_no = 0 then token_count(a.u.server_tool_use.web_search_requests) else 0 end as web_searches,
  map_from_entries(list_filter([
    struct_pack(k := 'batch', v := present(r.batch.id)),
    struct_pack(k := 'custom_id_prefix',
      v := nullif(regexp_extract(r.custom_id, '^([A-Za-z]{3,}(?:[-_][A-Za-z]+)*)[-_]\d', 1), ''))],
    lambda e: e.v is not null)) as tags
from sums
