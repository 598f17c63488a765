/*---
title = "Claude Console cost export (CSV)"
url = "https://support.anthropic.com/en/articles/9534590-cost-and-usage-reporting-in-console"
checked = 2026-11-21
grain = "one row a day, key and kind of token"
into = "cost_lines"
recognise = [["usage_date_utc", "cost_usd", "token_type"]]
recognise_not = []
signals = ["cost by day, model, kind of token, key and workspace", "list price beside what is billed (from 2026-03)"]
cannot_tell = ["token counts", "amounts below half a cent"]
duplicate = "day and all names of the row; equal rows of one file are two keys of one name, and both count"
winner = "the copy with the larger amount"
traps = [
  "cost_usd is in dollars rounded to cents, row by row: many rows of 0.00 hold money that no row shows",
  "model is a display name (Claude Haiku 4.5)",
  "usage_type is message and says nothing of batch or tier",
  "headers have grown from 7 to 14 columns; list_price_usd is there from 2026-03 on",
  "exports of two generations group differently: the same day in both counts twice",
]
how_to_export = "In the Claude Console open Cost, choose the month, group by nothing, and press Export: a file claude_api_cost_….csv."

[shape]
usage_date_utc = "VARCHAR"
model = "VARCHAR"
workspace = "VARCHAR"
api_key = "VARCHAR"
api_key_id = "VARCHAR"
usage_type = "VARCHAR"
context_window = "VARCHAR"
token_type = "VARCHAR"
cost_usd = "VARCHAR"
list_price_usd = "VARCHAR"
cost_type = "VARCHAR"
inference_geo = "VARCHAR"
speed = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns of a cost line.
with rows as (
  select record_no, r, instant_us(r.usage_date_utc) as started_us,
    case when regexp_matches(trim(r.usage_date_utc), '\d:\d') then 3600000000 else 86400000000 end as width_us,
    list_filter([case when r.api_key is not null then 'api_key' end,
      case when r.api_key_id is not null then 'api_key_id' end,
      case when r.context_window is not null then 'context_window' end,
      case when r.cost_type is not null then 'cost_type' end,
      case when r.inference_geo is not null then 'inference_geo' end, case when r.model is not null then 'model' end,
      case when r.speed is not null then 'speed' end, 'token_type',
      case when r.usage_type is not null then 'usage_type' end,
      case when r.workspace is not null then 'workspace' end], lambda x: x is not null) as names
  from record
)
select
  record_no,
  coalesce(
    instant_problem('usage_date_utc', r.usage_date_utc),
    case when present(r.cost_usd) is null then 'cost_usd: missing, expected an amount in dollars'
      when dollars_usd(r.cost_usd) is null then 'cost_usd: found ' || shown(r.cost_usd) || ', expected an amount in dollars' end,
    case when present(r.list_price_usd) is not null and dollars_usd(r.list_price_usd) is null
      then 'list_price_usd: found ' || shown(r.list_price_usd) || ', expected an amount in dollars' end) as reject_reason,
  '?' || salted(concat_ws('|', report_series(report_width(width_us), names), started_us, coalesce(r.model, ''),
    coalesce(r.workspace, ''), coalesce(r.api_key, ''), coalesce(r.api_key_id, ''), coalesce(r.usage_type, ''),
    coalesce(r.context_window, ''), coalesce(r.token_type, ''), coalesce(r.cost_type, ''),
    coalesce(r.inference_geo, ''), coalesce(r.speed, ''))) as duplicate_key,
  floor(dollars_usd(r.cost_usd) * 100000)::bigint as duplicate_rank,
  report_series(report_width(width_us), names) as series,
  started_us,
  started_us + width_us as ended_us,
  'anthropic' as provider,
  present(r.model) as raw_model,
  case when r.cost_type = 'token' then 'tokens' else coalesce(present(r.cost_type),
    case when present(r.token_type) is not null then 'tokens' end) end as cost_type,
  token_kind(r.token_type) as token_type,
  case when contains(lower(r.usage_type), 'batch') then 'batch'
    when lower(r.usage_type) in ('standard', 'priority', 'priority_on_demand', 'flex', 'flex_discount')
      then lower(r.usage_type) end as service_tier,
  case when r.speed is not null then coalesce(present(r.speed), 'standard') end as speed,
  known_geo(r.inference_geo) as inference_geo,
  present(r.workspace) as workspace,
  coalesce(present(r.api_key), present(r.api_key_id)) as api_key,
  dollars_usd(r.cost_usd) as amount_usd,
  dollars_usd(r.list_price_usd) as list_amount_usd,
  case when regexp_matches(trim(r.cost_usd), '\.\d\d0*[1-9]') then 0 else 0.01 end::decimal(38, 12) as rounded_to_usd
from rows
