/*---
title = "LiteLLM StandardLoggingPayload"
url = "https://docs.litellm.ai/docs/proxy/logging_spec"
checked = 2026-11-21
grain = "one object a call (a file each, or one a line)"
recognise = [["id", "call_type", "response_cost", "prompt_tokens", "startTime"]]
recognise_not = [["request_id", "spend"]]
signals = ["start", "duration", "first token", "streamed", "user", "session", "trace", "tags", "user agent", "prompt shape"]
cannot_tell = ["the system prompt where LiteLLM moved it into messages"]
duplicate = "id (shared with SpendLogs: a call seen in both is counted once)"
winner = "the copy with more tokens; of equal ones the one that knows its 1-hour cache writes"
traps = [
  "prompt_tokens holds cache reads and writes, and every iteration: those on another model become a request of their own",
  "startTime is seconds since 1970 in real payloads, text in some",
  "trace_id is shared by retries and fallbacks: several billed calls for one action",
  "cache_hit is LiteLLM's own answer cache: such a call cost nothing and is left out; so are calls about files and batches",
  "aretrieve_batch is a whole batch in one record; its models are in hidden_params",
]
how_to_export = """Copy the folder or bucket that LiteLLM's s3 or gcs logging callback writes (one JSON file a call, or batch_*.jsonl), \
or read it in place: whowaits ingest s3://bucket/prefix. Message logging may be off: tokens, times and tags are enough."""

[shape]
id = "VARCHAR"
trace_id = "VARCHAR"
session_id = "VARCHAR"
litellm_call_id = "VARCHAR"
call_type = "VARCHAR"
stream = "VARCHAR"
response_cost = "VARCHAR"
status = "VARCHAR"
custom_llm_provider = "VARCHAR"
prompt_tokens = "VARCHAR"
completion_tokens = "VARCHAR"
startTime = "VARCHAR"
endTime = "VARCHAR"
completionStartTime = "VARCHAR"
model = "VARCHAR"
model_group = "VARCHAR"
messages = "JSON"
hidden_params = "JSON"
metadata = "VARCHAR"
response = "VARCHAR"
request_tags = "VARCHAR"
end_user = "VARCHAR"
cache_hit = "VARCHAR"
[shape.model_parameters]
max_tokens = "VARCHAR"
stream = "VARCHAR"
tools = "JSON"
system = "JSON"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns, one row a billed model of a call.
with opened as (
  select record_no, text, r, litellm_metadata(json_merge_patch(coalesce(r.hidden_params, '{}'), coalesce(try(litellm_json(r.metadata)::json), '{}'))::varchar) as m,
    litellm_counts(json_extract(try(litellm_json(r.response)::json), '$.usage')::varchar) as b,
    case when json_type(r.messages) = 'ARRAY' and json_array_length(r.messages) > 0 then r.messages end as messages
  from record
),
counted as (
  select *, litellm_counts(m.usage_object) as a,
    litellm_model(m, r.model, r.model_group) as model,
    case when messages is not null then
      prompt_shape(r.model_parameters.tools::varchar, coalesce(r.model_parameters.system::varchar,
        case when json_extract_string(messages, '$[0].role') = 'system' then (json_extract(messages, '$[0].content'))::varchar end),
        messages::varchar) end as shape
  from opened
),
used as (select *, litellm_usage(a, b) as u from counted),
summed as (
  select *, litellm_own(token_count(r.prompt_tokens), token_count(r.completion_tokens), u) as own,
    litellm_elsewhere(u, model) as elsewhere
  from used
),
apart as (select *, litellm_parts(model, own, elsewhere, litellm_rest(own, elsewhere)) as parts from summed),
calls as (
  select record_no, text, r, m, struct_pack(
    id := r.id, call_type := r.call_type, status := coalesce(present(r.status), 'success'),
    started := r.startTime, ended := r.endTime, first := r.completionStartTime,
    prompt := r.prompt_tokens, completion := r.completion_tokens, model := model, provider := r.custom_llm_provider,
    cache_hit := r.cache_hit, m := m, u := u, shape := shape, tools := r.model_parameters.tools,
    max_tokens := r.model_parameters.max_tokens, tags := r.request_tags, cost := r.response_cost,
    is_whole_batch := litellm_is_whole_batch(r.call_type, r.id),
    problem := coalesce(litellm_counts_problem('metadata.usage_object', a), litellm_counts_problem('response.usage', b)),
    is_torn_apart := len(elsewhere) >= len(parts)) as c, parts
  from apart
),
billed_calls as (
  select *, unnest(parts) as part, unnest(range(len(parts))) as part_no from calls
),
rows as materialized (
  select record_no, litellm_row(c, text, part, part_no) as shared,
    coalesce(try_cast(r.stream as boolean), try_cast(r.model_parameters.stream as boolean)) as is_streamed,
    present(m.user_api_key_team_alias) as workspace,
    salted(coalesce(present(r.end_user), present(m.user_api_key_end_user_id))) as user_hash,
    case when r.session_id not in (coalesce(r.id, ''), coalesce(r.litellm_call_id, ''), coalesce(r.trace_id, ''))
      then present(r.session_id) end as session_id,
    case when r.trace_id not in (coalesce(r.id, ''), coalesce(r.litellm_call_id, '')) then present(r.trace_id) end as trace_id
  from billed_calls
)
select record_no, unnest(shared), is_streamed, workspace, user_hash, session_id, trace_id
from rows
