/*---
title = "Anthropic cost analytics (analytics/cost, cost_report and user_cost_report)"
url = "https://platform.claude.com/docs/en/manage-claude/usage-cost-analytics-api"
checked = 2026-11-21
grain = "one row a period and group, or a person"
into = "cost_lines"
recognise = [
  ["data[].group", "data[].cost.amount"],
  ["data[].results[].amount", "data[].results[].list_amount"],
  ["data[].results[].amount", "data_refreshed_at"],
  ["data[].actor", "data[].amount", "data[].list_amount"],
  ["pulled.anthropic_analytics_cost", "data"],
]
recognise_not = []
signals = ["batch or not", "list price beside what is billed: the negotiated discount", "cost by model, kind of token, key, workspace, product"]
cannot_tell = ["credits, which come after amount"]
duplicate = "period and dimensions of the row (and the organisation, where it is told)"
winner = "the copy computed last (data_refreshed_at), else the larger amount"
traps = [
  "amount is after discounts and before credits, list_amount before discounts; both are decimal texts in cents with fractions",
  "grouped by rbac_group_id a person counts in every group they are in: such rows overlap, and are rejected",
  "two groupings of the same days hold the same money twice",
  "a page saved by hand does not say what it was grouped by: a dimension that none of its rows has counts as not grouped",
  "grouped by token_type alone, web search and code execution are left out; group by cost_type as well",
  "a report by user leaves out what no user account caused",
  "figures of the last 30 days may still change: pull again, the later copy wins",
]
how_to_export = "whowaits pull cost --from 2026-10-01 --to 2026-11-01 (an Admin key in ANTHROPIC_ADMIN_KEY). Or save each page of GET /v1/organizations/analytics/cost with time_bucket_width=1d, grouped by cost_type, token_type, api_key_id, inference_geo, model, service_tier and speed, as a JSON file."

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
amount = "VARCHAR"
list_amount = "VARCHAR"
currency = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r), rows that page_rows gave. Returns: canonical columns of a cost line.
with rows as (
  select record_no, r, r.measures as m, dimensions_of(r.dimensions) as d,
    report_series(report_width(instant_us(r.ending_at) - instant_us(r.starting_at)), r.grouped_by) as series
  from record
)
select
  record_no,
  coalesce(r.problem, period_problem(r.starting_at, r.ending_at), cents_problem('amount', m.amount),
    case when present(m.list_amount) is not null then cents_problem('list_amount', m.list_amount) end,
    currency_problem(m.currency),
    case when list_contains(r.grouped_by, 'rbac_group_id')
      then 'rbac_group_id: groups overlap and cannot be added up; pull the report without this dimension' end) as reject_reason,
  row_key('anthropic_analytics_cost', series, r) as duplicate_key,
  coalesce(row_stamp(r), floor(cents_usd(m.amount) * 1000)::bigint) as duplicate_rank,
  list_filter([
    case when not list_contains(r.grouped_by, 'model') then 'not grouped by model: reconciles by day alone' end,
    case when try_cast(r.bucket_rows as integer) >= 100 then 'a bucket of 100 groups: the report leaves out the rest' end],
    lambda x: x is not null) as remarks,
  series,
  instant_us(r.starting_at) as started_us,
  instant_us(r.ending_at) as ended_us,
  'anthropic' as provider,
  present(d.model) as raw_model,
  present(d.cost_type) as cost_type,
  token_kind(d.token_type) as token_type,
  present(d.service_tier) as service_tier,
  present(d.speed) as speed,
  known_geo(d.inference_geo) as inference_geo,
  present(d.workspace_id) as workspace,
  key_of(d) as api_key,
  cents_usd(m.amount) as amount_usd,
  cents_usd(m.list_amount) as list_amount_usd,
  0::decimal(38, 12) as rounded_to_usd
from rows
