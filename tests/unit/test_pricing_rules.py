"""The model and price files: complete, sourced, and read strictly."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from datetime import date, timedelta
from decimal import Decimal as D
from pathlib import Path

import pytest

from analyzer.errors import UserErrors
from analyzer.pricing import FAMILIES, NoPrice, Price, models, price_on
from analyzer.pricing.models import read_models
from analyzer.pricing.overlay import overlay, read_overlay
from analyzer.resources import shipped

MODELS = shipped("rules") / "models"
PRICES = shipped("rules") / "prices"
CHECKED_ON = date(2026, 11, 20)


@pytest.mark.parametrize("model", models())
@pytest.mark.parametrize("mode", ["standard", "batch"])
def test_every_model_has_a_price(model: str, mode: str) -> None:
    price = price_on(model, CHECKED_ON, mode=mode)
    assert isinstance(price, Price), price
    assert 0 < price.cache_read_usd < price.uncached_input_usd < price.cache_write_5m_usd
    assert price.cache_write_5m_usd < price.cache_write_1h_usd < price.output_usd
    assert price.source.startswith("genai-prices ")


def sourced_tables(path: Path) -> list[dict[str, object]]:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    if "id" in document:
        return [document]
    if path.name == "_common.toml":
        return [*document["tokenizer"].values(), document["batch"], *document["lacks"].values()]
    return [row for rows in document.values() for row in rows]


@pytest.mark.parametrize("path", sorted([*MODELS.glob("*.toml"), *PRICES.glob("*.toml")]), ids=lambda p: p.name)
def test_every_file_says_where_from_and_when_checked(path: Path) -> None:
    tables = sourced_tables(path)
    assert tables
    for table in tables:
        assert str(table["source"]).startswith("https://")
        assert isinstance(table["checked"], date)
        assert table["checked"] <= date.today() + timedelta(days=1)


def test_models_know_what_caching_and_batching_need() -> None:
    # source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching, checked 2026-11-20
    minimum = {
        512: ["opus-5", "opus-5-5", "sonnet-5-5", "haiku-5-5", "fable-5", "fable-5-1", "fable-5-2", "mythos-5-2"],
        1024: ["opus-4-8", "sonnet-5", "sonnet-4-6", "sonnet-4-5", "opus-4-1", "opus-4-0", "sonnet-4-0"],
        2048: ["opus-4-7", "3-5-haiku"],
        4096: ["opus-4-6", "opus-4-5", "haiku-4-5"],
    }
    for tokens, names in minimum.items():
        assert {models()[f"claude-{name}"].min_cacheable_tokens for name in names} == {tokens}


def test_models_from_4_7_on_count_a_third_more_tokens() -> None:
    for model in models().values():
        newer = model.generation >= (4, 7)
        assert model.tokenizer == ("from-4.7" if newer else "before-4.7")
        factor = model.tokenizer_factor
        assert (factor.low, factor.base, factor.high) == ((D(1), D("1.3"), D("1.35")) if newer else (D(1), D(1), D(1)))


def test_the_batch_api_refuses_streams_everywhere_and_forced_tools_on_the_newest() -> None:
    forced = "tool_choice.type=any"
    assert all("stream=true" in model.batch_refuses for model in models().values())
    assert {model.id for model in models().values() if forced in model.batch_refuses} == {
        "claude-opus-5-5",
        "claude-sonnet-5-5",
        "claude-fable-5-1",
        "claude-fable-5-2",
        "claude-mythos-5-2",
    }


def test_models_come_in_order_of_family_and_generation() -> None:
    order = [(FAMILIES.index(model.family), model.generation) for model in models().values()]
    assert order == sorted(order)


def test_no_two_rows_price_the_same_thing_on_the_same_day() -> None:
    rows = overlay().prices
    for number, row in enumerate(rows):
        for other in rows[number + 1 :]:
            same = (row.model, row.over_tokens, row.flat) == (other.model, other.over_tokens, other.flat)
            overlap = (row.start or date.min) < (other.end or date.max) and (other.start or date.min) < (
                row.end or date.max
            )
            assert not (same and overlap and set(row.usd_per_mtok) & set(other.usd_per_mtok))


def test_a_price_file_with_mistakes_lists_them_all(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(
        """
        [[price]]
        model = "claude-sonet-5-5"
        before = 2026-10-07
        cache_reads_usd_per_mtok = 0.20
        output_usd_per_mtok = "10"
        source = "https://example.com"

        [[price]]
        model = "claude-opus-5-5"
        from = 2026-10-07
        before = 2026-10-07
        over_tokens = 200_000
        output_usd_per_mtok = 10
        source = "https://example.com"
        checked = 2026-11-20

        [[prise]]
        """,
        encoding="utf-8",
    )
    with pytest.raises(UserErrors) as caught:
        read_overlay(tmp_path, models())
    said = str(caught.value)
    assert "wrong.toml, price 1, cache_reads_usd_per_mtok: an unknown key" in said
    assert "did you mean 'cache_read_usd_per_mtok'?" in said
    assert "wrong.toml, price 1, output_usd_per_mtok: '10'; expected a number, 0 or more" in said
    assert "wrong.toml, price 1, checked: missing" in said
    assert "wrong.toml, prise: an unknown key; expected a known kind of row; did you mean 'price'?" in said


def test_a_price_row_that_cannot_hold_is_told(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(
        """
        [[price]]
        model = "claude-sonet-5-5"
        source = "https://example.com"
        checked = 2026-11-20

        [[price]]
        model = "claude-opus-5-5"
        from = 2026-10-07
        before = 2026-10-07
        over_tokens = 200_000
        output_usd_per_mtok = 10
        source = "https://example.com"
        checked = 2026-11-20
        """,
        encoding="utf-8",
    )
    with pytest.raises(UserErrors) as caught:
        read_overlay(tmp_path, models())
    said = str(caught.value).splitlines()
    assert len(said) == 4
    assert "'claude-sonet-5-5'; expected a model of rules/models; did you mean 'claude-sonnet-5-5'?" in said[0]
    assert "no price; expected one or more of uncached_input_usd_per_mtok" in said[1]
    assert "before = 2026-10-07; expected a day after from = 2026-10-07" in said[2]
    assert "some prices of a size card; expected all of" in said[3]


def test_a_model_file_with_mistakes_lists_them_all(tmp_path: Path) -> None:
    shutil.copy(MODELS / "_common.toml", tmp_path)
    good = (MODELS / "claude-haiku-4-5.toml").read_text(encoding="utf-8")
    (tmp_path / "claude-haiku-4-6.toml").write_text(good, encoding="utf-8")
    (tmp_path / "claude-haiku-4-5.toml").write_text(
        good.replace('"haiku"', '"haikus"').replace('"before-4.7"', '"before-4.8"'), encoding="utf-8"
    )
    (tmp_path / "claude-odd.toml").write_text("id = 3\ncolour = 'red'\n", encoding="utf-8")
    with pytest.raises(UserErrors) as caught:
        read_models(tmp_path)
    said = str(caught.value)
    assert "claude-haiku-4-6.toml, id: 'claude-haiku-4-5'; expected the file's name, 'claude-haiku-4-6'" in said
    assert "claude-haiku-4-5.toml, family: 'haikus'; expected a known one; did you mean 'haiku'?" in said
    assert "claude-haiku-4-5.toml, tokenizer: 'before-4.8'" in said
    assert "claude-odd.toml, id: 3; expected a string" in said
    assert "claude-odd.toml, colour: an unknown key" in said
    assert "claude-odd.toml, source: missing" in said


def test_a_file_that_is_not_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[[price", encoding="utf-8")
    with pytest.raises(UserErrors, match=r"broken\.toml: not valid TOML"):
        read_overlay(tmp_path, models())


def test_an_empty_folder_of_prices_has_no_rows(tmp_path: Path) -> None:
    empty = read_overlay(tmp_path, models())
    assert (empty.prices, empty.batches, empty.geographies) == ((), (), ())


def test_importing_the_room_loads_no_price_list_and_no_engine() -> None:
    code = (
        "import sys, analyzer.pricing as p; p.models(); p.resolve_model('claude-opus-5-5', 'anthropic'); "
        "print([n for n in ('genai_prices', 'duckdb', 'pandas') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_our_cards_equal_the_ones_bedrock_lists() -> None:
    """genai-prices lists Bedrock's global and regional cards apart: our factors must give the same."""
    from genai_prices import data

    aws = next(provider for provider in data.providers if provider.id == "aws")
    listed = {entry.id.split("-v1")[0].replace("-20251001", ""): entry for entry in aws.models}
    for model in ("claude-haiku-4-5", "claude-opus-4-8", "claude-opus-5-5", "claude-fable-5-2"):
        for place, geography in (("global", "global"), ("regional", "regional")):
            price = price_on(model, date(2026, 11, 20), provider="aws_bedrock", geography=geography)
            assert not isinstance(price, NoPrice)
            card = listed[f"{place}.anthropic.{model}"].prices
            assert not isinstance(card, list)
            assert price.uncached_input_usd * 1_000_000 == card.input_mtok
            assert price.cache_read_usd * 1_000_000 == card.cache_read_mtok
            assert price.output_usd * 1_000_000 == card.output_mtok


def test_the_row_shown_in_the_docs_is_a_valid_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "prices.md").read_text(encoding="utf-8")
    (tmp_path / "example.toml").write_text(page.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    (row,) = read_overlay(tmp_path, models()).prices
    assert row.usd_per_mtok == {"cache_read": D("0.20")}
    days = {date(2026, 9, 27): False, date(2026, 9, 28): True, date(2026, 10, 6): True, date(2026, 10, 7): False}
    assert {day: row.stands("claude-sonnet-5-5", day) for day in days} == days
