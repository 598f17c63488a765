-- The audit file. One row of `requests` is one call that reached a model, counted once; one row of `usage_rollups` is
-- what a provider's report counted in a period; one row of `cost_lines` is money as an invoice or cost report says it.
-- Text of prompts and answers is never stored: hashes are salted with the audit's own salt.

create table if not exists audit_facts (name varchar primary key, value varchar not null);
comment on column audit_facts.name is 'salt, schema_version, created_at';
comment on column audit_facts.value is 'text';

create table if not exists files (
  file_id integer primary key,
  path varchar not null,
  content_hash varchar not null,
  bytes bigint not null,
  source varchar,
  ingested_us bigint not null,
  lines bigint not null,
  accepted bigint not null,
  duplicates bigint not null,
  rejected bigint not null,
  context_lines bigint not null
);
comment on column files.file_id is 'number of the file in this audit';
comment on column files.path is 'as the user named it';
comment on column files.content_hash is 'sha256 of the bytes as stored; the same content twice adds nothing';
comment on column files.bytes is 'size as stored (compressed)';
comment on column files.source is 'name of the log format; NULL = not recognised';
comment on column files.ingested_us is 'UTC microseconds';
comment on column files.lines is 'records read: accepted + duplicates + rejected + context_lines';
comment on column files.accepted is 'records that became a request';
comment on column files.duplicates is 'records of a call that the audit has already';
comment on column files.rejected is 'records that could not be used, each in `rejects`';
comment on column files.context_lines is 'records that are no call by design (prompts of a session log, for instance)';

create table if not exists rejects (file_id integer not null, line_no bigint not null, reason varchar not null);
comment on column rejects.file_id is 'files.file_id';
comment on column rejects.line_no is 'physical line (or record number where the format has no lines), from 1';
comment on column rejects.reason is 'what was found and what was expected; never text of a prompt';

create table if not exists remarks (file_id integer not null, remark varchar not null, count bigint not null);
comment on column remarks.file_id is 'files.file_id';
comment on column remarks.remark is 'what was not understood, or was dropped on purpose';
comment on column remarks.count is 'how many records';

