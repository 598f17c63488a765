/*---
title = "Hashed prefix trace"
url = "https://github.com/kvcache-ai/Mooncake"
checked = 2026-11-21
grain = "one line a call"
recognise = [["timestamp", "input_length", "output_length", "hash_ids"]]
recognise_not = []
signals = ["start", "prompt shape (blocks of 512 tokens)"]
cannot_tell = [
  "model", "what the cache did (all input is taken as uncached)", "duration, streamed, user, tags",
  "the date, where timestamps count from 0",
]
duplicate = "the whole record (repeats inside one file are calls of their own)"
winner = "the first; equal records are equal"
traps = [
  "hash_ids are blocks of 512 tokens; the last one may be shorter",
  "timestamp is milliseconds from the start of the trace: the start is --at, else 2026-01-01T00:00:00Z",
  "an id names a block, not the path to it: two prompts share a prefix only where all ids before are equal too",
]
how_to_export = """Write one JSON object a line with timestamp (ms), input_length, output_length and hash_ids (one number for each \
512 tokens of the prompt; equal numbers for equal blocks). No text of a prompt is needed."""

[shape]
timestamp = "VARCHAR"
input_length = "VARCHAR"
output_length = "VARCHAR"
hash_ids = ["VARCHAR"]
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns. A boundary is the end of a block of 512 tokens; its
-- hash holds the ids of all blocks up to it.
with counted as (
  select *, try_cast(r.timestamp as decimal(38, 6)) as at_ms, token_count(r.input_length) as input_tokens,
    case when len(r.hash_ids) = len(list_filter(r.hash_ids, lambda x: present(x) is not null)) then r.hash_ids end as blocks
  from record
),
dated as (
  select *, at_ms between 0 and 1577836799999 as is_counted_from_0,
    case when at_ms between 0 and 1577836799999
      then coalesce(try_cast(getvariable('assumed_us') as bigint), 1767225600000000) + (at_ms * 1000)::bigint
      else instant_us(r.timestamp) end as started_us
  from counted
)
select
  record_no,
  keyless(text) as duplicate_key,
  input_tokens + token_count(r.output_length) as duplicate_rank,
  coalesce(
    case when present(r.timestamp) is null then 'timestamp: missing, expected milliseconds'
      when started_us is null then 'timestamp: found ' || shown(r.timestamp) || ', expected milliseconds from 0 or since 1970' end,
    case when present(r.input_length) is null then 'input_length: missing, expected a whole number of tokens' end,
    case when present(r.output_length) is null then 'output_length: missing, expected a whole number of tokens' end,
    token_problem('input_length', r.input_length),
    token_problem('output_length', r.output_length)) as reject_reason,
  list_filter([
    case when is_counted_from_0 and getvariable('assumed_us') is null
      then 'timestamps count from 0: the trace is taken to start at 2026-01-01T00:00:00Z (or give --at)' end,
    case when is_counted_from_0 and getvariable('assumed_us') is not null
      then 'timestamps count from 0: the trace is taken to start at the time given with --at' end,
    case when blocks is null then 'hash_ids: no list of blocks, so the prompt has no shape' end],
    lambda x: x is not null) as remarks,
  started_us,
  'other' as provider,
  'ok' as status,
  input_tokens as uncached_input_tokens,
  token_count(r.output_length) as output_tokens,
  list_transform(range(1, len(blocks) + 1),
    lambda i: left(salted('blocks:' || array_to_string(blocks[1:i], ',')), 16)) as boundary_hashes,
  list_transform(range(1, len(blocks) + 1), lambda i: least(i * 512, input_tokens)) as boundary_tokens
from dated
