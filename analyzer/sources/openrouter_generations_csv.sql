/*---
title = "OpenRouter logs (CSV)"
url = "https://openrouter.ai/logs"
checked = 2026-11-21
grain = "one row a generation"
recognise = [["generation_id", "model_permaslug", "tokens_prompt", "tokens_completion", "created_at"]]
recognise_not = []
signals = ["start", "duration", "first token", "streamed", "cancelled", "application", "key name", "user"]
cannot_tell = ["cache writes (they are inside uncached input)", "number of web searches", "prompts"]
duplicate = "generation_id (shared with the generation objects: a call seen in both is counted once)"
winner = "the generation object, which has the provider's own counts; else the copy with more tokens"
traps = [
  "tokens_cached is a part of tokens_prompt, tokens_reasoning of tokens_completion",
  "cost_cache may be below zero (a discount)",
  "created_at has no offset at times: UTC",
  "tokens may be counted by OpenRouter's tokenizer, not by the provider's",
]
how_to_export = "On openrouter.ai open Logs, choose the period, and export as CSV: a row each generation, without prompts."

[shape]
generation_id = "VARCHAR"
created_at = "VARCHAR"
model_permaslug = "VARCHAR"
provider_name = "VARCHAR"
api_key_name = "VARCHAR"
app_name = "VARCHAR"
tokens_prompt = "VARCHAR"
tokens_completion = "VARCHAR"
tokens_reasoning = "VARCHAR"
tokens_cached = "VARCHAR"
cost_total = "VARCHAR"
generation_time_ms = "VARCHAR"
finish_reason_normalized = "VARCHAR"
streamed = "VARCHAR"
cancelled = "VARCHAR"
user = "VARCHAR"
time_to_first_token_ms = "VARCHAR"
---*/

-- name: projection
-- Takes: record(record_no, text, r). Returns: canonical columns.
with calls as (
  select record_no, text, struct_pack(
    id := r.generation_id, created := r.created_at, model := r.model_permaslug, upstream := r.provider_name,
    prompt_field := 'tokens_prompt', prompt := r.tokens_prompt, completion_field := 'tokens_completion',
    completion := r.tokens_completion, thinking := r.tokens_reasoning, cached_field := 'tokens_cached', cached := r.tokens_cached,
    duration_ms := r.generation_time_ms, finish_reason := r.finish_reason_normalized, streamed := r.streamed,
    cancelled := r.cancelled, user := r.user, cost := r.cost_total, known_by := 0, is_byok := null::varchar) as c,
    span_s(r.time_to_first_token_ms) / 1000 as first_token_s,
    present(r.api_key_name) as api_key,
    present(r.app_name) as application
  from record
),
rows as materialized (
  select record_no, openrouter_row(c, text) as shared, first_token_s, api_key, application from calls
)
select record_no, unnest(shared), first_token_s, api_key, application
from rows
