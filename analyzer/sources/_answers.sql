-- A Messages answer in any form a log keeps it: the object, the text of it, an event stream as text or as an array.

-- name: pieces
-- Takes: JSON text of an answer. Returns: its objects as a list of JSON: the answer itself, or the events of a stream.
create or replace temp macro piece_list(x) as
  case json_type(x)
    when 'OBJECT' then [x::json]
    when 'ARRAY' then list_transform(json_transform(x, '["JSON"]'), lambda e:
      case when json_type(e) = 'VARCHAR' then try(regexp_replace(e ->> '$', '^data: ?', '')::json) else e end)
    when 'VARCHAR' then
      case when contains(x::varchar, 'message_start') and left(ltrim(x ->> '$'), 1) not in ('{', '[')
        then list_transform(regexp_extract_all(x ->> '$', '(?m)^data: ?(\{.*\})\s*$', 1), lambda e: try(e::json))
      when left(ltrim(x ->> '$'), 1) = '[' then try(json_transform(x ->> '$', '["JSON"]'))
      when left(ltrim(x ->> '$'), 1) = '{' then [try((x ->> '$')::json)] end
  end;
create or replace temp macro answer_pieces(x) as
  list_filter(piece_list(try(x::json)), lambda e: json_type(e) = 'OBJECT');

-- name: told
-- Takes: a count at the start of a stream and one at its end (texts). Returns: the later one, where it was told.
create or replace temp macro told(early, late) as coalesce(present(late), early);

-- name: usage_of_stream
-- Takes: usage_shape of message_start, of the last message_delta. Returns: one usage. The start is provisional and the
-- delta cumulative, so the delta wins field by field, even when lower. It does not tell the lifetime of cache writes:
-- of the start's split the 1-hour share stands up to the total, as the writes that are added later are 5-minute ones.
create or replace temp macro usage_of_stream(s, d) as struct_pack(
  input_tokens := told(s.input_tokens, d.input_tokens),
  output_tokens := told(s.output_tokens, d.output_tokens),
  cache_creation_input_tokens := told(s.cache_creation_input_tokens, d.cache_creation_input_tokens),
  cache_read_input_tokens := told(s.cache_read_input_tokens, d.cache_read_input_tokens),
  cache_creation := case when d.cache_creation is not null or present(d.cache_creation_input_tokens) is null
    then coalesce(d.cache_creation, s.cache_creation)
    else struct_pack(ephemeral_5m_input_tokens := null::varchar, ephemeral_1h_input_tokens := least(
      try_cast(s.cache_creation.ephemeral_1h_input_tokens as bigint), try_cast(d.cache_creation_input_tokens as bigint))::varchar) end,
  output_tokens_details := coalesce(d.output_tokens_details, s.output_tokens_details),
  server_tool_use := coalesce(d.server_tool_use, s.server_tool_use),
  service_tier := told(s.service_tier, d.service_tier),
  inference_geo := told(s.inference_geo, d.inference_geo),
  speed := told(s.speed, d.speed),
  iterations := case when len(d.iterations) > 0 then d.iterations else s.iterations end);

-- name: answer_of
-- Takes: JSON text of an answer. Returns: what it tells beside its text; NULL without an answer.
-- kind: message, stream, cut_off (a stream without its end), error, other. A list of one stands for a value bound once.
create or replace temp macro answer_told(p, head, tail, is_error) as struct_pack(
  id := present(coalesce(head ->> '$.message.id', p ->> '$.id')),
  model := present(coalesce(head ->> '$.message.model', p ->> '$.model')),
  kind := case
    when is_error then 'error'
    when head is not null and tail is null then 'cut_off'
    when head is not null or tail is not null then 'stream'
    when json_type(p, '$.usage') = 'OBJECT' then 'message'
    else 'other' end,
  is_stream := head is not null or tail is not null,
  stop_reason := present(coalesce(tail ->> '$.delta.stop_reason', p ->> '$.stop_reason')),
  u := case when head is null and tail is null then usage_shape((p -> '$.usage')::varchar)
    else list_transform([struct_pack(s := usage_shape((head -> '$.message.usage')::varchar),
      d := usage_shape((tail -> '$.usage')::varchar))], lambda v: usage_of_stream(v.s, v.d))[1] end);
create or replace temp macro answer_of(x) as list_transform([answer_pieces(x)], lambda p:
  case when len(p) > 0 then list_transform([struct_pack(
    first := p[1],
    head := list_filter(p, lambda e: e ->> '$.type' = 'message_start')[1],
    tail := list_filter(p, lambda e: e ->> '$.type' = 'message_delta' and json_type(e, '$.usage') = 'OBJECT')[-1],
    is_error := len(list_filter(p, lambda e: e ->> '$.type' = 'error')) > 0)],
    lambda v: answer_told(v.first, v.head, v.tail, v.is_error))[1] end)[1];

-- name: stream_remark
-- Takes: answer_of. Returns: that a stream is not whole, or NULL.
create or replace temp macro stream_remark(a) as case
  when a.kind = 'cut_off' then 'a stream cut off before its end: output tokens are those counted so far'
  when a.kind = 'error' and a.is_stream then 'a stream that ended in an error: tokens are those counted so far' end;

-- name: bills
-- Takes: usage_shape, the model of the answer. Returns: a list of what is billed, one a model: the answer's own first.
create or replace temp macro bills(u, answering) as list_transform(
  list_concat([answering], other_models(u, answering)), lambda m, i: struct_pack(
    model := m, part_no := i - 1, b := buckets(billed(u, answering, m)),
    suffix := case when i = 1 then '' else ':' || m end));

-- name: all_tokens
-- Takes: buckets. Returns: their sum.
create or replace temp macro all_tokens(b) as b.uncached + b.write_5m + b.write_1h + b.read + b.output;

-- name: provider_of
-- Takes: the provider as told, a Messages id. Returns: our name of it; an id tells the cloud it was made in.
create or replace temp macro provider_of(told_name, id) as case
  when told_name is not null then provider_name(told_name)
  when starts_with(id, 'msg_bdrk_') then 'aws_bedrock'
  when starts_with(id, 'msg_vrtx_') then 'gcp_vertex'
  else 'anthropic' end;
