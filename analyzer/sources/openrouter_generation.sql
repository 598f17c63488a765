/*---
title = "OpenRouter generation objects"
url = "https://openrouter.ai/docs/api/api-reference/generations/get-generation"
checked = 2026-11-21
grain = "one object a generation, as GET /api/v1/generation?id=... answers"
recognise = [
  ["id", "total_cost", "native_tokens_prompt", "native_tokens_completion"],
  ["data.id", "data.total_cost", "data.native_tokens_prompt", "data.native_tokens_completion"],
  ["data[].id", "data[].total_cost", "data[].native_tokens_prompt", "data[].native_tokens_completion"],
]
recognise_not = []
signals = ["start", "duration", "streamed", "cancelled", "application", "user", "user agent"]
cannot_tell = [
  "time to the first token (`latency` is that in some answers and the whole time in the documentation)",
  "cache writes (they are inside uncached input)", "prompts",
]
duplicate = "id (shared with the logs CSV: a call seen in both is counted once)"
winner = "the generation object before a row of the CSV; else the copy with more tokens"
traps = [
  "native_tokens_* are the provider's own counts and billed; tokens_* come from another tokenizer",
  "native_tokens_cached is a part of native_tokens_prompt",
  "is_byok: paid with a key of one's own, total_cost is then only OpenRouter's fee (tag is_byok)",
]
how_to_export = """For each id that your answers carried (gen-...), save what GET https://openrouter.ai/api/v1/generation?id=... \
answers, one JSON object a line. For whole months the CSV export of the Logs page is quicker."""

[shape]
id = "VARCHAR"
created_at = "VARCHAR"
model = "VARCHAR"
provider_name = "VARCHAR"
app_id = "VARCHAR"
streamed = "VARCHAR"
cancelled = "VARCHAR"
generation_time = "VARCHAR"
native_tokens_prompt = "VARCHAR"
native_tokens_completion = "VARCHAR"
native_tokens_reasoning = "VARCHAR"
native_tokens_cached = "VARCHAR"
finish_reason = "VARCHAR"
total_cost = "VARCHAR"
external_user = "VARCHAR"
user_agent = "VARCHAR"
service_tier = "VARCHAR"
is_byok = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns.
with calls as (
  select record_no, text, struct_pack(
    id := r.id, created := r.created_at, model := r.model, upstream := r.provider_name,
    prompt_field := 'native_tokens_prompt', prompt := r.native_tokens_prompt,
    completion_field := 'native_tokens_completion', completion := r.native_tokens_completion,
    thinking := r.native_tokens_reasoning,
    cached_field := 'native_tokens_cached', cached := r.native_tokens_cached, duration_ms := r.generation_time,
    finish_reason := r.finish_reason, streamed := r.streamed, cancelled := r.cancelled, user := r.external_user,
    cost := r.total_cost, known_by := 1, is_byok := r.is_byok) as c,
    present(r.app_id) as application,
    present(r.user_agent) as user_agent,
    present(r.service_tier) as service_tier
  from record
),
rows as materialized (
  select record_no, openrouter_row(c, text) as shared, application, user_agent, service_tier from calls
)
select record_no, unnest(shared), application, user_agent, service_tier
from rows
