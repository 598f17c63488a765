/*---
title = "Bedrock model invocation logs"
url = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html"
checked = 2026-11-21
grain = "one record a call"
recognise = [
  ["schemaType", "requestId", "modelId"],
  ["events[].message", "events[].ingestionTime"],
  ["logGroup", "logEvents[].message"],
  ["@timestamp", "@message"],
]
recognise_not = []
signals = ["start (whole seconds)", "duration and first token (where the body has them)", "streamed", "role of the caller", "request metadata as tags", "prompt shape (with bodies)"]
cannot_tell = ["duration without bodies", "the model behind an application inference profile without bodies", "batch inference jobs (they are not logged here)"]
duplicate = "requestId (S3 and CloudWatch both keep every call)"
winner = "the copy with more tokens; of equal ones the one with a body"
traps = [
  "inputTokenCount excludes cache reads and writes; totalTokens includes them",
  "names that end in Tokens and in TokenCount are the same numbers twice",
  "the body of a streamed InvokeModel is an array of events, and may end with the text [DONE]",
  "without bodies the lifetime of cache writes is not told: counted as 5 minutes",
  "an application inference profile hides its model: say it in whowaits.toml, [models] \"arn:…\" = \"us.anthropic.claude-…\"",
  "bodies over 100 KB stand in an S3 object of their own; counts are taken from the record then",
]
how_to_export = "Copy the folder AWSLogs/<account>/BedrockModelInvocationLogs/ of the logging bucket (aws s3 sync), or run aws logs filter-log-events --log-group-name <group> > bedrock.json."

[shape]
schemaType = "VARCHAR"
timestamp = "VARCHAR"
accountId = "VARCHAR"
region = "VARCHAR"
inferenceRegion = "VARCHAR"
requestId = "VARCHAR"
operation = "VARCHAR"
modelId = "VARCHAR"
errorCode = "VARCHAR"
requestMetadata = "VARCHAR"
cacheReadInputTokenCount = "VARCHAR"
cacheWriteInputTokenCount = "VARCHAR"
[shape.identity]
arn = "VARCHAR"
[shape.input]
inputBodyJson = "JSON"
inputTokenCount = "VARCHAR"
cacheReadInputTokenCount = "VARCHAR"
cacheWriteInputTokenCount = "VARCHAR"
[shape.output]
outputBodyJson = "JSON"
outputTokenCount = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns, one row a billed model of a call.
with bodies as materialized (
  select record_no, text, r, coalesce(r.schemaType, '') not in ('ModelInvocationLog', 'damaged') as is_context,
    json_of(r.output.outputBodyJson) as body, answer_of(r.output.outputBodyJson::varchar) as a,
    bedrock_prompt(json_of(r.input.inputBodyJson)) as prompt,
    contains(r.modelId, ':application-inference-profile/') as is_profile,
    present(r.errorCode) is not null as is_refused,
    regexp_extract(r.identity.arn, ':assumed-role/([^/]+)/', 1) as role
  from record
),
counts as materialized (
  select *,
    bedrock_usage(a, body) as told,
    json_extract(body, '$[*]."amazon-bedrock-invocationMetrics"')[-1] as metrics,
    usage_shape(json_object(
      'input_tokens', r.input.inputTokenCount,
      'output_tokens', coalesce(r.output.outputTokenCount,
        case when not contains(r.modelId, 'claude') and not is_profile then '0' end),
      'cache_read_input_tokens', coalesce(r.input.cacheReadInputTokenCount, r.cacheReadInputTokenCount),
      'cache_creation_input_tokens', coalesce(r.input.cacheWriteInputTokenCount, r.cacheWriteInputTokenCount))::varchar)
      as logged
  from bodies
),
calls as materialized (
  select *,
    case when told is not null then told
      when is_refused and present(logged.input_tokens) is null then null
      when present(logged.input_tokens) is null and present(json_extract_string(metrics, '$.inputTokenCount')) is not null
        then usage_shape(json_object('input_tokens', json_extract(metrics, '$.inputTokenCount'),
          'output_tokens', json_extract(metrics, '$.outputTokenCount'),
          'cache_read_input_tokens', json_extract(metrics, '$.cacheReadInputTokenCount'),
          'cache_creation_input_tokens', json_extract(metrics, '$.cacheWriteInputTokenCount'))::varchar)
      else logged end as u,
    case when is_profile then coalesce(a.model, present(r.modelId)) else present(r.modelId) end as model
  from counts
),
sums as materialized (
  select *, coalesce('bedrock:' || present(r.requestId), keyless(text)) as call_key, unnest(bills(u, model)) as bill
  from calls
)
select
  record_no, bill.part_no as part_no, is_context,
  call_key || bill.suffix as duplicate_key,
  2 * all_tokens(bill.b) + case when told is not null then 1 else 0 end as duplicate_rank,
  case when not is_context then coalesce(
    case when r.schemaType = 'damaged' then 'message: text that is not JSON (cut off), expected an invocation' end,
    instant_problem('timestamp', r.timestamp),
    case when not is_refused or u is not null then usage_problem(u) end) end as reject_reason,
  list_filter([
    case when is_context then 'an event of another log, left out' end,
    case when not is_context and told is null and token_count(u.cache_creation_input_tokens) > 0
      then 'cache writes without their lifetime: taken as 5 minutes' end,
    case when told is not null and len(coalesce(told.iterations, [])) = 0 and present(logged.input_tokens) is not null
        and present(r.output.outputTokenCount) is not null
        and (token_count(told.input_tokens) <> token_count(logged.input_tokens)
          or token_count(told.output_tokens) <> token_count(logged.output_tokens))
      then 'counts of the record differ from the usage in its body: the body''s are taken' end,
    case when is_profile and a.model is null
        then 'an application inference profile: say its model in whowaits.toml, [models]'
      when is_profile then 'an application inference profile: the model is the one the answer names, its price the global one'
      end],
    lambda x: x is not null) as remarks,
  present(r.requestId) as request_id,
  instant_us(r.timestamp) as started_us,
  coalesce(span_s(json_extract_string(body, '$.metrics.latencyMs')), span_s(json_extract_string(metrics, '$.invocationLatency'))) / 1000
    as duration_s,
  case when r.operation like '%Stream' then span_s(json_extract_string(metrics, '$.firstByteLatency')) / 1000 end
    as first_token_s,
  'aws_bedrock' as provider,
  bill.model as raw_model,
  present(u.service_tier) as service_tier,
  case when contains(r.modelId, 'global.') then 'global' else coalesce(present(r.inferenceRegion), present(r.region)) end
    as inference_geo,
  false as is_batch,
  case when present(r.operation) is not null then r.operation like '%Stream' end as is_streamed,
  case when is_refused then 'error' else 'ok' end as status,
  bill.b.uncached as uncached_input_tokens,
  bill.b.write_5m as cache_write_5m_tokens,
  bill.b.write_1h as cache_write_1h_tokens,
  bill.b.read as cache_read_tokens,
  bill.b.output as output_tokens,
  case when bill.part_no = 0 then thinking(u.output_tokens_details.thinking_tokens, bill.b.output) end as thinking_tokens,
  present(r.accountId) as workspace,
  coalesce(nullif(regexp_extract(role, '^AWSReservedSSO_(.+)_[0-9a-f]+$', 1), ''), nullif(role, ''),
    nullif(regexp_extract(r.identity.arn, ':role/(?:.*/)?([^/]+)$', 1), '')) as application,
  salted(coalesce(
    case when starts_with(role, 'AWSReservedSSO_') then nullif(regexp_extract(r.identity.arn, '([^/]+)$', 1), '') end,
    nullif(regexp_extract(r.identity.arn, ':user/(?:.*/)?([^/]+)$', 1), ''))) as user_hash,
  tag_map(r.requestMetadata) as tags,
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
