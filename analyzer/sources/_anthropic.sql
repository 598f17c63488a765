-- What the provider's reports and exports share. Text fields arrive as VARCHAR.

-- name: report_width
-- Takes: microseconds of a period. Returns: 1m, 1h, 1d, or a whole number of the largest of these units.
create or replace temp macro report_width(us) as
  case when us % 86400000000 = 0 then us // 86400000000 || 'd' when us % 3600000000 = 0 then us // 3600000000 || 'h'
    else us // 60000000 || 'm' end;

-- name: report_series
-- Takes: a width and the names of the dimensions a report was grouped by. Returns: one text for both, as long as a name.
create or replace temp macro report_series(width, names) as
  left(width || case when len(names) > 0 then ' by ' || array_to_string(list_sort(names), ',') else '' end, 256);

-- name: period_problem
-- Takes: texts of start and end. Returns: why they are no period, or NULL.
create or replace temp macro period_problem(starting, ending) as coalesce(
  instant_problem('starting_at', starting),
  instant_problem('ending_at', ending),
  case when instant_us(ending) <= instant_us(starting) then 'ending_at: not after starting_at' end);

-- name: count_problem
-- Takes: usage of a row of a report. Returns: the first field that is no count, or NULL.
create or replace temp macro count_problem(u) as coalesce(
  token_problem('uncached_input_tokens', u.uncached_input_tokens),
  token_problem('cache_creation.ephemeral_5m_input_tokens', u.cache_creation.ephemeral_5m_input_tokens),
  token_problem('cache_creation.ephemeral_1h_input_tokens', u.cache_creation.ephemeral_1h_input_tokens),
  token_problem('cache_read_input_tokens', u.cache_read_input_tokens),
  token_problem('output_tokens', u.output_tokens),
  token_problem('server_tool_use.web_search_requests', u.server_tool_use.web_search_requests),
  case when present(u.uncached_input_tokens) is null
    then 'uncached_input_tokens: missing, expected a whole number of tokens' end,
  case when present(u.output_tokens) is null then 'output_tokens: missing, expected a whole number of tokens' end);

-- name: report_tokens
-- Takes: usage of a row of a report. Returns: bigint, the sum of its disjoint kinds.
create or replace temp macro report_tokens(u) as
  token_count(u.uncached_input_tokens) + token_count(u.cache_creation.ephemeral_5m_input_tokens)
  + token_count(u.cache_creation.ephemeral_1h_input_tokens) + token_count(u.cache_read_input_tokens)
  + token_count(u.output_tokens);

-- name: cents_usd
-- Takes: a text with an amount in (fractional) cents. Returns: dollars, exact to 12 places; NULL when it is none.
create or replace temp macro cents_usd(x) as
  case when regexp_full_match(trim(x), '-?\d{1,13}(\.\d{1,30})?([eE]-\d{1,2})?')
    then try_cast(trim(x) as decimal(24, 10)) * 0.01::decimal(3, 2) end;

-- name: cents_problem
-- Takes: a field's name and its text. Returns: why it is no amount in cents, or NULL; a missing one is a problem.
create or replace temp macro cents_problem(field, x) as
  case when present(x) is null then field || ': missing, expected an amount in cents'
  when cents_usd(x) is null then field || ': found ' || shown(x) || ', expected an amount in cents' end;

-- name: dollars_usd
-- Takes: a text with an amount in dollars. Returns: it as a decimal; NULL when it is none.
create or replace temp macro dollars_usd(x) as
  case when regexp_full_match(trim(x), '-?\$?\d{1,13}(\.\d{1,30})?')
    then try_cast(replace(trim(x), '$', '') as decimal(25, 12)) end;

-- name: currency_problem
-- Takes: a currency. Returns: that it is not the dollar, or NULL.
create or replace temp macro currency_problem(x) as
  case when present(x) is not null and upper(trim(x)) <> 'USD' then 'currency: not USD, the only one that is read' end;

