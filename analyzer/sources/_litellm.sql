-- What both LiteLLM shapes share.

-- name: litellm_metadata
-- Takes: the metadata as JSON text (an object, or the string inside the row). Returns: a struct of texts.
create or replace temp macro litellm_metadata(x) as json_transform(try(x::json), '{
  "user_api_key_alias": "VARCHAR", "user_api_key_team_alias": "VARCHAR", "user_agent": "VARCHAR",
  "user_api_key_end_user_id": "VARCHAR", "spend_logs_metadata": "VARCHAR", "requester_metadata": "VARCHAR",
  "usage_object": {"cache_read_input_tokens": "VARCHAR", "cache_creation_input_tokens": "VARCHAR",
    "cache_creation": {"ephemeral_5m_input_tokens": "VARCHAR", "ephemeral_1h_input_tokens": "VARCHAR"},
    "prompt_tokens_details": {"cached_tokens": "VARCHAR", "cache_creation_tokens": "VARCHAR",
      "cache_creation_token_details": {"ephemeral_5m_input_tokens": "VARCHAR", "ephemeral_1h_input_tokens": "VARCHAR"}},
    "server_tool_use": {"web_search_requests": "VARCHAR"},
    "service_tier": "VARCHAR", "inference_geo": "VARCHAR", "speed": "VARCHAR"},
  "additional_usage_values": {"cache_read_input_tokens": "VARCHAR", "cache_creation_input_tokens": "VARCHAR",
    "cache_creation": {"ephemeral_5m_input_tokens": "VARCHAR", "ephemeral_1h_input_tokens": "VARCHAR"},
    "prompt_tokens_details": {"cached_tokens": "VARCHAR", "cache_creation_tokens": "VARCHAR",
      "cache_creation_token_details": {"ephemeral_5m_input_tokens": "VARCHAR", "ephemeral_1h_input_tokens": "VARCHAR"}},
    "server_tool_use": {"web_search_requests": "VARCHAR"},
    "service_tier": "VARCHAR", "inference_geo": "VARCHAR", "speed": "VARCHAR"}}');

-- name: litellm_problem
-- Takes: litellm_metadata. Returns: the first cache count that is no count, or NULL.
create or replace temp macro litellm_usage_problem(field, u) as coalesce(
  token_problem(field || '.cache_read_input_tokens', u.cache_read_input_tokens),
  token_problem(field || '.cache_creation_input_tokens', u.cache_creation_input_tokens),
  token_problem(field || '.prompt_tokens_details.cached_tokens', u.prompt_tokens_details.cached_tokens),
  token_problem(field || '.prompt_tokens_details.cache_creation_tokens', u.prompt_tokens_details.cache_creation_tokens));
create or replace temp macro litellm_problem(m) as coalesce(
  litellm_usage_problem('metadata.additional_usage_values', m.additional_usage_values),
  litellm_usage_problem('metadata.usage_object', m.usage_object));

-- name: litellm_cache_read
-- Takes: litellm_metadata. Returns: tokens read; the counts stand in up to four places, a 0 may be a place left empty.
create or replace temp macro litellm_cache_read(m) as greatest(
  token_count(m.additional_usage_values.cache_read_input_tokens),
  token_count(m.usage_object.cache_read_input_tokens),
  token_count(m.additional_usage_values.prompt_tokens_details.cached_tokens),
  token_count(m.usage_object.prompt_tokens_details.cached_tokens));

-- name: litellm_cache_write_1h
-- Takes: litellm_metadata. Returns: tokens written for an hour.
create or replace temp macro litellm_cache_write_1h(m) as greatest(
  token_count(m.usage_object.cache_creation.ephemeral_1h_input_tokens),
  token_count(m.additional_usage_values.cache_creation.ephemeral_1h_input_tokens),
  token_count(m.usage_object.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens),
  token_count(m.additional_usage_values.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens));

-- name: litellm_cache_write
-- Takes: litellm_metadata. Returns: all tokens written.
create or replace temp macro litellm_cache_write(m) as greatest(
  token_count(m.additional_usage_values.cache_creation_input_tokens),
  token_count(m.usage_object.cache_creation_input_tokens),
  token_count(m.additional_usage_values.prompt_tokens_details.cache_creation_tokens),
  token_count(m.usage_object.prompt_tokens_details.cache_creation_tokens),
  litellm_cache_write_1h(m));

-- name: litellm_web_searches
-- Takes: litellm_metadata. Returns: searches.
create or replace temp macro litellm_web_searches(m) as greatest(
  token_count(m.additional_usage_values.server_tool_use.web_search_requests),
  token_count(m.usage_object.server_tool_use.web_search_requests));

-- name: litellm_span_s
-- Takes: two instants (us). Returns: seconds between, NULL when the second is before the first.
create or replace temp macro litellm_span_s(a, b) as case when b >= a then (b - a) / 1000000 end;

-- name: litellm_tags
-- Takes: litellm_metadata and the list of tags as JSON text. Returns: one map, NULL when empty.
create or replace temp macro litellm_tags(m, listed) as
  case when coalesce(cardinality(tag_map(m.spend_logs_metadata)), 0) + coalesce(cardinality(tag_list(listed)), 0) > 0
    then map_concat(coalesce(tag_map(m.spend_logs_metadata), map {}::map(varchar, varchar)),
      coalesce(tag_list(listed), map {}::map(varchar, varchar))) end;
