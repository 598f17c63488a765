-- Models, prices that depend on size, and the exact token sums that prices multiply.

-- name: raw_models
-- Takes: requests, usage_rollups. Returns: one row per (raw_model, provider); raw_model '' = not logged.
select coalesce(raw_model, '') as raw_model, provider from requests
union
select coalesce(raw_model, ''), provider from usage_rollups
order by provider, raw_model

-- name: model_days
-- Takes: owned, model_names. Returns: one row per known model and day. Unit: day_us UTC microseconds at midnight.
select distinct m.model, r.started_us - r.started_us % 86400000000 as day_us
from owned r
join model_names m on m.raw_model = coalesce(r.raw_model, '') and m.provider = r.provider
where m.model is not null
order by m.model, day_us

-- name: priced_requests
-- Takes: owned, model_names, size_tiers. Returns: one row per record with all that its price depends on.
-- Unit: tokens; over_tokens = the size that the request's whole input exceeds (0 = none; NULL = a report that does not
-- tell the sizes of its requests); day_us midnight UTC; days = UTC days from there that a row of a report covers (1 = a call).
select
  r.request_no,
  r.provider,
  coalesce(r.raw_model, '') as raw_model,
  m.model,
  case
    when r.is_batch or lower(r.service_tier) = 'batch' then 'batch'
    when lower(r.speed) = 'fast' then 'fast'
    when lower(r.service_tier) like 'priority%' then 'priority'
    when lower(r.service_tier) = 'flex' then 'flex'
    else 'standard'
  end as mode,
  case
    when r.provider in ('anthropic', 'claude_platform_aws') and lower(r.inference_geo) = 'us' then 'us'
    when r.provider = 'gcp_vertex' and lower(r.inference_geo) not in ('', 'global', 'not_available') then 'regional'
    else m.geography
  end as geography,
  case
    when not r.is_report or z.sizes is null then coalesce(t.over_tokens, 0)
    when z.sizes = 1 and z.over_tokens = 200000 and r.context_window = '0-200k' then 0
    when z.sizes = 1 and z.over_tokens = 200000 and r.context_window = '200k-1M' then 200000
  end as over_tokens,
  r.started_us - r.started_us % 86400000000 as day_us,
  case when r.ended_us > r.started_us
    then cast((r.ended_us - 1 - (r.ended_us - 1) % 86400000000 - r.started_us + r.started_us % 86400000000) / 86400000000 as bigint) + 1
    else 1 end as days,
  r.calls,
  r.uncached_input_tokens,
  r.cache_write_5m_tokens,
  r.cache_write_1h_tokens,
  r.cache_read_tokens,
  r.output_tokens,
  r.web_searches
from owned r
join model_names m on m.raw_model = coalesce(r.raw_model, '') and m.provider = r.provider
left join (
  select model, day_us, count(*) as sizes, min(over_tokens) as over_tokens from size_tiers group by model, day_us
) z on z.model = m.model and z.day_us = r.started_us - r.started_us % 86400000000
left join size_tiers t
  on t.model = m.model
  and not r.is_report
  and t.day_us = r.started_us - r.started_us % 86400000000
  and r.uncached_input_tokens + r.cache_write_5m_tokens + r.cache_write_1h_tokens + r.cache_read_tokens > t.over_tokens
  and r.uncached_input_tokens + r.cache_write_5m_tokens + r.cache_write_1h_tokens + r.cache_read_tokens <= t.upto_tokens

-- name: token_sums
-- Takes: {requests} (p: priced_requests, or some of them), owned (r), placed (c) where {key} needs it. Returns: exact sums by
-- {key}, by all that a price depends on and by days. Unit: requests, tokens, searches.
select
  {key} as spend_key,
  p.provider,
  p.raw_model,
  p.model,
  p.mode,
  p.geography,
  p.over_tokens,
  p.day_us,
  p.days,
  cast(coalesce(sum(p.calls), 0) as bigint) as requests,
  count(*) - count(p.calls) as uncounted,
  cast(sum(p.uncached_input_tokens) as bigint) as uncached_input_tokens,
  cast(sum(p.cache_write_5m_tokens) as bigint) as cache_write_5m_tokens,
  cast(sum(p.cache_write_1h_tokens) as bigint) as cache_write_1h_tokens,
  cast(sum(p.cache_read_tokens) as bigint) as cache_read_tokens,
  cast(sum(p.output_tokens) as bigint) as output_tokens,
  cast(sum(p.web_searches) as bigint) as web_searches
from {requests} p
{join}
group by {key}, p.provider, p.raw_model, p.model, p.mode, p.geography, p.over_tokens, p.day_us, p.days
