-- What the log shows of answers that may be longer than needed; keeps to the SQL that DuckDB and Spark both run.

-- name: limits_and_thinking
-- Takes: calls, requests. Returns: one row a component: answers with a known max_tokens, those that used all of it (they
-- are cut off), output of all and of those; answers whose thinking is known, output and thinking of those. Unit: tokens.
select
  c.component_no,
  count(r.max_output_tokens) as limited,
  count(case when r.output_tokens >= r.max_output_tokens then 1 end) as cut_off,
  cast(sum(r.output_tokens) as bigint) as output_tokens,
  cast(coalesce(sum(case when r.output_tokens >= r.max_output_tokens then r.output_tokens end), 0) as bigint)
    as cut_off_tokens,
  count(r.thinking_tokens) as thought,
  cast(coalesce(sum(case when r.thinking_tokens is not null then r.output_tokens end), 0) as bigint) as thought_output,
  cast(coalesce(sum(r.thinking_tokens), 0) as bigint) as thinking_tokens
from calls as c
join requests as r on r.request_no = c.request_no
where r.output_tokens > 0
group by c.component_no

-- name: answers_by_prefix
-- Takes: calls, requests, priced_requests. Returns: one row a (component, model, prefix): answers and their tokens.
select c.component_no, p.model, r.prefix_hash, count(*) as answers, cast(sum(r.output_tokens) as bigint) as output_tokens
from calls as c
join requests as r on r.request_no = c.request_no
join priced_requests as p on p.request_no = r.request_no
where r.prefix_hash is not null and p.model is not null and r.output_tokens > 0
group by c.component_no, p.model, r.prefix_hash

-- name: longer_than_peers
-- Takes: answers_by_prefix, components, $least answers on either side. Returns: one row a component whose answers are
-- half as long again, or more, as those that other components get to the same prefix from the same model: answers, their
-- tokens, what the same number would have at the peers' mean (cut down), and the peer with the most answers.
with sums as (
  select model, prefix_hash, sum(answers) as answers, sum(output_tokens) as output_tokens
  from answers_by_prefix group by model, prefix_hash having count(*) > 1
),
longer as (
  select
    m.component_no, m.model, m.prefix_hash, m.answers, m.output_tokens,
    cast((m.answers * (s.output_tokens - m.output_tokens)
      - (m.answers * (s.output_tokens - m.output_tokens)) % (s.answers - m.answers)) / (s.answers - m.answers) as bigint)
      as peers_tokens
  from answers_by_prefix as m
  join sums as s on s.model = m.model and s.prefix_hash = m.prefix_hash
  where m.answers >= $least and s.answers - m.answers >= $least
    and 2 * m.output_tokens * (s.answers - m.answers) >= 3 * (s.output_tokens - m.output_tokens) * m.answers
),
named as (
  select l.component_no, o.component_no as peer_no, sum(o.answers) as answers,
    row_number() over (partition by l.component_no order by sum(o.answers) desc, o.component_no) as place
  from longer as l
  join answers_by_prefix as o
    on o.model = l.model and o.prefix_hash = l.prefix_hash and o.component_no <> l.component_no
  group by l.component_no, o.component_no
)
select l.component_no, cast(sum(l.answers) as bigint) as answers, cast(sum(l.output_tokens) as bigint) as output_tokens,
  cast(sum(l.peers_tokens) as bigint) as peers_tokens, min(c.workload) as workload, min(c.component) as component
from longer as l
join named as n on n.component_no = l.component_no and n.place = 1
join components as c on c.component_no = n.peer_no
group by l.component_no
