-- What a trial asks of the audit.

-- name: written
-- Takes: requests, calls; $components: component numbers. Returns: one row: mean and most tokens of an answer, rounded up;
-- NULL where there is no answered call. Unit: tokens.
select cast(ceil(avg(r.output_tokens)) as bigint) as mean_tokens, max(r.output_tokens) as most_tokens
from requests as r
join calls as c on c.request_no = r.request_no
where r.status = 'ok' and list_contains($components::integer[], c.component_no)
