-- An invoice (or cost report) beside what the logs cost at list price.

-- name: dated_lines
-- Takes: cost_lines. Returns: its rows with the UTC days that each covers, first_day_us to last_day_us (both midnights).
select *,
  started_us - started_us % 86400000000 as first_day_us,
  greatest(ended_us - 1, started_us) - greatest(ended_us - 1, started_us) % 86400000000 as last_day_us
from cost_lines

-- name: invoice_days
-- Takes: dated_lines. Returns: of each source and day the series that counts: the one that covers most days. Two series of
-- one source (exports grouped otherwise) hold the same money on the days that both have.
with covered as (
  select distinct source, series, day_us
  from (select source, series, unnest(range(first_day_us, last_day_us + 1, 86400000000)) as day_us from dated_lines) days
)
select source, day_us, series
from (
  select c.source, c.day_us, c.series,
    row_number() over (partition by c.source, c.day_us order by s.days desc, c.series) as place
  from covered c
  join (select source, series, count(*) as days from covered group by source, series) s
    on s.source = c.source and s.series = c.series
) ranked
where place = 1

-- name: counted_lines
-- Takes: dated_lines, invoice_days. Returns: the lines whose series counts on all the days that they cover.
select l.*
from dated_lines l
join (
  select c.cost_no
  from dated_lines c
  join invoice_days d on d.source = c.source and d.series = c.series and d.day_us between c.first_day_us and c.last_day_us
  group by c.cost_no, c.first_day_us, c.last_day_us
  having count(*) * 86400000000 = c.last_day_us - c.first_day_us + 86400000000
) counted on counted.cost_no = l.cost_no

-- name: invoices
-- Takes: counted_lines, invoice_days. Returns: one row a source, the one that covers most days first.
select l.source, l.series, d.days, l.first_us, l.last_us
from (
  select source, string_agg(distinct series, ' and ' order by series) as series, min(first_day_us) as first_us,
    max(last_day_us) as last_us
  from counted_lines group by source
) l
join (select source, count(*) as days from invoice_days group by source) d on d.source = l.source
order by d.days desc, l.source

-- name: invoice_lines
-- Takes: counted_lines, $source. Returns: sums by first and last day, model, kind, key and workspace. Unit: USD, exact.
select
  first_day_us,
  last_day_us,
  provider,
  coalesce(raw_model, '') as raw_model,
  coalesce(cost_type, '') as cost_type,
  api_key,
  workspace,
  sum(amount_usd) as amount_usd,
  case when count(list_amount_usd) = count(*) then sum(list_amount_usd) end as list_amount_usd,
  sum(rounded_to_usd) as rounding_usd
from counted_lines
where source = $source
group by all
order by first_day_us, last_day_us, raw_model, cost_type, api_key, workspace

-- name: names
-- Takes: owned. Returns: the names of keys and workspaces that the logs know.
select distinct api_key, workspace from owned
