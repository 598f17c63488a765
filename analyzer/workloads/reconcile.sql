-- An invoice (or cost report) beside what the logs cost at list price.

-- name: invoice_days
-- Takes: cost_lines. Returns: of each source and day the series that counts: the one that covers most days. Two series of one
-- source (exports grouped otherwise) hold the same money on the days that both have.
select source, day_us, series
from (
  select d.source, d.day_us, d.series,
    row_number() over (partition by d.source, d.day_us order by s.days desc, d.series) as place
  from (select distinct source, series, started_us - started_us % 86400000000 as day_us from cost_lines) d
  join (
    select source, series, count(distinct started_us - started_us % 86400000000) as days
    from cost_lines group by source, series
  ) s on s.source = d.source and s.series = d.series
) ranked
where place = 1

-- name: invoices
-- Takes: cost_lines, invoice_days. Returns: one row a source, the one that covers most days first.
select c.source, string_agg(distinct c.series, ' and ' order by c.series) as series, count(distinct d.day_us) as days,
  min(c.started_us) as first_us, max(greatest(c.ended_us - 1, c.started_us)) as last_us
from cost_lines c
join invoice_days d on d.source = c.source and d.series = c.series
  and d.day_us = c.started_us - c.started_us % 86400000000
group by c.source
order by days desc, c.source

-- name: invoice_lines
-- Takes: cost_lines, invoice_days, $source. Returns: sums by day, model, kind, key and workspace. Unit: USD, exact.
select
  d.day_us,
  c.provider,
  coalesce(c.raw_model, '') as raw_model,
  coalesce(c.cost_type, '') as cost_type,
  c.api_key,
  c.workspace,
  sum(c.amount_usd) as amount_usd,
  case when count(c.list_amount_usd) = count(*) then sum(c.list_amount_usd) end as list_amount_usd,
  sum(c.rounded_to_usd) as rounding_usd
from cost_lines c
join invoice_days d on d.source = c.source and d.series = c.series
  and d.day_us = c.started_us - c.started_us % 86400000000
where c.source = $source
group by all
order by d.day_us, raw_model, cost_type, api_key, workspace

-- name: names
-- Takes: owned. Returns: the names of keys and workspaces that the logs know.
select distinct api_key, workspace from owned
