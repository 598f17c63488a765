"""Which model a log means: every spelling we have seen, and what must stay unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.pricing import ResolvedModel, models, resolve_model

ARN = "arn:aws:bedrock:us-east-1:123456789012:"

SPELLINGS = [
    ("claude-haiku-4-5", "claude-haiku-4-5"),
    ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
    ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
    ("claude-haiku-4-5-latest", "claude-haiku-4-5"),
    ("claude-haiku-4.5", "claude-haiku-4-5"),
    ("claude-4-5-haiku", "claude-haiku-4-5"),
    ("claude-4.5-haiku-20251001", "claude-haiku-4-5"),
    ("Claude Haiku 4.5", "claude-haiku-4-5"),
    ("CLAUDE-HAIKU-4-5", "claude-haiku-4-5"),
    (" claude-haiku-4-5\n", "claude-haiku-4-5"),
    ("anthropic/claude-haiku-4-5", "claude-haiku-4-5"),
    ("openrouter/anthropic/claude-haiku-4.5", "claude-haiku-4-5"),
    ("vertex_ai/claude-haiku-4-5@20251001", "claude-haiku-4-5"),
    ("vertex_ai/claude-sonnet-4-5@default", "claude-sonnet-4-5"),
    ("publishers/anthropic/models/claude-opus-4-7", "claude-opus-4-7"),
    (
        "projects/p-1/locations/us-east5/publishers/anthropic/models/claude-opus-4-7@20260416",
        "claude-opus-4-7",
    ),
    ("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
    ("bedrock/converse/anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
    ("bedrock/us-west-2/anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
    ("azure_ai/claude-opus-4-5", "claude-opus-4-5"),
    ("claude-opus-4-20250514", "claude-opus-4-0"),
    ("claude-opus-4-0", "claude-opus-4-0"),
    ("claude-sonnet-4@20250514", "claude-sonnet-4-0"),
    ("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet"),
    ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
    ("claude-3.7-sonnet:thinking", "claude-3-7-sonnet"),
    ("claude-haiku-3-5", "claude-3-5-haiku"),
    ("claude-3-haiku-20240307", "claude-3-haiku"),
    ("claude-sonnet-4-6[1m]", "claude-sonnet-4-6"),
    ("claude-opus-5", "claude-opus-5"),
    ("claude-opus-5-5", "claude-opus-5-5"),
    ("claude-opus-5-2026-07-24", "claude-opus-5"),
    ("Claude Fable 5.2", "claude-fable-5-2"),
    (f"{ARN}inference-profile/us.anthropic.claude-opus-5-5", "claude-opus-5-5"),
    ("arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-haiku-5-5", "claude-haiku-5-5"),
]


@pytest.mark.parametrize(("raw", "model"), SPELLINGS)
def test_every_spelling_of_a_model_is_that_model(raw: str, model: str) -> None:
    assert resolve_model(raw, "anthropic") == ResolvedModel(model, "global")


UNKNOWN = [
    None,
    "",
    "   ",
    "claude",
    "haiku",
    "claude-haiku",
    "claude-opus-4-70",
    "claude-opus-4-7-turbo",
    "claude-opus-6",
    "claude-haiku-4-5-2025100",
    "claude-haiku-4-5-20251399",
    "claude-haiku-4-5-20260230",
    "claude-haiku-4-5@2026-0230",
    "my-claude-haiku-4-5",
    "claude-haiku-4-5-ft-acme",
    "gpt-5",
    "<synthetic>",
    f"{ARN}application-inference-profile/abcd1234efgh",
    f"{ARN}application-inference-profile/claude-haiku-4-5",
    f"{ARN}provisioned-model/anthropic.claude-haiku-4-5",
]


@pytest.mark.parametrize("raw", UNKNOWN)
@pytest.mark.parametrize("provider", ["anthropic", "aws_bedrock"])
def test_what_is_not_exactly_a_model_stays_unknown(raw: str | None, provider: str) -> None:
    assert resolve_model(raw, provider) == ResolvedModel(None, "global")


PLACES = [
    ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws_bedrock", "regional"),
    ("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws_bedrock", "regional"),
    ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "aws_bedrock", "regional"),
    ("apac.anthropic.claude-opus-4-6-v1", "aws_bedrock", "regional"),
    ("jp.anthropic.claude-sonnet-4-6", "aws_bedrock", "regional"),
    ("au.anthropic.claude-opus-5-5", "aws_bedrock", "regional"),
    ("anthropic.claude-opus-5-5", "aws_bedrock", "regional"),
    (f"{ARN}inference-profile/us.anthropic.claude-opus-5-5", "aws_bedrock", "regional"),
    (f"{ARN}inference-profile/global.anthropic.claude-opus-5-5", "aws_bedrock", "global"),
    ("arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-opus-5", "aws_bedrock", "regional"),
    ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws_bedrock", "global"),
    ("us.anthropic.claude-opus-4-1-20250805-v1:0", "aws_bedrock", "global"),
    ("anthropic.claude-3-haiku-20240307-v1:0", "aws_bedrock", "global"),
    ("claude-opus-5-5", "aws_bedrock", "global"),
    ("claude-opus-5-5@20260922", "gcp_vertex", "global"),
    ("us.anthropic.claude-opus-5-5", "anthropic", "global"),
]


@pytest.mark.parametrize(("raw", "provider", "geography"), PLACES)
def test_a_bedrock_id_tells_its_place_from_4_5_on(raw: str, provider: str, geography: str) -> None:
    assert resolve_model(raw, provider).geography == geography


@pytest.mark.parametrize("model", models().values(), ids=lambda model: model.id)
def test_every_model_is_found_by_id_alias_display_name_and_cloud_id(model: object) -> None:
    known = next(m for m in models().values() if m is model)
    for raw in (known.id, *known.aliases, known.name, f"global.anthropic.{known.id}-v1:0"):
        assert resolve_model(raw, "aws_bedrock").model == known.id


@given(st.text(max_size=60))
def test_no_text_breaks_the_resolver(raw: str) -> None:
    assert resolve_model(raw, "anthropic").model in {None, *models()}
