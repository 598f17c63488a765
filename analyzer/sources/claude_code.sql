/*---
title = "Claude Code session logs"
url = "https://code.claude.com/docs/en/data-usage"
checked = 2026-11-20
grain = "one line a content block of an answer; one call has several lines"
recognise = [
  ["sessionId", "uuid", "type"],
  ["type", "summary", "leafUuid"],
  ["type", "snapshot", "messageId"],
  ["type", "operation", "sessionId"],
  ["type", "sessionId", "lastPrompt"],
  ["type", "sessionId", "permissionMode"],
]
recognise_not = []
signals = ["start", "duration", "session", "human turns", "subagents", "user agent"]
cannot_tell = ["time to the first token", "the system prompt", "whether a subscription or an API key paid"]
duplicate = "id of the message, over all files (resumed sessions copy their history)"
winner = "not a side chain, then more tokens, then the one that names its speed"
traps = [
  "an answer is written once per content block with the same usage: a plain sum counts 1.8 to 2.2 times too much",
  "the first copy holds provisional output tokens: keeping it loses output",
  "lines with model <synthetic> are local messages and no call",
  "with an API key the same calls stand in the usage report of the organisation: count one of the two",
]
how_to_export = "Give the folder ~/.claude/projects."

[shape]
type = "VARCHAR"
uuid = "VARCHAR"
parentUuid = "VARCHAR"
timestamp = "VARCHAR"
sessionId = "VARCHAR"
requestId = "VARCHAR"
isSidechain = "VARCHAR"
isApiErrorMessage = "VARCHAR"
isMeta = "VARCHAR"
agentId = "VARCHAR"
cwd = "VARCHAR"
version = "VARCHAR"
entrypoint = "VARCHAR"
costUSD = "VARCHAR"
[shape.message]
id = "VARCHAR"
model = "VARCHAR"
usage = "JSON"
content = "JSON"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns; names with a leading underscore are for whole_file.
with calls as materialized (
  select record_no, text, r, usage_shape(r.message.usage::varchar) as u,
    present(r.message.id) as message_id,
    present(r.message.model) as model,
    coalesce(r.type, '') <> 'assistant' or coalesce(r.message.model, '') = '<synthetic>'
      or coalesce(r.isApiErrorMessage, '') = 'true'
      or (r.message.usage is null and r.message.id is null) as is_context,
    coalesce(r.isSidechain = 'true', false) or present(r.agentId) is not null as is_subagent
  from record
),
billed_calls as (
  select *, model as billed_model, 0 as part_no from calls
  union all
  select *, unnest(other_models(u, model)) as billed_model, 1 as part_no from calls
  where not is_context and len(other_models(u, model)) > 0
),
sums as materialized (
  select *, buckets(billed(u, model, billed_model)) as b,
    coalesce(message_key('message', message_id), 'uuid:' || present(r.uuid), keyless(text)) as call_key
  from billed_calls
)
select
  record_no, part_no, is_context,
  case when not is_context then call_key || case when part_no = 0 then '' else ':' || billed_model end end as duplicate_key,
  (case when r.isSidechain = 'true' then 0 else 1000000000000000 end)
    + 2 * (b.uncached + b.write_5m + b.write_1h + b.read + b.output)
    + (case when present(u.speed) is not null then 1 else 0 end) as duplicate_rank,
  case when not is_context then coalesce(
    instant_problem('timestamp', r.timestamp),
    case when json_type(r.message.usage) <> 'OBJECT' or u is null
      then 'message.usage: missing, expected the usage object of the answer' end,
    usage_problem(u)) end as reject_reason,
  coalesce(present(r.requestId), message_id) as request_id,
  instant_us(r.timestamp) as started_us,
  null::double as duration_s,
  'anthropic' as provider,
  billed_model as raw_model,
  present(u.service_tier) as service_tier,
  present(u.speed) as speed,
  case when u.inference_geo not in ('', 'not_available') then u.inference_geo end as inference_geo,
  false as is_batch,
  'ok' as status,
  b.uncached as uncached_input_tokens,
  b.write_5m as cache_write_5m_tokens,
  b.write_1h as cache_write_1h_tokens,
  b.read as cache_read_tokens,
  b.output as output_tokens,
  case when part_no = 0 then thinking(u.output_tokens_details.thinking_tokens, b.output) end as thinking_tokens,
  case when part_no = 0 then token_count(u.server_tool_use.web_search_requests) else 0 end as web_searches,
  'claude-code' as application,
  present(r.sessionId) as session_id,
  'claude-code/' || coalesce(present(r.version), 'unknown')
    || coalesce(' (' || present(r.entrypoint) || ')', '') as user_agent,
  map_from_entries(list_filter([
    struct_pack(k := 'project', v := nullif(regexp_extract(r.cwd, '([^/\\]+)[/\\]*$', 1), '')),
    struct_pack(k := 'step', v := case when is_subagent then 'subagent' end)], lambda e: e.v is not null)) as tags,
  try_cast(r.costUSD as decimal(38, 12)) as reported_cost_usd,
  present(r.uuid) as _uuid,
  present(r.parentUuid) as _parent_uuid,
  message_id as _message_id,
  r.type = 'user' and coalesce(r.isMeta, '') <> 'true' and json_type(r.message.content) is not null
    and not contains(r.message.content::varchar, '"tool_result"') as _is_human
from sums

-- name: whole_file
-- Takes: projected (all rows of the file). Returns: the same, with the start of a call = its parent's time.
-- A call's lines hang on one another; the one whose parent is another call or a person is the first.
with lines as (
  select _uuid as uuid, min(started_us) as written_us, bool_or(_is_human) as is_human, min(_message_id) as message_id
  from projected where _uuid is not null and part_no = 0 group by _uuid
),
openings as (
  select p._message_id as message_id, min(q.written_us) as asked_us, bool_or(q.is_human) as is_human
  from projected p join lines q on q.uuid = p._parent_uuid
  where p._message_id is not null and p.part_no = 0 and q.message_id is distinct from p._message_id
  group by p._message_id
),
ends as (
  select _message_id as message_id, min(started_us) as first_us, max(started_us) as last_us
  from projected where _message_id is not null and not is_context and part_no = 0 group by _message_id
)
select p.* replace (
    case when o.asked_us <= e.first_us and e.first_us - o.asked_us <= 3600000000 then o.asked_us
      else coalesce(e.first_us, p.started_us) end as started_us,
    case when o.asked_us <= e.first_us and e.first_us - o.asked_us <= 3600000000
      then (e.last_us - o.asked_us) / 1000000 end as duration_s,
    case when o.message_id is not null
      then map_concat(p.tags, map {'turn': case when o.is_human then 'first' else 'loop' end}) else p.tags end as tags)
from projected p
left join openings o on o.message_id = p._message_id
left join ends e on e.message_id = p._message_id
