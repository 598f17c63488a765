-- What the formats of observability tools share: token counts under several names, calls that stand inside calls.

-- name: first_present
-- Takes: a list of texts. Returns: the first that is there, NULL when none is.
create or replace temp macro first_present(xs) as list_filter(xs, lambda x: present(x) is not null)[1];

-- name: most_tokens
-- Takes: one count under several names (texts). Returns: bigint; names are never added, a 0 may be a place left empty.
create or replace temp macro most_tokens(xs) as
  coalesce(list_max(list_transform(xs, lambda x: token_count(x))), 0)::bigint;

-- name: counts_problem
-- Takes: a field's name, one count under several names (texts). Returns: why one of them is no count, or NULL.
create or replace temp macro counts_problem(field, xs) as
  list_filter(list_transform(xs, lambda x: token_problem(field, x)), lambda p: p is not null)[1];

-- name: provider_named
-- Takes: the provider as told, else the model. Returns: our name of it; a model's spelling tells its cloud.
create or replace temp macro provider_named(told_name, model) as case
  when lower(told_name) in ('anthropic', 'claude') then 'anthropic'
  when replace(lower(told_name), '.', '_') in ('aws', 'bedrock', 'aws_bedrock', 'amazon_bedrock') then 'aws_bedrock'
  when replace(lower(told_name), '.', '_') in ('gcp_vertex_ai', 'vertex_ai', 'vertexai', 'vertex') then 'gcp_vertex'
  when starts_with(replace(lower(told_name), '.', '_'), 'azure_ai') then 'azure_foundry'
  when present(told_name) is not null then provider_name(lower(told_name))
  when regexp_matches(lower(model), 'anthropic\.claude|^arn:aws') then 'aws_bedrock'
  when regexp_matches(lower(model), '^vertex_ai/|claude[a-z0-9.-]*@') then 'gcp_vertex'
  when present(model) is null or contains(lower(model), 'claude') then 'anthropic'
  else 'other' end;

-- name: plain_tags
-- Takes: JSON text of an object. Returns: its short plain values as a map; nothing that could be a text of people.
create or replace temp macro plain_tags(x) as
  map_from_entries(list_filter(map_entries(tag_map(x)), lambda e:
    length(e.value) <= 64 and length(e.key) <= 64 and e.value <> '' and left(e.value, 1) not in ('{', '[')));

-- name: work_labels
-- Takes: the metadata as JSON text. Returns: the labels in it that name work; other metadata may be texts of people.
create or replace temp macro work_labels(x) as map_from_entries(list_filter(map_entries(plain_tags(x)), lambda e:
  e.key in ('workload', 'feature', 'job', 'app', 'route', 'step', 'operation', 'team', 'priority')));

-- name: joined_tags
-- Takes: a list of maps. Returns: one map, the later ones win; NULL when nothing is in them.
create or replace temp macro joined_tags(maps) as
  nullif(list_reduce(list_filter(maps, lambda m: m is not null), lambda a, b: map_concat(a, b),
    map {}::map(varchar, varchar)), map {}::map(varchar, varchar));

-- name: parsed_json
-- Takes: a text. Returns: JSON, NULL when it is none.
create or replace temp macro parsed_json(x) as try(x::json);

-- name: chat_texts
-- Takes: JSON of tools, system, messages. Returns: their texts for prompt_shape; NULL unless messages is a list.
create or replace temp macro chat_texts(tools, system, messages) as case when json_type(messages) = 'ARRAY' then struct_pack(
  tools := case when json_type(tools) <> 'NULL' then tools::varchar end,
  system := case when json_type(system) <> 'NULL' then system::varchar end,
  messages := messages::varchar) end;

-- name: calls_inside
-- Takes: the name of a table with _node (an id, unique in all traces), _parent and _is_call. Returns: (inner, outer,
-- steps): every node above a call; steps = 1 for its parent. A ring of parents ends after 32 steps.
create or replace temp macro calls_inside(rows_of) as table
with recursive nodes as (
  select _node as node, min(_parent) as parent, bool_or(_is_call) as is_call
  from query_table(rows_of) where _node is not null group by _node
),
climb as (
  select node as "inner", parent as "outer", 1 as steps from nodes where is_call and parent <> node
  union all
  select c."inner", n.parent, c.steps + 1 from climb c join nodes n on n.node = c."outer"
  where n.parent is not null and n.parent <> c."inner" and c.steps < 32
)
select "inner", "outer", steps from climb;

-- name: single_quoted
-- Takes: JSON text, or such text whose quotes were doubled once too often. Returns: JSON text, NULL when it is neither.
create or replace temp macro single_quoted(x) as case
  when json_type(parsed_json(x)) in ('OBJECT', 'ARRAY') then x
  when json_type(parsed_json(replace(x, '""', '"'))) in ('OBJECT', 'ARRAY') then replace(x, '""', '"') end;

-- name: streamed_data
-- Takes: JSON text of an answer. Returns: the events, where the answer is kept as a stream inside it; else NULL.
create or replace temp macro streamed_data(x) as (parsed_json(x) -> '$.streamed_data')::varchar;

-- name: listed_tags
-- Takes: JSON text of a list of 'k:v', 'k=v' or plain tags. Returns: a map; a plain tag has the value 'true', of two with
-- one name the later counts; NULL when there is none.
create or replace temp macro listed_tags(x) as joined_tags(list_transform(
  case when left(ltrim(x), 1) = '[' then try(json_transform(x, '["VARCHAR"]')) end, lambda t: tag_list(json_array(t)::varchar)));
