-- What Bedrock's own shapes tell: the usage of a Converse answer, the prompt of both APIs.

-- name: json_of
-- Takes: JSON. Returns: it, or what the text in it parses to.
create or replace temp macro json_of(x) as case when json_type(x) = 'VARCHAR' then try(json_extract_string(x, '$')::json) else x end;

-- name: converse_usage
-- Takes: the JSON of a Converse answer. Returns: usage_shape, NULL where it is none. Counts exclude cache reads and
-- writes; the names that end in TokenCount are the same numbers again.
create or replace temp macro converse_usage(x) as
  case when coalesce(json_extract(x, '$.usage.inputTokens'), json_extract(x, '$.usage.outputTokens')) is not null
  then usage_shape(json_object(
    'input_tokens', json_extract(x, '$.usage.inputTokens'),
    'output_tokens', json_extract(x, '$.usage.outputTokens'),
    'cache_read_input_tokens',
      coalesce(json_extract(x, '$.usage.cacheReadInputTokens'), json_extract(x, '$.usage.cacheReadInputTokenCount')),
    'cache_creation_input_tokens',
      coalesce(json_extract(x, '$.usage.cacheWriteInputTokens'), json_extract(x, '$.usage.cacheWriteInputTokenCount')),
    'cache_creation', json_object('ephemeral_1h_input_tokens', list_sum(list_transform(list_filter(
      try(json_transform(json_extract(x, '$.usage.cacheDetails'), '[{"inputTokens": "VARCHAR", "ttl": "VARCHAR"}]')),
      lambda d: d.ttl = '1h'), lambda d: token_count(d.inputTokens)))))::varchar) end;

-- name: bedrock_usage
-- Takes: answer_of and the JSON of a body. Returns: the usage that the body tells whole, or NULL.
create or replace temp macro bedrock_usage(a, x) as coalesce(converse_usage(x),
  case when a.kind in ('message', 'stream') and present(a.u.input_tokens) is not null then a.u end);

-- name: bedrock_prompt
-- Takes: the JSON of an input body, of InvokeModel or Converse. Returns: what it tells beside its text.
create or replace temp macro bedrock_prompt(x) as struct_pack(
  shape := prompt_shape(coalesce(json_extract(x, '$.tools'), json_extract(x, '$.toolConfig.tools'))::varchar,
    json_extract(x, '$.system')::varchar, json_extract(x, '$.messages')::varchar),
  max_output_tokens := try_cast(
    coalesce(json_extract_string(x, '$.max_tokens'), json_extract_string(x, '$.inferenceConfig.maxTokens')) as bigint),
  has_tools := case when json_extract(x, '$.messages') is not null
    then coalesce(json_array_length(coalesce(json_extract(x, '$.tools'), json_extract(x, '$.toolConfig.tools'))), 0) > 0 end);