-- name: token_kind
-- Takes: the kind of token as the cost report or the Console spells it. Returns: ours; an unknown one as it is.
create or replace temp macro token_kind(x) as
  case
    when x in ('uncached_input_tokens', 'input_no_cache') then 'uncached_input'
    when x in ('cache_creation.ephemeral_5m_input_tokens', 'input_cache_write_5m', 'input_cache_write') then 'cache_write_5m'
    when x in ('cache_creation.ephemeral_1h_input_tokens', 'input_cache_write_1h') then 'cache_write_1h'
    when x in ('cache_read_input_tokens', 'input_cache_read') then 'cache_read'
    when x = 'output_tokens' then 'output'
    else present(x)
  end;

-- name: size_tier
-- Takes: a context window as spelled by a report or the Console. Returns: 0-200k or 200k-1M; another one as it is.
create or replace temp macro size_tier(x) as
  case when present(x) is null or not contains(lower(x), '200k') then present(x)
    when x like '>%' or x like '200k-%' then '200k-1M' else '0-200k' end;

-- name: known_geo
-- Takes: inference_geo. Returns: it, NULL for not_available.
create or replace temp macro known_geo(x) as case when x <> 'not_available' then present(x) end;

-- name: dimension_tags
-- Takes: the dimensions of a row that have no column of their own. Returns: a map without the absent ones.
create or replace temp macro dimension_tags(d) as map_from_entries(list_filter([
  struct_pack(k := 'agent_id', v := d.agent_id), struct_pack(k := 'claude_tag_category', v := d.claude_tag_category),
  struct_pack(k := 'deployment_id', v := d.deployment_id), struct_pack(k := 'environment_id', v := d.environment_id),
  struct_pack(k := 'organization_id', v := d.organization_id), struct_pack(k := 'session_id', v := d.session_id),
  struct_pack(k := 'slack_channel_id', v := d.slack_channel_id),
  struct_pack(k := 'service_account_id', v := coalesce(d.service_account_id,
    nullif(regexp_extract(d.actor, '^service_account_actor:(.+)$', 1), '')))], lambda e: present(e.v) is not null));

-- name: person_of
-- Takes: the dimensions of a row. Returns: the person behind it, to be hashed; NULL for keys and service accounts.
create or replace temp macro person_of(d) as coalesce(
  case when d.actor like 'user_actor:%' or d.actor like 'federated_actor:%' then d.actor end,
  present(d.account_id), present(d.user_profile_id), present(d.claude_tag_user_id));

-- name: key_of
-- Takes: the dimensions of a row. Returns: the API key's id or name.
create or replace temp macro key_of(d) as
  coalesce(present(d.api_key_id), nullif(regexp_extract(d.actor, '^api_actor:(.+)$', 1), ''));

-- name: row_key
-- Takes: the name of a format, a series and a row that page_rows gave. Returns: one key for the same row of every copy.
create or replace temp macro row_key(namespace, series, r) as namespace || ':' || salted(concat_ws('|', series,
  instant_us(r.starting_at), coalesce(r.organization_id, ''), coalesce(r.dimensions::varchar, ''), r.nth));

-- name: row_stamp
-- Takes: a row that page_rows gave. Returns: when the report was computed (UTC microseconds), else when it was pulled.
create or replace temp macro row_stamp(r) as coalesce(instant_us(r.refreshed_at), instant_us(r.pulled_at));

-- name: dimensions_of
-- Takes: JSON of the dimensions of a row. Returns: a struct of texts.
create or replace temp macro dimensions_of(x) as json_transform(x, '{
  "account_id": "VARCHAR", "actor": "VARCHAR", "agent_id": "VARCHAR", "api_key_id": "VARCHAR",
  "claude_tag_category": "VARCHAR", "claude_tag_user_id": "VARCHAR", "context_window": "VARCHAR",
  "cost_type": "VARCHAR", "deployment_id": "VARCHAR", "description": "VARCHAR", "environment_id": "VARCHAR",
  "inference_geo": "VARCHAR", "model": "VARCHAR", "organization_id": "VARCHAR", "product": "VARCHAR",
  "service_account_id": "VARCHAR", "service_tier": "VARCHAR", "session_id": "VARCHAR", "slack_channel_id": "VARCHAR",
  "speed": "VARCHAR", "token_type": "VARCHAR", "user_profile_id": "VARCHAR", "workspace_id": "VARCHAR"}');
