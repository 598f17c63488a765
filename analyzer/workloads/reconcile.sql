-- An invoice (or cost report) beside what the logs cost at list price.

-- name: invoices
-- Takes: cost_lines. Returns: one row a series of an invoice, the one that covers most days first.
select source, series, count(distinct started_us - started_us % 86400000000) as days,
  min(started_us) as first_us, max(greatest(ended_us - 1, started_us)) as last_us
from cost_lines
group by source, series
order by days desc, source, series

-- name: invoice_lines
-- Takes: cost_lines, $source, $series. Returns: sums by day, model, kind, key and workspace. Unit: USD, exact.
select
  started_us - started_us % 86400000000 as day_us,
  provider,
  coalesce(raw_model, '') as raw_model,
  coalesce(cost_type, '') as cost_type,
  api_key,
  workspace,
  sum(amount_usd) as amount_usd,
  case when count(list_amount_usd) = count(*) then sum(list_amount_usd) end as list_amount_usd,
  sum(rounded_to_usd) as rounding_usd
from cost_lines
where source = $source and series = $series
group by all
order by day_us, raw_model, cost_type, api_key, workspace

-- name: names
-- Takes: owned. Returns: the names of keys and workspaces that the logs know.
select distinct api_key, workspace from owned