create table if not exists requests (
  request_no bigint primary key,
  source varchar not null,
  request_id varchar,
  duplicate_key varchar not null,
  duplicate_rank bigint not null,
  file_id integer not null,
  line_no bigint not null,
  started_us bigint not null,
  duration_s double,
  first_token_s double,
  provider varchar not null,
  raw_model varchar,
  service_tier varchar,
  speed varchar,
  inference_geo varchar,
  is_batch boolean,
  is_streamed boolean,
  status varchar not null,
  uncached_input_tokens bigint not null,
  cache_write_5m_tokens bigint not null,
  cache_write_1h_tokens bigint not null,
  cache_read_tokens bigint not null,
  output_tokens bigint not null,
  thinking_tokens bigint,
  web_searches bigint not null,
  workspace varchar,
  api_key varchar,
  application varchar,
  user_hash varchar,
  session_id varchar,
  trace_id varchar,
  parent_id varchar,
  user_agent varchar,
  tags map(varchar, varchar),
  trigger varchar,
  awaited boolean,
  needed_within_s double,
  read_us bigint,
  destination varchar,
  prefix_hash varchar,
  prefix_chars bigint,
  prompt_hash varchar,
  prompt_chars bigint,
  message_count bigint,
  max_output_tokens bigint,
  has_tools boolean,
  boundary_hashes varchar[],
  boundary_chars bigint[],
  boundary_tokens bigint[],
  media_hashes varchar[],
  media_bytes bigint[],
  reported_cost_usd decimal(38, 12)
);
comment on column requests.request_no is 'number in this audit; breaks ties in every ordering';
comment on column requests.source is 'name of the log format';
comment on column requests.request_id is 'id as the source gives it; NULL = the source has none';
comment on column requests.duplicate_key is 'two records with the same key are the same call';
comment on column requests.duplicate_rank is 'of records with one key the highest rank is kept';
comment on column requests.file_id is 'files.file_id';
comment on column requests.line_no is 'where in the file, from 1';
comment on column requests.started_us is 'start, UTC microseconds since 1970';
comment on column requests.duration_s is 'seconds from start to end of the answer; NULL = not logged';
comment on column requests.first_token_s is 'seconds from start to the first token; NULL = not logged or not streamed';
comment on column requests.provider is 'anthropic, aws_bedrock, gcp_vertex, azure_foundry, claude_platform_aws, openrouter, other';
comment on column requests.raw_model is 'model as logged; NULL = not logged. The canonical model is joined from model_names';
comment on column requests.service_tier is 'standard, priority, batch, flex ...; NULL = not logged (standard)';
comment on column requests.speed is 'standard, fast; NULL = not logged (standard)';
comment on column requests.inference_geo is 'global, us, or a cloud region for a regional endpoint; NULL = not logged (global)';
comment on column requests.is_batch is 'sent through a batch API; NULL = the log cannot say';
comment on column requests.is_streamed is 'answer was streamed; NULL = the log cannot say';
comment on column requests.status is 'ok, error, cancelled, unknown';
comment on column requests.uncached_input_tokens is 'input neither read from nor written to the prompt cache';
comment on column requests.cache_write_5m_tokens is 'input written to the cache for 5 minutes';
comment on column requests.cache_write_1h_tokens is 'input written to the cache for 1 hour';
comment on column requests.cache_read_tokens is 'input read from the cache';
comment on column requests.output_tokens is 'output, thinking inside it';
comment on column requests.thinking_tokens is 'of the output, what the model thought before it answered; NULL = not logged';
comment on column requests.web_searches is 'server-side searches, billed apart from tokens';
comment on column requests.workspace is 'workspace or team name or id';
comment on column requests.api_key is 'name (never the secret) of the key';
comment on column requests.application is 'application or service name';
comment on column requests.user_hash is 'end user, hashed with the salt of the audit';
comment on column requests.session_id is 'conversation or session; NULL where the gateway makes one up per request';
comment on column requests.trace_id is 'one action of a program, of several calls';
comment on column requests.parent_id is 'the call or span before';
comment on column requests.user_agent is 'caller software';
comment on column requests.tags is 'tags of the log, name to value';
comment on column requests.trigger is 'declared: user, schedule, queue, event; NULL = not declared';
comment on column requests.awaited is 'declared: does anyone wait; NULL = not declared';
comment on column requests.needed_within_s is 'declared: seconds until the result is needed; NULL = not declared';
comment on column requests.read_us is 'when the result was read, UTC microseconds; NULL = not logged';
comment on column requests.destination is 'where the result goes, as declared';
comment on column requests.prefix_hash is 'salted hash of system and tools; NULL = the log has no prompt shape';
comment on column requests.prefix_chars is 'characters of system and tools';
comment on column requests.prompt_hash is 'salted hash of the whole prompt';
comment on column requests.prompt_chars is 'characters of the whole prompt (system, tools, messages)';
comment on column requests.message_count is 'messages in the request';
comment on column requests.max_output_tokens is 'max_tokens of the request';
comment on column requests.has_tools is 'the request offered tools';
comment on column requests.boundary_hashes is 'salted hash of the prompt up to each place a cache could cut it (tools, system, each message); equal hashes = equal prefix; NULL = the log has no prompt shape';
comment on column requests.boundary_chars is 'characters up to each boundary, images and documents left out';
comment on column requests.boundary_tokens is 'tokens up to each boundary, where the log has them instead of text';
comment on column requests.media_hashes is 'salted hash of each image and document in the messages, in order; NULL = none, or the log has no bodies';
comment on column requests.media_bytes is 'bytes (as base64) of each of them';
comment on column requests.reported_cost_usd is 'cost as the log said; kept beside, never used as ours';

create table if not exists usage_rollups (
  rollup_no bigint primary key,
  source varchar not null,
  series varchar not null,
  duplicate_key varchar not null,
  duplicate_rank bigint not null,
  file_id integer not null,
  line_no bigint not null,
  started_us bigint not null,
  ended_us bigint not null,
  provider varchar not null,
  raw_model varchar,
  service_tier varchar,
  speed varchar,
  inference_geo varchar,
  context_window varchar,
  is_batch boolean,
  requests bigint,
  uncached_input_tokens bigint not null,
  cache_write_5m_tokens bigint not null,
  cache_write_1h_tokens bigint not null,
  cache_read_tokens bigint not null,
  output_tokens bigint not null,
  web_searches bigint not null,
  workspace varchar,
  api_key varchar,
  application varchar,
  user_hash varchar,
  tags map(varchar, varchar),
  reported_cost_usd decimal(38, 12)
);
comment on column usage_rollups.rollup_no is 'number in this audit';
comment on column usage_rollups.source is 'name of the log format';
comment on column usage_rollups.series is 'width of the period and the dimensions the report was grouped by: two series of one report count the same usage twice';
comment on column usage_rollups.duplicate_key is 'two records with the same key are the same bucket';
comment on column usage_rollups.duplicate_rank is 'of records with one key the highest rank is kept';
comment on column usage_rollups.file_id is 'files.file_id';
comment on column usage_rollups.line_no is 'where in the file, from 1';
comment on column usage_rollups.started_us is 'start of the period, UTC microseconds since 1970';
comment on column usage_rollups.ended_us is 'end of the period (exclusive), UTC microseconds';
comment on column usage_rollups.provider is 'as in requests';
comment on column usage_rollups.raw_model is 'model as reported; NULL = not grouped by model';
comment on column usage_rollups.service_tier is 'standard, priority, batch, flex ...; NULL = not reported';
comment on column usage_rollups.speed is 'standard, fast; NULL = not reported';
comment on column usage_rollups.inference_geo is 'global, us; NULL = not reported';
comment on column usage_rollups.context_window is '0-200k or 200k-1M: size of the requests; NULL = not reported';
comment on column usage_rollups.is_batch is 'sent through a batch API; NULL = the report cannot say';
comment on column usage_rollups.requests is 'calls in the period; NULL = the report does not count them';
comment on column usage_rollups.uncached_input_tokens is 'input neither read from nor written to the prompt cache';
comment on column usage_rollups.cache_write_5m_tokens is 'input written to the cache for 5 minutes';
comment on column usage_rollups.cache_write_1h_tokens is 'input written to the cache for 1 hour';
comment on column usage_rollups.cache_read_tokens is 'input read from the cache';
comment on column usage_rollups.output_tokens is 'output, thinking inside it';
comment on column usage_rollups.web_searches is 'server-side searches';
comment on column usage_rollups.workspace is 'workspace name or id; NULL = default workspace or not grouped';
comment on column usage_rollups.api_key is 'name or id of the key; NULL = Console or not grouped';
comment on column usage_rollups.application is 'product or application';
comment on column usage_rollups.user_hash is 'account, hashed with the salt of the audit';
comment on column usage_rollups.tags is 'other dimensions, name to value';
comment on column usage_rollups.reported_cost_usd is 'cost as the report said; kept beside, never used as ours';

