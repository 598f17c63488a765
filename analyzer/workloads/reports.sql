-- What a report of sums (no calls) lets us say of a component.

-- name: report_features
-- Takes: components, features, placed, owned. Returns: one row per component that only reports count: its name and its
-- batch share (of input and output tokens); all other features are unknown.
select
  k.component_no,
  k.workload,
  k.component,
  lower(case when k.component in ('all calls', '(other)') then k.workload else k.workload || ' ' || k.component end)
    as name,
  k.request_share,
  cast(coalesce(sum(o.calls), 0) as bigint) as requests,
  cast(sum(case when o.is_batch is null and o.service_tier is null then null
    when o.is_batch or lower(o.service_tier) = 'batch' then o.uncached_input_tokens + o.cache_write_5m_tokens
    + o.cache_write_1h_tokens + o.cache_read_tokens + o.output_tokens else 0 end) as double)
    / nullif(sum(case when o.is_batch is not null or o.service_tier is not null then o.uncached_input_tokens
    + o.cache_write_5m_tokens + o.cache_write_1h_tokens + o.cache_read_tokens + o.output_tokens end), 0) as batch_share
from components k
join placed p on p.component_no = k.component_no
join owned o on o.request_no = p.request_no
where k.component_no not in (select component_no from features)
group by k.component_no, k.workload, k.component, k.request_share
