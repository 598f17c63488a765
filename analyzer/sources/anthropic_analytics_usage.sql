/*---
title = "Anthropic usage analytics (analytics/usage, usage_report and user_usage_report)"
url = "https://platform.claude.com/docs/en/manage-claude/usage-cost-analytics-api"
checked = 2026-11-21
grain = "one row a period and group, or a person; no single calls"
into = "usage_rollups"
recognise = [
  ["data[].group", "data[].usage.uncached_input_tokens"],
  ["data[].results[].uncached_input_tokens", "data_refreshed_at"],
  ["data[].results[].uncached_input_tokens", "data[].results[].requests"],
  ["data[].results[].uncached_input_tokens", "data[].results[].product"],
  ["data[].actor", "data[].uncached_input_tokens"],
  ["pulled.anthropic_analytics_usage", "data"],
]
recognise_not = []
signals = ["number of calls", "batch or not", "fast mode", "product", "kind of Claude Tag work (scheduled, monitoring)", "key, workspace, person, service account"]
cannot_tell = ["latency", "streaming", "prompts", "Haiku 5.5's split at 100,000 input tokens"]
duplicate = "period and dimensions of the row (and the organisation, where it is told)"
winner = "the copy computed last (data_refreshed_at), else the one with more tokens"
traps = [
  "grouped by rbac_group_id a person counts in every group they are in: such rows overlap, and are rejected",
  "a dimension is null when the report is not grouped by it: two groupings of the same days count the same usage twice",
  "a page saved by hand does not say what it was grouped by: a dimension that none of its rows has counts as not grouped",
  "a grouped bucket of usage_report holds the 100 largest groups and no rest",
  "requests counts execution spans for code execution, which has no tokens: left out there",
  "a report by user without bucket_width says no period; a page that whowaits pulled does",
  "figures of the last 30 days may still change: pull again, the later copy wins",
]
how_to_export = "whowaits pull usage --from 2026-10-01 --to 2026-11-01 (an Admin key in ANTHROPIC_ADMIN_KEY). Or save each page of GET /v1/organizations/analytics/usage with time_bucket_width=1d, grouped by api_key_id, inference_geo, model, service_tier and speed, as a JSON file."

[shape]
problem = "VARCHAR"
starting_at = "VARCHAR"
ending_at = "VARCHAR"
refreshed_at = "VARCHAR"
pulled_at = "VARCHAR"
organization_id = "VARCHAR"
grouped_by = ["VARCHAR"]
bucket_rows = "VARCHAR"
nth = "VARCHAR"
dimensions = "JSON"
[shape.measures]
requests = "VARCHAR"
total_tokens = "VARCHAR"
uncached_input_tokens = "VARCHAR"
cache_read_input_tokens = "VARCHAR"
output_tokens = "VARCHAR"
cache_creation = {ephemeral_5m_input_tokens = "VARCHAR", ephemeral_1h_input_tokens = "VARCHAR"}
server_tool_use = {web_search_requests = "VARCHAR"}
---*/

-- name: projection
-- Takes: record(record_no, text, r), rows that page_rows gave. Returns: canonical columns of a rollup.
with rows as (
  select record_no, r, r.measures as u, dimensions_of(r.dimensions) as d,
    report_series(report_width(instant_us(r.ending_at) - instant_us(r.starting_at)), r.grouped_by) as series
  from record
)
select
  record_no,
  coalesce(r.problem, period_problem(r.starting_at, r.ending_at), count_problem(u), token_problem('requests', u.requests),
    case when list_contains(r.grouped_by, 'rbac_group_id')
      then 'rbac_group_id: groups overlap and cannot be added up; pull the report without this dimension' end) as reject_reason,
  row_key('anthropic_analytics_usage', series, r) as duplicate_key,
  coalesce(row_stamp(r), report_tokens(u)) as duplicate_rank,
  list_filter([
    case when not list_contains(r.grouped_by, 'model') then 'not grouped by model: no price fits this row' end,
    case when try_cast(r.bucket_rows as integer) >= 100 then 'a bucket of 100 groups: the report leaves out the rest' end,
    case when token_count(u.total_tokens) <> report_tokens(u) and present(u.total_tokens) is not null
      then 'total_tokens is not the sum of its kinds: the kinds are taken' end], lambda x: x is not null) as remarks,
  series,
  instant_us(r.starting_at) as started_us,
  instant_us(r.ending_at) as ended_us,
  'anthropic' as provider,
  present(d.model) as raw_model,
  present(d.service_tier) as service_tier,
  present(d.speed) as speed,
  known_geo(d.inference_geo) as inference_geo,
  size_tier(d.context_window) as context_window,
  coalesce(d.service_tier = 'batch', case when d.product = 'message_batches_api' then true
    when d.product = 'messages_api' then false end) as is_batch,
  case when report_tokens(u) > 0 and present(u.requests) is not null then token_count(u.requests) end as requests,
  token_count(u.uncached_input_tokens) as uncached_input_tokens,
  token_count(u.cache_creation.ephemeral_5m_input_tokens) as cache_write_5m_tokens,
  token_count(u.cache_creation.ephemeral_1h_input_tokens) as cache_write_1h_tokens,
  token_count(u.cache_read_input_tokens) as cache_read_tokens,
  token_count(u.output_tokens) as output_tokens,
  token_count(u.server_tool_use.web_search_requests) as web_searches,
  present(d.workspace_id) as workspace,
  key_of(d) as api_key,
  present(d.product) as application,
  salted(person_of(d)) as user_hash,
  dimension_tags(d) as tags
from rows
