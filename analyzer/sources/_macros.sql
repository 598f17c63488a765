-- What every projection shares. Text fields arrive as VARCHAR; '' counts as absent (CSV has no NULL).

-- name: present
-- Takes: a text. Returns: NULL for '' and for the word null.
create or replace temp macro present(x) as case when x is null or trim(x) in ('', 'null', 'None') then null else x end;

-- name: shown
-- Takes: a bad value. Returns: it, when it is a short number, a date in digits or a truth value; else only its length.
create or replace temp macro shown(x) as
  case when regexp_full_match(x, '[-+0-9.,/eE]{1,24}|true|false') then x else 'text of ' || length(x) || ' characters' end;

-- name: token_problem
-- Takes: a field's name and its text. Returns: why it is no count of tokens, or NULL.
create or replace temp macro token_problem(field, x) as
  case when present(x) is null or regexp_full_match(trim(x), '\d{1,12}(\.0+)?') then null
  else field || ': found ' || shown(x) || ', expected a whole number of tokens' end;

-- name: token_count
-- Takes: a text without a token_problem. Returns: bigint, 0 for absent.
create or replace temp macro token_count(x) as
  coalesce(try_cast(regexp_extract(trim(x), '^(\d{1,12})(\.0+)?$', 1) as bigint), 0);

-- name: number
-- Takes: a text. Returns: double, NULL when absent, not finite or no number.
create or replace temp macro number(x) as
  case when isfinite(try_cast(x as double)) then try_cast(x as double) end;

-- name: span_s
-- Takes: a text with a number of seconds. Returns: double, NULL unless 0 or more.
create or replace temp macro span_s(x) as case when number(x) >= 0 then number(x) end;

