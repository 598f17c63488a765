/*---
title = "Claude Console usage export (CSV)"
url = "https://support.anthropic.com/en/articles/9534590-cost-and-usage-reporting-in-console"
checked = 2026-11-21
grain = "one row a day, hour or minute and key; no single calls"
into = "usage_rollups"
recognise = [["usage_date_utc", "usage_input_tokens_no_cache"]]
recognise_not = []
signals = ["batch or not (usage_type)", "fast mode", "names of keys and workspaces", "usage by day, hour or minute"]
cannot_tell = ["number of calls", "latency", "streaming", "prompts", "cost", "Haiku 5.5's split at 100,000 input tokens"]
duplicate = "period and all names of the row; equal rows of one file are two keys of one name, and both count"
winner = "the copy with more tokens"
traps = [
  "the width of a row stands nowhere: a month has days, a single day hours, a single hour minutes",
  "usage_input_tokens_no_cache leaves out cache reads and writes",
  "headers have grown from 9 to 14 columns; the oldest has one column for all cache writes, which were 5-minute then",
  "exports of two generations group differently: the same day in both counts twice",
  "context_window is written ≤ 200k; an empty speed is standard",
]
how_to_export = "In the Claude Console open Usage, choose the month and all workspaces, and press Export: a file claude_api_tokens_….csv. A single day exports hours, which show rhythm better."

[shape]
usage_date_utc = "VARCHAR"
model_version = "VARCHAR"
api_key = "VARCHAR"
workspace = "VARCHAR"
usage_type = "VARCHAR"
context_window = "VARCHAR"
usage_input_tokens_no_cache = "VARCHAR"
usage_input_tokens_cache_write = "VARCHAR"
usage_input_tokens_cache_write_5m = "VARCHAR"
usage_input_tokens_cache_write_1h = "VARCHAR"
usage_input_tokens_cache_read = "VARCHAR"
usage_output_tokens = "VARCHAR"
web_search_count = "VARCHAR"
inference_geo = "VARCHAR"
speed = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns; the width of a row is settled in whole_file.
with rows as (
  select record_no, r, instant_us(r.usage_date_utc) as started_us,
    coalesce(present(r.usage_input_tokens_cache_write_5m), r.usage_input_tokens_cache_write) as write_5m,
    list_filter([case when r.api_key is not null then 'api_key' end,
      case when r.context_window is not null then 'context_window' end,
      case when r.inference_geo is not null then 'inference_geo' end,
      case when r.model_version is not null then 'model' end, case when r.speed is not null then 'speed' end,
      case when r.usage_type is not null then 'service_tier' end,
      case when r.workspace is not null then 'workspace' end], lambda x: x is not null) as names
  from record
)
select
  record_no,
  coalesce(
    instant_problem('usage_date_utc', r.usage_date_utc),
    token_problem('usage_input_tokens_no_cache', r.usage_input_tokens_no_cache),
    token_problem('usage_input_tokens_cache_write', r.usage_input_tokens_cache_write),
    token_problem('usage_input_tokens_cache_write_5m', r.usage_input_tokens_cache_write_5m),
    token_problem('usage_input_tokens_cache_write_1h', r.usage_input_tokens_cache_write_1h),
    token_problem('usage_input_tokens_cache_read', r.usage_input_tokens_cache_read),
    token_problem('usage_output_tokens', r.usage_output_tokens),
    token_problem('web_search_count', r.web_search_count),
    case when present(r.usage_input_tokens_no_cache) is null
      then 'usage_input_tokens_no_cache: missing, expected a whole number of tokens' end,
    case when present(r.usage_output_tokens) is null
      then 'usage_output_tokens: missing, expected a whole number of tokens' end) as reject_reason,
  concat_ws('|', started_us, coalesce(r.model_version, ''), coalesce(r.api_key, ''), coalesce(r.workspace, ''),
    coalesce(r.usage_type, ''), coalesce(r.context_window, ''), coalesce(r.inference_geo, ''), coalesce(r.speed, ''))
    as duplicate_key,
  token_count(r.usage_input_tokens_no_cache) + token_count(write_5m) + token_count(r.usage_input_tokens_cache_write_1h)
    + token_count(r.usage_input_tokens_cache_read) + token_count(r.usage_output_tokens) as duplicate_rank,
  report_series('', names) as series,
  started_us,
  'anthropic' as provider,
  present(r.model_version) as raw_model,
  lower(present(r.usage_type)) as service_tier,
  case when r.speed is not null then coalesce(present(r.speed), 'standard') end as speed,
  known_geo(r.inference_geo) as inference_geo,
  size_tier(r.context_window) as context_window,
  contains(lower(present(r.usage_type)), 'batch') as is_batch,
  token_count(r.usage_input_tokens_no_cache) as uncached_input_tokens,
  token_count(write_5m) as cache_write_5m_tokens,
  token_count(r.usage_input_tokens_cache_write_1h) as cache_write_1h_tokens,
  token_count(r.usage_input_tokens_cache_read) as cache_read_tokens,
  token_count(r.usage_output_tokens) as output_tokens,
  token_count(r.web_search_count) as web_searches,
  present(r.workspace) as workspace,
  present(r.api_key) as api_key,
  regexp_matches(trim(r.usage_date_utc), '\d:\d') as _has_time
from rows

-- name: whole_file
-- Takes: projected, places (where each record stands). Returns: the same with the width of a row: a day without a time
-- of day, a minute where any row of the file is off the hour, else an hour.
with widths as (
  select p.*, case when not _has_time then 86400000000
    when bool_or(_has_time and started_us % 3600000000 <> 0) over (partition by q.file_id) then 60000000
    else 3600000000 end as _width_us
  from projected p join places q on q.record_no = p.record_no
)
select * replace (
  started_us + _width_us as ended_us,
  report_width(_width_us) || series as series,
  '?' || salted(report_width(_width_us) || series || '|' || duplicate_key) as duplicate_key)
from widths