create table if not exists cost_lines (
  cost_no bigint primary key,
  source varchar not null,
  series varchar not null,
  duplicate_key varchar not null,
  duplicate_rank bigint not null,
  file_id integer not null,
  line_no bigint not null,
  started_us bigint not null,
  ended_us bigint not null,
  provider varchar not null,
  raw_model varchar,
  description varchar,
  cost_type varchar,
  token_type varchar,
  service_tier varchar,
  speed varchar,
  inference_geo varchar,
  workspace varchar,
  api_key varchar,
  amount_usd decimal(38, 12) not null,
  list_amount_usd decimal(38, 12),
  rounded_to_usd decimal(38, 12) not null
);
comment on column cost_lines.cost_no is 'number in this audit';
comment on column cost_lines.source is 'name of the format of the invoice or cost report';
comment on column cost_lines.series is 'width of the period and the dimensions it was grouped by: two series count the same money twice';
comment on column cost_lines.duplicate_key is 'two records with the same key are the same line';
comment on column cost_lines.duplicate_rank is 'of records with one key the highest rank is kept';
comment on column cost_lines.file_id is 'files.file_id';
comment on column cost_lines.line_no is 'where in the file, from 1';
comment on column cost_lines.started_us is 'start of the period, UTC microseconds since 1970';
comment on column cost_lines.ended_us is 'end of the period (exclusive), UTC microseconds';
comment on column cost_lines.provider is 'as in requests';
comment on column cost_lines.raw_model is 'model as written, an id or a display name; NULL = not told';
comment on column cost_lines.description is 'as written';
comment on column cost_lines.cost_type is 'tokens, web_search, code_execution, session_usage; NULL = not told';
comment on column cost_lines.token_type is 'kind of token as in usage_rollups, without _tokens; NULL = not told';
comment on column cost_lines.service_tier is 'standard, batch ...; NULL = not told';
comment on column cost_lines.speed is 'standard, fast; NULL = not told';
comment on column cost_lines.inference_geo is 'global, us; NULL = not told';
comment on column cost_lines.workspace is 'workspace name or id; NULL = default workspace or not told';
comment on column cost_lines.api_key is 'name or id of the key; NULL = not told';
comment on column cost_lines.amount_usd is 'billed cost in dollars (after discounts where the source has them)';
comment on column cost_lines.list_amount_usd is 'list price in dollars; NULL = not told';
comment on column cost_lines.rounded_to_usd is 'the source rounds each line to this (0.01 for cents), 0 = not rounded';

create table if not exists owners (
  place integer primary key,
  streams varchar[] not null,
  api_keys varchar[],
  from_us bigint,
  to_us bigint
);
comment on column owners.place is 'order of the answers: the first that fits decides';
comment on column owners.streams is 'what owns the calls that are seen twice; several = they are different traffic, all count';
comment on column owners.api_keys is 'only for calls of this key, by each of its names; NULL = all';
comment on column owners.from_us is 'from this instant on; NULL = from the beginning';
comment on column owners.to_us is 'before this instant; NULL = to the end';

create table if not exists second_opinions (
  workload varchar not null,
  component varchar not null,
  says varchar not null,
  because varchar not null,
  model varchar not null,
  asked_on date not null,
  primary key (workload, component)
);
comment on column second_opinions.workload is 'workload of the component that was asked about';
comment on column second_opinions.component is 'the component';
comment on column second_opinions.says is 'a person waits, a process waits, nobody waits, cannot tell';
comment on column second_opinions.because is 'one sentence of the model that was asked, on the evidence';
comment on column second_opinions.model is 'the model that was asked';
comment on column second_opinions.asked_on is 'day of the answer, UTC';
