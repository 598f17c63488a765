-- The busiest minutes of the real-time pools, today and once what moves is in batch; SQL that DuckDB and Spark both run.
-- A call counts in the minute of its start.

-- name: real_time_calls
-- Takes: calls, priced_requests, model_families, moves. Returns: one row a call that is not in batch, of a known model.
-- `left_ppm`: millionths of it that stay in real time. Cache reads count towards no limit, so they are no input here.
select
  p.provider,
  f.family,
  c.started_us - c.started_us % 60000000 as minute_us,
  p.uncached_input_tokens + p.cache_write_5m_tokens + p.cache_write_1h_tokens as input_tokens,
  p.output_tokens,
  case when m.left_ppm is null or p.mode <> 'standard' then 1000000 else m.left_ppm end as left_ppm
from calls as c
join priced_requests as p on p.request_no = c.request_no
join model_families as f on f.model = p.model
left join moves as m on m.component_no = c.component_no and m.provider = p.provider and m.model = p.model
where p.mode <> 'batch'

-- name: busiest_minutes
-- Takes: real_time_calls. Returns: one row a (provider, family): the most of each in any one minute, today, then after the
-- move in millionths.
select
  provider,
  family,
  max(requests), max(input_tokens), max(output_tokens),
  max(requests_left), max(input_tokens_left), max(output_tokens_left)
from (
  select
    provider,
    family,
    minute_us,
    cast(count(*) as bigint) as requests,
    cast(sum(input_tokens) as bigint) as input_tokens,
    cast(sum(output_tokens) as bigint) as output_tokens,
    cast(sum(left_ppm) as bigint) as requests_left,
    cast(sum(input_tokens * left_ppm) as decimal(38, 0)) as input_tokens_left,
    cast(sum(output_tokens * left_ppm) as decimal(38, 0)) as output_tokens_left
  from real_time_calls
  group by provider, family, minute_us
) as minutes
group by provider, family
order by provider, family

-- name: busiest_batch_day
-- Takes: calls, priced_requests, moves. Returns: the most calls to the Claude API of one UTC day that are in batch today, or
-- move there; NULL = none.
select max(requests)
from (
  select cast(count(*) as bigint) as requests
  from calls as c
  join priced_requests as p on p.request_no = c.request_no
  left join moves as m on m.component_no = c.component_no and m.provider = p.provider and m.model = p.model
  where p.provider = 'anthropic' and (p.mode = 'batch' or (p.mode = 'standard' and m.left_ppm is not null))
  group by p.day_us
) as days
