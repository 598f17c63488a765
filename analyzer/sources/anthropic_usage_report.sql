/*---
title = "Anthropic usage report (Admin API, usage_report/messages)"
url = "https://platform.claude.com/docs/en/manage-claude/usage-cost-api"
checked = 2026-11-21
grain = "one row a minute, hour or day and group; no single calls"
into = "usage_rollups"
recognise = [
  ["data[].results[].uncached_input_tokens", "data[].starting_at"],
  ["pulled.anthropic_usage_report", "data"],
]
recognise_not = [["data_refreshed_at"], ["data[].results[].requests"], ["data[].results[].product"]]
signals = ["batch or not (service_tier)", "fast mode", "key and workspace", "usage by minute, hour or day"]
cannot_tell = ["number of calls", "latency", "streaming", "prompts", "cost", "Haiku 5.5's split at 100,000 input tokens"]
duplicate = "period and dimensions of the row (and the organisation, where it is told)"
winner = "the copy pulled last, else the one with more tokens"
traps = [
  "a dimension is null when the report is not grouped by it: two groupings of the same days count the same usage twice",
  "a page saved by hand does not say what it was grouped by: a dimension that none of its rows has counts as not grouped",
  "workspace_id null is the default workspace or no grouping, api_key_id null the Console or no grouping",
  "uncached_input_tokens leaves out cache reads and writes; all tokens are the sum of five counters",
  "the same calls stand in gateway logs and telemetry: count one of them",
  "saved pages name no organisation: pages of two organisations with the same groups look alike",
]
how_to_export = "whowaits pull usage --legacy --from 2026-10-01 --to 2026-11-01 (an Admin key in ANTHROPIC_ADMIN_KEY). Or save each page of GET /v1/organizations/usage_report/messages, grouped by api_key_id, workspace_id, model, service_tier, context_window and inference_geo, as a JSON file."

[shape]
problem = "VARCHAR"
starting_at = "VARCHAR"
ending_at = "VARCHAR"
refreshed_at = "VARCHAR"
pulled_at = "VARCHAR"
organization_id = "VARCHAR"
grouped_by = ["VARCHAR"]
nth = "VARCHAR"
dimensions = "JSON"
[shape.measures]
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
  coalesce(r.problem, period_problem(r.starting_at, r.ending_at), count_problem(u)) as reject_reason,
  row_key('anthropic_usage_report', series, r) as duplicate_key,
  coalesce(row_stamp(r), report_tokens(u)) as duplicate_rank,
  list_filter([case when not list_contains(r.grouped_by, 'model')
    then 'not grouped by model: no price fits this row' end], lambda x: x is not null) as remarks,
  series,
  instant_us(r.starting_at) as started_us,
  instant_us(r.ending_at) as ended_us,
  'anthropic' as provider,
  present(d.model) as raw_model,
  present(d.service_tier) as service_tier,
  present(d.speed) as speed,
  known_geo(d.inference_geo) as inference_geo,
  size_tier(d.context_window) as context_window,
  d.service_tier = 'batch' as is_batch,
  token_count(u.uncached_input_tokens) as uncached_input_tokens,
  token_count(u.cache_creation.ephemeral_5m_input_tokens) as cache_write_5m_tokens,
  token_count(u.cache_creation.ephemeral_1h_input_tokens) as cache_write_1h_tokens,
  token_count(u.cache_read_input_tokens) as cache_read_tokens,
  token_count(u.output_tokens) as output_tokens,
  token_count(u.server_tool_use.web_search_requests) as web_searches,
  present(d.workspace_id) as workspace,
  key_of(d) as api_key,
  salted(person_of(d)) as user_hash,
  dimension_tags(d) as tags
from rows
