/*---
title = "Claude Code telemetry (OTLP logs)"
url = "https://code.claude.com/docs/en/monitoring-usage"
checked = 2026-11-21
grain = "one log record a call (the event claude_code.api_request), among other events"
recognise = [
  ["resourceLogs"], ["resource_logs"], ["resourceMetrics"], ["resource_metrics"],
  ["attributes.session.id", "attributes.cost_usd", "attributes.input_tokens"],
]
recognise_not = []
signals = ["start", "duration", "session", "user", "prompt (as trace)", "subagents (query_source)"]
cannot_tell = ["the lifetime of cache writes", "time to the first token", "whether a subscription or an API key paid"]
duplicate = "request_id (shared with Claude Code's own traces), else session, event.sequence and time"
winner = "the copy with more tokens"
traps = [
  "the metrics claude_code.token.usage and claude_code.cost.usage carry the same usage as the events: they are never counted",
  "input_tokens leaves cache reads and writes out",
  "numbers come as numbers or as strings",
  "the event is written when the answer has come: the start is its time less duration_ms",
  "api_error and api_refusal cost nothing: left out",
  "the same calls stand in the session folders of Claude Code, and with an API key in the usage report of the organisation: count one of them",
]
how_to_export = "Set CLAUDE_CODE_ENABLE_TELEMETRY=1, OTEL_LOGS_EXPORTER=otlp and OTEL_EXPORTER_OTLP_ENDPOINT to your OpenTelemetry Collector, and let its file exporter write the logs. Texts of prompts are not needed (OTEL_LOG_USER_PROMPTS stays off)."

[shape]
other_signal = "VARCHAR"
metric = "VARCHAR"
event = "VARCHAR"
time = "VARCHAR"
trace_id = "VARCHAR"
resource = "MAP(VARCHAR,VARCHAR)"
attributes = "MAP(VARCHAR,VARCHAR)"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns.
with events as (
  select record_no, text, r, r.attributes as a,
    coalesce(r.event, '') not in ('claude_code.api_request', 'api_request') or r.attributes is null
      or r.metric is not null as is_context,
    coalesce(present(r.time), present(r.attributes['event.timestamp'])) as written,
    span_s(r.attributes['duration_ms']) / 1000 as duration_s
  from record
)
select
  record_no, is_context,
  coalesce('anthropic_request:' || present(a['request_id']),
    'claude_code_otel:' || present(a['session.id']) || ':' || present(a['event.sequence']) || ':' || written,
    keyless(text)) as duplicate_key,
  token_count(a['input_tokens']) + token_count(a['output_tokens']) + token_count(a['cache_read_tokens'])
    + token_count(a['cache_creation_tokens']) as duplicate_rank,
  case when not is_context then coalesce(
    instant_problem('timeUnixNano', written),
    token_problem('input_tokens', a['input_tokens']),
    token_problem('output_tokens', a['output_tokens']),
    token_problem('cache_read_tokens', a['cache_read_tokens']),
    token_problem('cache_creation_tokens', a['cache_creation_tokens']),
    case when present(a['input_tokens']) is null then 'input_tokens: missing, expected a whole number of tokens' end,
    case when present(a['output_tokens']) is null then 'output_tokens: missing, expected a whole number of tokens' end)
    end as reject_reason,
  list_filter([
    case when r.metric in ('claude_code.token.usage', 'claude_code.cost.usage')
      then 'metrics repeat the usage of the api_request events: left out, never counted beside them' end,
    case when r.other_signal is not null then 'traces, no logs: left out (--format otlp reads them)' end,
    case when is_context and map_contains(a, 'gen_ai.usage.input_tokens')
      then 'usage in a log record that is none of Claude Code: left out, give the traces instead' end,
    case when not is_context and present(a['cache_read_tokens']) is null and present(a['cache_creation_tokens']) is null
      then 'no cache counts in the event: what was read from or written to the cache is missing' end,
    case when not is_context and token_count(a['cache_creation_tokens']) > 0
      then 'cache writes without their lifetime: taken as 5-minute ones' end], lambda x: x is not null) as remarks,
  present(a['request_id']) as request_id,
  instant_us(written) - case when duration_s <= 86400 then (duration_s * 1000000)::bigint else 0 end as started_us,
  duration_s,
  span_s(a['ttft_ms']) / 1000 as first_token_s,
  provider_named(null, present(a['model'])) as provider,
  present(a['model']) as raw_model,
  case when a['speed'] = 'normal' then 'standard' else present(a['speed']) end as speed,
  false as is_batch,
  'ok' as status,
  token_count(a['input_tokens']) as uncached_input_tokens,
  token_count(a['cache_creation_tokens']) as cache_write_5m_tokens,
  0::bigint as cache_write_1h_tokens,
  token_count(a['cache_read_tokens']) as cache_read_tokens,
  token_count(a['output_tokens']) as output_tokens,
  present(a['organization.id']) as workspace,
  'claude-code' as application,
  salted(first_present([a['user.account_uuid'], a['user.id'], a['user.email']])) as user_hash,
  present(a['session.id']) as session_id,
  coalesce(present(a['prompt.id']), r.trace_id) as trace_id,
  'claude-code/' || coalesce(first_present([a['app.version'], r.resource['service.version']]), 'unknown') as user_agent,
  joined_tags([
    case when present(a['query_source']) is not null then map {'step': a['query_source']} end,
    case when present(a['effort']) is not null then map {'effort': a['effort']} end,
    otel_environment(r.resource)]) as tags,
  try_cast(a['cost_usd'] as decimal(38, 12)) as reported_cost_usd
from events
