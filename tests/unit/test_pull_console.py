"""Exports of the Claude Console: every generation of the header, days, hours and minutes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from analyzer.pricing.names import resolve_model
from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths

TOKENS = (
    "uncached_input_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
    "web_searches",
)
OLDEST = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write,usage_input_tokens_cache_read,usage_output_tokens,web_search_count"
)
MIDDLE = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
    "usage_output_tokens,web_search_count"
)
WITH_WINDOW = MIDDLE.replace("usage_type,", "usage_type,context_window,")
NEWEST = WITH_WINDOW + ",inference_geo,speed"
US_PER_S = 1_000_000
OCTOBER_US = 1_790_812_800 * US_PER_S
DAY_US, HOUR_US, MINUTE_US = 86400 * US_PER_S, 3600 * US_PER_S, 60 * US_PER_S


def rows_of(table: str, *texts: str, folder: Path) -> list[dict[str, Any]]:
    """What is kept of some exports that are read one after the other."""
    with open_audit(None) as audit:
        for number, text in enumerate(texts):
            path = folder / f"export-{number}.csv"
            path.write_text(text, encoding="utf-8")
            assert ingest_paths(audit, [str(path)]).files[0].rejects == ()
        result = audit.connection.execute(f"select * from {table} order by started_us, file_id, line_no")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def usage_rows(*texts: str, folder: Path) -> list[dict[str, Any]]:
    return rows_of("usage_rollups", *texts, folder=folder)


@pytest.mark.parametrize(
    ("header", "row", "tokens", "dimensions"),
    [
        (OLDEST, "2026-10-01,claude-opus-4-5,k,Default,standard,1,2,3,4,5", (1, 2, 0, 3, 4, 5), ""),
        (MIDDLE, "2026-10-01,claude-opus-4-5,k,Default,standard,1,2,6,3,4,5", (1, 2, 6, 3, 4, 5), ""),
        (
            WITH_WINDOW,
            "2026-10-01,claude-opus-4-5,k,Default,standard,≤ 200k,1,2,6,3,4,5",
            (1, 2, 6, 3, 4, 5),
            "context_window,",
        ),
        (
            "\ufeff" + NEWEST,
            "2026-10-01,claude-opus-4-5,k,Default,standard,≤ 200k,1,2,6,3,4,5,us,",
            (1, 2, 6, 3, 4, 5),
            "context_window,inference_geo,",
        ),
    ],
    ids=["10 columns", "11 columns", "12 columns", "14 columns"],
)
def test_a_usage_export_of_any_generation_is_read(
    header: str, row: str, tokens: tuple[int, ...], dimensions: str, tmp_path: Path
) -> None:
    (found,) = usage_rows(f"{header}\r\n{row}\r\n", folder=tmp_path)
    assert tuple(found[name] for name in TOKENS) == tokens
    assert (found["api_key"], found["workspace"], found["raw_model"]) == ("k", "Default", "claude-opus-4-5")
    speed = "speed," if header.endswith("speed") else ""
    assert found["series"] == f"1d by api_key,{dimensions}model,service_tier,{speed}workspace"
    assert found["speed"] == ("standard" if speed else None)


def hours(*times: str) -> str:
    lines = [
        f"{time},claude-opus-5-5,k,Default,standard,≤ 200k,{10 + n},0,0,0,1,0,global," for n, time in enumerate(times)
    ]
    return "\n".join([NEWEST, *lines]) + "\n"


def test_a_day_is_exported_in_hours(tmp_path: Path) -> None:
    found = usage_rows(hours("2026-10-01 00:00", "2026-10-01 02:00"), folder=tmp_path)
    assert [(row["started_us"], row["ended_us"]) for row in found] == [
        (OCTOBER_US, OCTOBER_US + HOUR_US),
        (OCTOBER_US + 2 * HOUR_US, OCTOBER_US + 3 * HOUR_US),
    ]
    assert {row["series"][:2] for row in found} == {"1h"}


def test_an_hour_is_exported_in_minutes_and_its_first_minute_is_one_too(tmp_path: Path) -> None:
    found = usage_rows(hours("2026-10-01 02:00", "2026-10-01 02:07"), folder=tmp_path)
    assert [(row["started_us"], row["ended_us"]) for row in found] == [
        (OCTOBER_US + 2 * HOUR_US, OCTOBER_US + 2 * HOUR_US + MINUTE_US),
        (OCTOBER_US + 2 * HOUR_US + 7 * MINUTE_US, OCTOBER_US + 2 * HOUR_US + 8 * MINUTE_US),
    ]
    assert {row["series"][:2] for row in found} == {"1m"}


def test_files_read_together_keep_their_own_widths(tmp_path: Path) -> None:
    exports = {"a.csv": hours("2026-10-01 02:00"), "b.csv": hours("2026-10-01 02:00", "2026-10-01 02:07")}
    for name, text in exports.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with open_audit(None) as audit:
        ingest_paths(audit, [str(tmp_path)])
        found = audit.connection.execute(
            "select left(series, 2), ended_us - started_us from usage_rollups order by file_id, started_us"
        ).fetchall()
    assert found == [("1h", HOUR_US), ("1m", MINUTE_US), ("1m", MINUTE_US)]


def test_the_same_day_in_days_and_in_hours_is_two_series(tmp_path: Path) -> None:
    """The day holds what the hours hold: whoever adds up has to choose."""
    found = usage_rows(hours("2026-10-01"), hours("2026-10-01 00:00", "2026-10-01 05:00"), folder=tmp_path)
    assert [(row["series"][:2], row["uncached_input_tokens"]) for row in found] == [("1d", 10), ("1h", 10), ("1h", 11)]


def test_a_day_exported_again_counts_once_with_its_later_figures(tmp_path: Path) -> None:
    early = hours("2026-10-01", "2026-10-02")
    late = early.replace(",11,0,0,0,1,", ",500,0,0,0,1,")
    found = usage_rows(early, late, folder=tmp_path)
    assert [row["uncached_input_tokens"] for row in found] == [10, 500]
    assert usage_rows(late, early, folder=tmp_path)[1]["uncached_input_tokens"] == 500


COST_7 = "usage_date_utc,model,workspace,api_key,usage_type,token_type,cost_usd"
COST_9 = "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type"
COST_12 = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,"
    "inference_geo,speed"
)
COST_14 = COST_12 + ",api_key_id,api_key_status"


@pytest.mark.parametrize(
    ("header", "row", "list_usd"),
    [
        (COST_7, "2026-10-01,Claude Haiku 4.5,Default,k,message,output,1.25", None),
        (COST_9, "2026-10-01,Claude Haiku 4.5,Default,k,message,≤ 200k,output,1.25,token", None),
        (COST_12, "2026-10-01,Claude Haiku 4.5,Default,k,message,≤ 200k,output,1.25,1.50,token,global,", "1.50"),
        (
            COST_14,
            "2026-10-01,Claude Haiku 4.5,Default,k,message,≤ 200k,output,1.25,1.50,token,global,,apikey_01A,active",
            "1.50",
        ),
    ],
    ids=["7 columns", "9 columns", "12 columns", "14 columns"],
)
def test_a_cost_export_of_any_generation_is_read(header: str, row: str, list_usd: str | None, tmp_path: Path) -> None:
    (found,) = rows_of("cost_lines", f"{header}\n{row}\n", folder=tmp_path)
    assert found["amount_usd"] == Decimal("1.25")
    assert found["list_amount_usd"] == (Decimal(list_usd) if list_usd else None)
    assert found["rounded_to_usd"] == Decimal("0.01")
    assert (found["token_type"], found["cost_type"]) == ("output", "tokens")
    assert found["ended_us"] - found["started_us"] == DAY_US
    assert resolve_model(found["raw_model"], found["provider"]).model == "claude-haiku-4-5"


def test_an_export_that_a_spreadsheet_saved_again_is_refused_with_what_it_wrote(tmp_path: Path) -> None:
    rows = ("24.10.2026;m;Default;k;message;output;1", "2026-10-24;m;Default;k;message;output;0,48")
    rows += ("10/25/2026;m;Default;k;message;output;1", "2026-10-24;m;Default;k;message;output;0.50")
    text = "\r\n".join([COST_7.replace(",", ";"), *rows])
    (tmp_path / "a.csv").write_bytes(text.encode("utf-16"))
    with open_audit(None) as audit:
        read = ingest_paths(audit, [str(tmp_path)]).files[0]
    date = "expected a date and time from 2010 on, such as 2026-10-24T09:00:00Z"
    assert read.accepted == 1
    assert read.rejects == (
        (2, f"usage_date_utc: found 24.10.2026, {date}"),
        (3, "cost_usd: found 0,48, expected an amount in dollars"),
        (4, f"usage_date_utc: found 10/25/2026, {date}"),
    )


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("input_no_cache", "uncached_input"),
        ("output", "output"),
        ("input_cache_read", "cache_read"),
        ("input_cache_write_5m", "cache_write_5m"),
        ("input_cache_write_1h", "cache_write_1h"),
    ],
)
def test_kinds_of_tokens_have_the_names_of_the_house(written: str, kind: str, tmp_path: Path) -> None:
    (found,) = rows_of(
        "cost_lines", f"{COST_7}\n2026-10-01,Claude Opus 5.5,,k,message,{written},0.01\n", folder=tmp_path
    )
    assert (found["token_type"], found["workspace"]) == (kind, None)


def test_two_exports_that_overlap_count_their_common_day_once(tmp_path: Path) -> None:
    row = "2026-10-0{},Claude Opus 5.5,W,k,message,output,{}\n"
    first = f"{COST_7}\n{row.format(1, '1.10')}{row.format(2, '2.20')}"
    second = f"{COST_7}\n{row.format(2, '2.25')}{row.format(3, '3.30')}"
    found = rows_of("cost_lines", first, second, folder=tmp_path)
    assert [row["amount_usd"] for row in found] == [Decimal("1.10"), Decimal("2.25"), Decimal("3.30")]