-- name: instant_us
-- Takes: an ISO date and time (no offset = UTC) or a number since 1970 in s, ms, us or ns, told by its size.
-- Returns: UTC microseconds, NULL when neither or outside 2010 to 2100.
create or replace temp macro instant_any_us(x) as
  case
    when x is null then null
    when regexp_full_match(x, '\d{9,11}(\.\d+)?') then (try_cast(x as decimal(38, 9)) * 1000000)::bigint
    when regexp_full_match(x, '\d{12,14}(\.\d+)?') then (try_cast(x as decimal(38, 9)) * 1000)::bigint
    when regexp_full_match(x, '\d{15,17}(\.0+)?') then try_cast(x as decimal(38, 9))::bigint
    when regexp_full_match(x, '\d{18,20}(\.0+)?') then (try_cast(x as hugeint) // 1000)::bigint
    when regexp_matches(x, '^\d{4}-\d\d-\d\d') then epoch_us(try_cast(x as timestamptz))
  end;
create or replace temp macro instant_us(x) as
  case when instant_any_us(trim(x)) between 1262304000000000 and 4102444800000000 then instant_any_us(trim(x)) end;

-- name: instant_problem
-- Takes: a field's name and its text. Returns: why it is no instant, or NULL.
create or replace temp macro instant_problem(field, x) as
  case when present(x) is null then field || ': missing, expected a date and time'
  when instant_us(x) is null then field || ': found ' || shown(x) || ', expected a date and time from 2010 on, such as 2026-10-24T09:00:00Z' end;

-- name: start_us
-- Takes: the text of a start. Returns: instant_us, or for a record without one the start that the user assumes.
create or replace temp macro start_us(x) as
  case when present(x) is null then try_cast(getvariable('assumed_us') as bigint) else instant_us(x) end;

-- name: start_problem
-- Takes: a field's name and its text. Returns: why there is no start, or NULL.
create or replace temp macro start_problem(field, x) as
  case when present(x) is null and getvariable('assumed_us') is null
    then field || ': missing, expected a date and time (or give one for all with --at)'
  when present(x) is not null then instant_problem(field, x) end;

-- name: start_remark
-- Takes: the text of a start. Returns: that it was assumed, or NULL.
create or replace temp macro start_remark(x) as
  case when present(x) is null then 'no time in the record: the one given with --at is taken' end;

-- name: salted
-- Takes: a text. Returns: 32 hex digits that only this audit makes of it.
create or replace temp macro salted(x) as left(sha256(getvariable('salt') || x), 32);

-- name: without_address
-- Takes: a name from a log. Returns: it; a name with an e-mail address in it becomes a hash that only this audit makes.
create or replace temp macro without_address(x) as
  case when contains(x, '@') and regexp_matches(x, '[^@\s]@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}') then 'address-' || left(salted(x), 12)
    else x end;

-- name: key_words
-- Takes: the name of a tag. Returns: its words in lower case, parted by _.
create or replace temp macro key_words(k) as
  regexp_replace(lower(regexp_replace(k, '([a-z0-9])([A-Z])', '\1_\2', 'g')), '[^a-z0-9]+', '_', 'g');

-- name: tag_of
-- Takes: name and value of a tag. Returns: the value that may be kept: of a person a hash; NULL for what may be text of a
-- prompt by its name, its length or its shape.
create or replace temp macro tag_of(k, v) as
  case
    when length(k) > 100 or length(v) > 100 or left(v, 1) in ('{', '[') or contains(v, chr(10)) then null
    when regexp_matches(key_words(k), '(^|_)(prompt|question|query|message|messages|content|answer|response|completion|transcript|input|output|text|body)$') then null
    when regexp_matches(key_words(k), '(^|_)(user|end_user|enduser|customer|login|email|mail|phone|userid|username|useremail)(_?(id|name|email|mail|number))?$')
      then 'person-' || left(salted(v), 12)
    else without_address(v)
  end;

-- name: keyless
-- Takes: the text of a record without an id. Returns: a key that ingest makes unique within a file by counting repeats.
create or replace temp macro keyless(x) as '?' || salted(x);

-- name: message_key
-- Takes: an id and the namespace of its source. Returns: one key for a Messages id, whichever log it came through.
create or replace temp macro message_key(namespace, id) as
  case when starts_with(id, 'msg_') then 'message:' || id else namespace || ':' || id end;

-- name: cache_write_5m
-- Takes: all writes, the 5-minute and the 1-hour share (texts). Returns: bigint; writes without a share are 5-minute.
create or replace temp macro cache_write_5m(total, m5, h1) as
  greatest(token_count(total) - token_count(h1), token_count(m5));

-- name: usage_shape
-- Takes: the text of a Messages `usage` object. Returns: a struct of texts.
create or replace temp macro usage_shape(x) as json_transform(try(x::json), '{
  "input_tokens": "VARCHAR", "output_tokens": "VARCHAR", "cache_creation_input_tokens": "VARCHAR",
  "cache_read_input_tokens": "VARCHAR",
  "cache_creation": {"ephemeral_5m_input_tokens": "VARCHAR", "ephemeral_1h_input_tokens": "VARCHAR"},
  "output_tokens_details": {"thinking_tokens": "VARCHAR"},
  "server_tool_use": {"web_search_requests": "VARCHAR"},
  "service_tier": "VARCHAR", "inference_geo": "VARCHAR", "speed": "VARCHAR",
  "iterations": [{"model": "VARCHAR", "input_tokens": "VARCHAR", "output_tokens": "VARCHAR",
    "cache_creation_input_tokens": "VARCHAR", "cache_read_input_tokens": "VARCHAR",
    "cache_creation": {"ephemeral_5m_input_tokens": "VARCHAR", "ephemeral_1h_input_tokens": "VARCHAR"}}]}');

-- name: usage_problem
-- Takes: usage_shape. Returns: the first field that is no count of tokens, or NULL.
create or replace temp macro tokens_problem(u) as coalesce(
  token_problem('usage.input_tokens', u.input_tokens),
  token_problem('usage.output_tokens', u.output_tokens),
  token_problem('usage.cache_creation_input_tokens', u.cache_creation_input_tokens),
  token_problem('usage.cache_read_input_tokens', u.cache_read_input_tokens),
  token_problem('usage.cache_creation.ephemeral_5m_input_tokens', u.cache_creation.ephemeral_5m_input_tokens),
  token_problem('usage.cache_creation.ephemeral_1h_input_tokens', u.cache_creation.ephemeral_1h_input_tokens));
create or replace temp macro usage_problem(u) as coalesce(
  tokens_problem(u),
  token_problem('usage.server_tool_use.web_search_requests', u.server_tool_use.web_search_requests),
  case when present(u.input_tokens) is null and len(coalesce(u.iterations, [])) = 0
    then 'usage.input_tokens: missing, expected a whole number of tokens' end,
  case when present(u.output_tokens) is null and len(coalesce(u.iterations, [])) = 0
    then 'usage.output_tokens: missing, expected a whole number of tokens' end,
  case when len(u.iterations) > 0
    then list_filter(list_transform(u.iterations, lambda i: tokens_problem(i)), lambda p: p is not null)[1] end);

-- name: billed
-- Takes: usage_shape, the model of the answer, a model. Returns: the list of usages billed on that model:
-- the iterations where there are any (the top level leaves some of them out), else the top level.
create or replace temp macro billed(u, answering, wanted) as
  case when len(u.iterations) > 0
    then list_filter(u.iterations, lambda i: coalesce(present(i.model), answering, '') = coalesce(wanted, ''))
  else [struct_pack(model := null::varchar, input_tokens := u.input_tokens, output_tokens := u.output_tokens,
    cache_creation_input_tokens := u.cache_creation_input_tokens,
    cache_read_input_tokens := u.cache_read_input_tokens, cache_creation := u.cache_creation)] end;

-- name: other_models
-- Takes: usage_shape, the model of the answer. Returns: models of iterations that ran elsewhere.
create or replace temp macro other_models(u, answering) as
  list_sort(list_distinct(list_filter(list_transform(coalesce(u.iterations, []), lambda i: present(i.model)),
    lambda m: m is not null and m <> coalesce(answering, ''))));

-- name: buckets
-- Takes: a list of usages. Returns: a struct of disjoint sums.
create or replace temp macro buckets(b) as struct_pack(
  uncached := coalesce(list_sum(list_transform(b, lambda i: token_count(i.input_tokens))), 0)::bigint,
  write_5m := coalesce(list_sum(list_transform(b, lambda i: cache_write_5m(i.cache_creation_input_tokens,
    i.cache_creation.ephemeral_5m_input_tokens, i.cache_creation.ephemeral_1h_input_tokens))), 0)::bigint,
  write_1h := coalesce(list_sum(list_transform(b,
    lambda i: token_count(i.cache_creation.ephemeral_1h_input_tokens))), 0)::bigint,
  read := coalesce(list_sum(list_transform(b, lambda i: token_count(i.cache_read_input_tokens))), 0)::bigint,
  output := coalesce(list_sum(list_transform(b, lambda i: token_count(i.output_tokens))), 0)::bigint);

-- name: thinking
-- Takes: tokens of thinking as text, the output they are part of. Returns: bigint; NULL = not told, or not a part of it.
create or replace temp macro thinking(x, output) as
  case when present(x) is not null and token_problem('thinking', x) is null and token_count(x) <= output then token_count(x) end;

-- name: without_marks
-- Takes: JSON text of a prompt part. Returns: it without cache marks, so that a moved mark is the same prefix; and a list of
-- one text as that text, which is how a message that gets a mark is often written.
create or replace temp macro one_text(x) as
  case when contains(x, '[{"type":"text","text":"')
    then regexp_replace(x, '\[\{"type":"text","text":("(?:[^"\\]|\\.)*")\}\]', '\1', 'g') else x end;
create or replace temp macro without_marks(x) as
  one_text(case when contains(x, '"cache_control"')
    then regexp_replace(x, ',"cache_control":(\{[^{}]*\}|null)', '', 'g') else x end);

-- name: prefix_text
-- Takes: JSON texts of tools and system. Returns: one canonical JSON text, NULL without both being read.
create or replace temp macro prefix_text(tools, system) as
  '[' || coalesce(without_marks(tools), 'null') || ',' || coalesce(without_marks(system), 'null') || ']';

-- name: without_media
-- Takes: JSON text of a prompt part. Returns: it without the base64 of images and documents.
create or replace temp macro without_media(x) as
  case when contains(x, '"base64"') then regexp_replace(x, '"data":"[A-Za-z0-9+/=_-]*"', '"data":""', 'g') else x end;

-- name: media_parts
-- Takes: JSON text of the messages. Returns: the base64 of each image and document, in order.
create or replace temp macro media_parts(x) as
  case when contains(x, '"base64"') then regexp_extract_all(x, '"data":"([A-Za-z0-9+/=_-]+)"', 1) end;

-- name: prompt_parts
-- Takes: JSON texts of tools, system, messages. Returns: the texts between the places a cache could cut the prompt.
create or replace temp macro prompt_parts(tools, system, messages) as
  list_transform(list_filter(list_concat([tools, system], json_transform(messages, '["VARCHAR"]')),
    lambda x: x is not null and x <> 'null'), lambda x: without_marks(x));

-- name: boundaries
-- Takes: prompt_parts. Returns: hash and length of the prompt up to the end of each part; a hash holds all before it.
create or replace temp macro boundary_hashes(parts) as
  list_reduce(list_transform(case when len(parts) > 0 then parts end, lambda x: [left(salted(x), 16)]),
    lambda a, b: list_append(a, left(sha256(a[-1] || b[1]), 16)));
create or replace temp macro boundary_chars(parts) as
  list_reduce(list_transform(case when len(parts) > 0 then parts end, lambda x: [length(without_media(x))::bigint]),
    lambda a, b: list_append(a, a[-1] + b[1]));

-- name: prompt_shape
-- Takes: JSON texts of tools, system, messages. Returns: hashes and lengths; NULL without messages.
create or replace temp macro prompt_shape(tools, system, messages) as
  case when messages is not null then struct_pack(
    prefix_hash := salted(prefix_text(tools, system)),
    prefix_chars := (coalesce(length(tools), 0) + coalesce(length(system), 0))::bigint,
    prompt_hash := salted(prefix_text(tools, system) || without_marks(messages)),
    prompt_chars := (coalesce(length(tools), 0) + coalesce(length(system), 0) + length(without_media(messages)))::bigint,
    message_count := try(json_array_length(messages))::bigint,
    boundary_hashes := boundary_hashes(prompt_parts(tools, system, messages)),
    boundary_chars := boundary_chars(prompt_parts(tools, system, messages)),
    media_hashes := list_transform(media_parts(messages), lambda x: left(salted(x), 16)),
    media_bytes := list_transform(media_parts(messages), lambda x: length(x)::bigint)) end;

-- name: tag_map
-- Takes: JSON text of an object. Returns: its plain values as a map.
create or replace temp macro tag_map(x) as
  case when left(ltrim(x), 1) = '{' then try(json_transform(x, '"MAP(VARCHAR,VARCHAR)"')) end;

-- name: first_of_each
-- Takes: a list of structs (k, v). Returns: a map; of a key that stands twice the first value is kept.
create or replace temp macro first_of_each(entries) as map_from_entries(list_filter(entries,
  lambda e, i: list_position(list_transform(entries, lambda o: o.k), e.k) = i));

-- name: tag_list
-- Takes: JSON text of a list of 'k:v', 'k=v' or plain tags. Returns: a map; a plain tag has the value 'true'.
create or replace temp macro tag_list(x) as
  case when left(ltrim(x), 1) = '[' then first_of_each(list_transform(
    list_filter(try(json_transform(x, '["VARCHAR"]')), lambda t: t is not null and t <> ''),
    lambda t: struct_pack(k := trim(regexp_extract(t, '^([^:=]+)', 1)),
      v := case when regexp_matches(t, '^[^:=]+[:=].') then trim(regexp_extract(t, '^[^:=]+[:=](.*)$', 1)) else 'true' end))) end;

-- name: provider_name
-- Takes: the name a gateway uses. Returns: ours.
create or replace temp macro provider_name(x) as
  case
    when x is null or x in ('', 'anthropic') then 'anthropic'
    when x in ('bedrock', 'bedrock_converse', 'aws_bedrock', 'amazon_bedrock') then 'aws_bedrock'
    when starts_with(x, 'vertex_ai') or x in ('vertex', 'gcp_vertex', 'google_vertex') then 'gcp_vertex'
    when x in ('azure_ai', 'azure_foundry', 'azure') then 'azure_foundry'
    when x in ('claude_platform_aws', 'openrouter') then x
    else 'other'
  end;
