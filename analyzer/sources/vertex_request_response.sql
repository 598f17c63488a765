/*---
title = "Vertex AI request-response logs (rows of BigQuery)"
url = "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/request-response-logging"
checked = 2026-11-21
grain = "one row a logged call"
recognise = [
  ["logging_time", "full_request", "full_response"],
  ["logging_time", "request_payload", "response_payload"],
]
recognise_not = []
signals = ["when it was logged", "streamed", "user", "prompt shape"]
cannot_tell = ["the calls that were not sampled", "duration", "time to the first token"]
duplicate = "id of the message, else request_id"
winner = "the copy with more tokens"
traps = [
  "rows are a sample: the sampling rate stands in the logging configuration, not in the row; nothing is scaled up",
  "full_request and full_response may be JSON or JSON inside a string, a streamed answer an array of events",
  "a region in the endpoint costs more than the global one",
  "logging may be switched on and yet write nothing for some models: compare with the bill",
]
how_to_export = "bq extract --destination_format NEWLINE_DELIMITED_JSON project:dataset.request_response_logging gs://bucket/rows-*.json, and tell us the sampling rate."

[shape]
logging_time = "VARCHAR"
request_id = "VARCHAR"
endpoint = "VARCHAR"
model = "VARCHAR"
deployed_model_id = "VARCHAR"
api_method = "VARCHAR"
full_request = "JSON"
full_response = "JSON"
request_payload = "JSON"
response_payload = "JSON"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns, one row a billed model of a call.
with bodies as materialized (
  select record_no, text, r,
    answer_of(coalesce(r.full_response, r.response_payload)::varchar) as a,
    bedrock_prompt(coalesce(json_of(r.full_request), json_of(json_extract(r.request_payload, '$[0]')))) as prompt,
    coalesce(json_of(r.full_request), json_of(json_extract(r.request_payload, '$[0]'))) as asked,
    regexp_replace(present(r.logging_time), ' UTC$', 'Z') as logged,
    nullif(regexp_extract(coalesce(r.endpoint, r.model), 'locations/([a-z0-9-]+)', 1), '') as location
  from record
),
calls as materialized (
  select *, a.u as u,
    coalesce(nullif(regexp_extract(coalesce(r.model, r.endpoint), 'models/([^/:]+)', 1), ''), present(r.model), a.model) as model,
    case when a.kind = 'error' then 'error' when a.kind = 'cut_off' then 'cancelled' else 'ok' end as status
  from bodies
),
sums as materialized (
  select *, coalesce(message_key('vertex', a.id), 'vertex:' || present(r.request_id), keyless(text)) as call_key,
    unnest(bills(u, model)) as bill
  from calls
)
select
  record_no, bill.part_no as part_no,
  call_key || bill.suffix as duplicate_key,
  all_tokens(bill.b) as duplicate_rank,
  coalesce(
    instant_problem('logging_time', logged),
    case when u is null and status <> 'error' then 'full_response: found no usage, expected a Messages answer or its events' end,
    case when u is not null and not (status = 'error' and present(u.input_tokens) is null) then usage_problem(u) end
  ) as reject_reason,
  list_filter(['a sample of the calls, at a rate that the row does not tell: nothing is scaled up', stream_remark(a)],
    lambda x: x is not null) as remarks,
  coalesce(present(r.request_id), a.id) as request_id,
  instant_us(logged) as started_us,
  'gcp_vertex' as provider,
  bill.model as raw_model,
  present(u.service_tier) as service_tier,
  location as inference_geo,
  false as is_batch,
  coalesce(a.is_stream or r.api_method = 'streamRawPredict' or try_cast(json_extract_string(asked, '$.stream') as boolean),
    false) as is_streamed,
  status,
  bill.b.uncached as uncached_input_tokens,
  bill.b.write_5m as cache_write_5m_tokens,
  bill.b.write_1h as cache_write_1h_tokens,
  bill.b.read as cache_read_tokens,
  bill.b.output as output_tokens,
  case when bill.part_no = 0 then thinking(u.output_tokens_details.thinking_tokens, bill.b.output) end as thinking_tokens,
  case when bill.part_no = 0 then token_count(u.server_tool_use.web_search_requests) else 0 end as web_searches,
  nullif(regexp_extract(r.endpoint, 'projects/([^/]+)', 1), '') as workspace,
  salted(present(json_extract_string(asked, '$.metadata.user_id'))) as user_hash,
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
