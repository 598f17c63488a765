/*---
title = "Bedrock batch inference: outputs"
url = "https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-results.html"
checked = 2026-11-21
grain = "one line a record of a job"
recognise = [
  ["recordId", "modelInput", "modelOutput"],
  ["recordId", "modelInput", "error"],
  ["totalRecordCount", "processedRecordCount", "inputTokenCount"],
  ["jobArn", "submitTime", "outputDataConfig"],
]
recognise_not = []
signals = ["sent through a batch API", "when the job was submitted (with its description)", "prompt shape"]
cannot_tell = ["when a record was answered", "how long it took"]
duplicate = "id of the message, else job and recordId"
winner = "the copy with more tokens"
traps = [
  "the job's description is looked for in a local folder; for files read from an object store give the time with --at",
  "a line has no time: it stands in the job's description (get-model-invocation-job), saved as .json in the same folder",
  "a record with an error in place of modelOutput is no call",
  "a Converse answer does not name its model: it stands in the job's description",
  "recordId is unique inside a job alone",
]
how_to_export = "Copy the job's output folder from S3, and save aws bedrock get-model-invocation-job --job-identifier <arn> > job.json into it."

[shape]
recordId = "VARCHAR"
description = "VARCHAR"
modelInput = "JSON"
modelOutput = "JSON"
error = "JSON"
[shape.job]
jobArn = "VARCHAR"
jobName = "VARCHAR"
modelId = "VARCHAR"
submitTime = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns, one row a billed model of a record.
with bodies as materialized (
  select record_no, text, r, json_of(r.modelOutput) as body, answer_of(r.modelOutput::varchar) as a,
    bedrock_prompt(json_of(r.modelInput)) as prompt, present(r.job.submitTime) as submitted,
    r.description is not null as is_description,
    r.description is null and r.modelOutput is null and json_type(r.error) = 'OBJECT' as is_failed
  from record
),
calls as materialized (
  select *, coalesce(is_description or is_failed, false) as is_context, bedrock_usage(a, body) as u,
    coalesce(present(r.job.modelId), a.model) as model
  from bodies
),
sums as materialized (
  select *,
    coalesce(message_key('bedrock_batch', a.id), 'bedrock_batch:' || present(r.job.jobArn) || ':' || present(r.recordId),
      keyless(text)) as call_key,
    unnest(bills(u, model)) as bill
  from calls
)
select
  record_no, bill.part_no as part_no, is_context,
  call_key || bill.suffix as duplicate_key,
  all_tokens(bill.b) as duplicate_rank,
  case when not is_context then coalesce(
    case when u is null then 'modelOutput.usage: missing, expected the usage object of the answer' end,
    usage_problem(u),
    start_problem('submitTime of the job', submitted)) end as reject_reason,
  list_filter([
    case when is_description then 'the description of a job: its time and model are those of its records' end,
    case when is_failed then 'a record with an error: not billed, left out' end,
    case when not is_context then start_remark(submitted) end], lambda x: x is not null) as remarks,
  present(r.recordId) as request_id,
  start_us(submitted) as started_us,
  'aws_bedrock' as provider,
  bill.model as raw_model,
  true as is_batch,
  false as is_streamed,
  'ok' as status,
  bill.b.uncached as uncached_input_tokens,
  bill.b.write_5m as cache_write_5m_tokens,
  bill.b.write_1h as cache_write_1h_tokens,
  bill.b.read as cache_read_tokens,
  bill.b.output as output_tokens,
  case when bill.part_no = 0 then thinking(u.output_tokens_details.thinking_tokens, bill.b.output) end as thinking_tokens,
  case when present(r.job.jobName) is not null then map {'batch': present(r.job.jobName)} end as tags,
  prompt.shape.prefix_hash as prefix_hash,
  prompt.shape.prefix_chars as prefix_chars,
  prompt.shape.prompt_hash as prompt_hash,
  prompt.shape.boundary_hashes as boundary_hashes,
  prompt.shape.boundary_chars as boundary_chars,
  prompt.shape.media_hashes as media_hashes,
  prompt.shape.media_bytes as media_bytes,
  prompt.shape.prompt_chars as prompt_chars,
  prompt.shape.message_count as message_count,
  prompt.max_output_tokens as max_output_tokens,
  prompt.has_tools as has_tools
from sums
