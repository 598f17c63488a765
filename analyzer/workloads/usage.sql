-- Calls whose log does not tell whether the input count holds the cache tokens.

-- name: any_ambiguous
-- Takes: owned. Returns: a row where there is such a call.
select 1 as found from owned r where r.tags['input_convention'] = 'ambiguous' limit 1

-- name: ambiguous
-- Takes: priced_requests, owned. Returns: such calls, read as the audit counts them: the count holds the cache tokens.
select p.*
from priced_requests p
join owned r on r.request_no = p.request_no
where r.tags['input_convention'] = 'ambiguous'

-- name: read_otherwise
-- Takes: ambiguous, size_tiers. Returns: the same calls, read as if the count left the cache tokens out: that much more
-- uncached input, and the size tier of the larger request.
select
  a.request_no,
  a.provider,
  a.raw_model,
  a.model,
  a.mode,
  a.geography,
  coalesce(t.over_tokens, 0) as over_tokens,
  a.day_us,
  a.days,
  a.calls,
  a.uncached_input_tokens,
  a.cache_write_5m_tokens,
  a.cache_write_1h_tokens,
  a.cache_read_tokens,
  a.output_tokens,
  a.web_searches
from (
  select
    request_no, provider, raw_model, model, mode, geography, day_us, days, calls,
    uncached_input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens as uncached_input_tokens,
    cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, output_tokens, web_searches
  from ambiguous
) a
left join size_tiers t
  on t.model = a.model
  and t.day_us = a.day_us
  and a.uncached_input_tokens + a.cache_write_5m_tokens + a.cache_write_1h_tokens + a.cache_read_tokens > t.over_tokens
  and a.uncached_input_tokens + a.cache_write_5m_tokens + a.cache_write_1h_tokens + a.cache_read_tokens <= t.upto_tokens
