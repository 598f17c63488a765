/*---
title = "Anthropic cost report (Admin API, cost_report)"
url = "https://platform.claude.com/docs/en/manage-claude/usage-cost-api"
checked = 2026-11-21
grain = "one row a day and kind of cost"
into = "cost_lines"
recognise = [
  ["data[].results[].amount", "data[].results[].currency", "data[].starting_at"],
  ["pulled.anthropic_cost_report", "data"],
]
recognise_not = [["data[].results[].list_amount"], ["data_refreshed_at"]]
signals = ["batch or not (grouped by description)", "cost by day, model, kind of token and workspace"]
cannot_tell = ["list price", "Priority Tier, which it never includes", "keys"]
duplicate = "day and dimensions of the row (and the organisation, where it is told)"
winner = "the copy pulled last, else the larger amount"
traps = [
  "amount is a decimal text in cents with fractions: 123.78912 is $1.2378912",
  "Priority Tier is never included, and Claude Platform on AWS has no such report",
  "without grouping by description a row has no model: it reconciles by day alone",
  "a page saved by hand does not say what it was grouped by: a dimension that none of its rows has counts as not grouped",
  "two groupings of the same days hold the same money twice",
]
how_to_export = "whowaits pull cost --legacy --from 2026-10-01 --to 2026-11-01 (an Admin key in ANTHROPIC_ADMIN_KEY). Or save each page of GET /v1/organizations/cost_report, grouped by description and workspace_id, as a JSON file."

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
amount = "VARCHAR"
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
    currency_problem(m.currency)) as reject_reason,
  row_key('anthropic_cost_report', series, r) as duplicate_key,
  coalesce(row_stamp(r), floor(cents_usd(m.amount) * 1000)::bigint) as duplicate_rank,
  list_filter([case when present(d.model) is null and present(d.description) is null
    then 'not grouped by description: no model is told' end], lambda x: x is not null) as remarks,
  series,
  instant_us(r.starting_at) as started_us,
  instant_us(r.ending_at) as ended_us,
  'anthropic' as provider,
  present(d.model) as raw_model,
  present(d.description) as description,
  present(d.cost_type) as cost_type,
  token_kind(d.token_type) as token_type,
  present(d.service_tier) as service_tier,
  present(d.speed) as speed,
  known_geo(d.inference_geo) as inference_geo,
  present(d.workspace_id) as workspace,
  key_of(d) as api_key,
  cents_usd(m.amount) as amount_usd,
  0::decimal(38, 12) as rounded_to_usd
from rows
