-- Calls with the boundaries of their prompts, for the replay of the cache.

-- name: path_calls
-- Takes: requests, calls, priced_requests, $answer_begins_us. Returns: one row a call that has boundaries, in order of
-- start. Unit: microseconds, tokens. scope: where a cache is shared: the workspace, on Bedrock and Vertex the organization.
select
  c.component_no,
  r.provider || ' ' || case when r.provider in ('aws_bedrock', 'gcp_vertex') then '' else coalesce(r.workspace, '') end
    as scope,
  coalesce(p.model, p.raw_model) as model_name,
  r.started_us,
  r.started_us + coalesce(
    cast(r.first_token_s * 1000000 as bigint), cast(r.duration_s * 1000000 as bigint), $answer_begins_us
  ) as begins_us,
  p.uncached_input_tokens + p.cache_write_5m_tokens + p.cache_write_1h_tokens + p.cache_read_tokens as input_tokens,
  coalesce(r.boundary_hashes, [r.prefix_hash]) as hashes,
  case when r.boundary_hashes is null then [r.prefix_chars] else r.boundary_chars end as chars,
  r.boundary_tokens as tokens,
  case when r.boundary_hashes is null then r.prompt_chars else r.boundary_chars[len(r.boundary_chars)] end as whole_chars,
  p.model,
  p.mode,
  p.provider,
  p.geography,
  p.over_tokens,
  p.day_us
from requests as r
join calls as c on c.request_no = r.request_no
join priced_requests as p on p.request_no = r.request_no
where len(r.boundary_tokens) > 0 or len(r.boundary_chars) > 0
  or (r.boundary_hashes is null and r.prefix_hash is not null and r.prefix_chars > 0 and r.prompt_chars > 0)
order by r.started_us, r.request_no
