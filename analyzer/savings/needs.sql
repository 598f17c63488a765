-- What the requests of a component ask of a model, as far as the log tells.

-- name: needs
-- Takes: requests, calls. Returns: one row a component with answered calls: the largest max_tokens (the largest answer
-- where no max_tokens is logged), and whether some request thinks, offers tools or shows an image or document; NULL = the
-- log cannot say. Unit: tokens.
select
  c.component_no,
  max(coalesce(r.max_output_tokens, r.output_tokens)) as most_output_tokens,
  max(case when r.thinking_tokens > 0 then 1 when r.thinking_tokens is not null then 0 end) as thinks,
  max(case when r.has_tools then 1 when r.has_tools is not null then 0 end) as offers_tools,
  max(case when r.media_hashes is not null then 1 when r.prompt_hash is not null then 0 end) as shows_media
from requests as r
join calls as c on c.request_no = r.request_no
where r.status = 'ok'
group by c.component_no
order by c.component_no
