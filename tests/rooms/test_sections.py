"""Every report section, on a month with everything in it and on an audit with nothing in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import ModuleType

import pytest
from report_fixture import empty, larkfield

from analyzer.migration import kits_of
from analyzer.report.build import report_environment, section_modules
from analyzer.report.sections import by_day, coverage, headline, migration_order, verdicts, waterfall, workloads
from analyzer.savings.assessment import Assessment, LeverFinding
from analyzer.workloads.reconcile import Reconciliation


def _name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


@pytest.mark.parametrize("module", section_modules(), ids=_name)
def test_a_section_renders_the_month_and_nothing(module: ModuleType) -> None:
    template = report_environment().get_template(f"sections/{_name(module)}.html.j2")
    assert module.title and isinstance(module.order, int) and module.__doc__
    for assessment in (larkfield(), empty()):
        html = template.render(**module.build(assessment))
        assert html.strip()
        assert "<script>alert" not in html and "<img" not in html and "None" not in html.replace("None.", "")


def test_section_orders_differ() -> None:
    orders = [module.order for module in section_modules()]
    assert len(set(orders)) == len(orders)


# By hand, from tests/report_fixture.py (low case):
# caching 611.25 + 207.1042 = 818.3542; output 40
# batch 1584.955 + 398.0625 + 24.15 + 120.4 + 655 + 77.5025 + 256.4 = 3116.47
# saving 818.3542 + 40 + 3116.47 = 3974.8242
# baseline 4120.337 + 3377.0142 + 1204.5 + 890.125 + 1650.75 + 48.3 + 402.9 + 731.6 + 1310 + 210.004 + 155.005
#          + 61.4 + 512.8 + 97.333 + 0.004 + 0 = 14772.0722


def test_the_headline_is_the_low_case_and_its_range() -> None:
    built = headline.build(larkfield())
    assert built["baseline_usd"] == Decimal("14772.07")
    assert built["saving_usd"] == Decimal("3974.82")
    assert built["optimized_usd"] == Decimal("10797.25")
    assert built["saving_percent"] == "27 %"
    assert built["base_usd"] == Decimal("4376.93")  # 3974.8242 + 402.11
    assert built["high_usd"] == Decimal("4905.32")  # 3974.8242 + 930.5
    assert built["a_month"] == {"before_usd": Decimal("14772.07"), "after_usd": Decimal("10797.25"), "scaled": False}
    assert built["a_year"] == Decimal("46800.30")  # 3974.82 × 365 / 31 = 46800.3000
    assert built["upside_usd"] == Decimal("396.50")  # (731.6 + 61.4 + 0.004) / 2 = 396.502
    assert built["undecided"] == 3


def test_the_headline_points_to_the_invoice_where_there_is_one() -> None:
    month, day = larkfield(), date(2026, 10, 1)
    assert "holds no invoice" in _page(headline, month)
    bill = Reconciliation(
        "bill.csv", "console", day, day, Decimal(5), Decimal(5), (), Decimal(0), Decimal(0), Decimal(1), None, "",
        Decimal(0), 0, (), (),
    )  # fmt: skip
    tied = _page(headline, replace(month, reconciliation=bill))
    assert "Does it tie to the invoice?" in tied and "holds no invoice" not in tied


def test_the_waterfall_adds_up_to_the_cent_that_is_shown() -> None:
    rows = waterfall.build(larkfield())["rows"]
    amounts = [row["amount_usd"] for row in rows]
    # 14772.07 of list cost − 3116.47 − 818.35 − 40.00
    assert sum(amounts[:-1]) == amounts[-1] == Decimal("10797.25")
    shown = {row["label"]: row["amount_usd"] for row in rows}
    # 1584.955 + 398.0625 + 24.15 + 120.4 + 655 + 77.5025 + 256.4 = 3116.47; 611.25 + 207.1042 = 818.3542; 40 once
    assert shown["Move to batch"] == Decimal("-3116.47")
    assert shown["Cache the prompt"] == Decimal("-818.35")
    assert shown["Tighten output"] == Decimal("-40.00")


def test_workloads_and_their_parts_add_up_to_the_totals() -> None:
    built = verdicts.build(larkfield())
    for column in ("baseline_usd", "saving_usd", "optimized_usd", "requests"):
        assert sum(row[column] for row in built["rows"]) == built["total"][column]
    for card in workloads.build(larkfield())["cards"]:
        for column in ("baseline_usd", "saving_usd", "optimized_usd"):
            assert sum(part[column] for part in card["components"]) == card[column]


def test_a_day_without_traffic_is_shown_as_nothing_and_not_left_out() -> None:
    rows = by_day.build(larkfield())["rows"]
    assert len(rows) == 31
    assert rows[17]["day"] == date(2026, 10, 18) and rows[17]["total_usd"] == 0


def test_the_pilot_is_the_surest_and_largest_and_the_order_is_that_of_the_kits() -> None:
    moves = migration_order.build(larkfield())["moves"]
    assert moves[0]["workload"] == "catalogue-enrichment"
    assert [move["workload"] for move in moves] == [kit.plan.verdict.workload for kit in kits_of(larkfield())]
    assert migration_order.build(empty())["moves"] == []


def test_every_dollar_moves_or_stays_for_a_reason() -> None:
    built = migration_order.build(larkfield())
    shown = {stay.reason: (stay.workloads, stay.baseline_usd) for stay, _ in built["stays"]}
    assert shown == {
        # store-chat 4120.337, support-tickets' draft 1204.5, returns-agent 1650.75, new-model-trial 0
        "Someone waits for the result.": (4, Decimal("6975.59")),
        "Nobody can tell.": (3, Decimal("793.00")),  # 731.6 + 61.4 + 0.004
        "It is in batch already.": (1, Decimal("210.00")),
        "It is needed too soon.": (1, Decimal("97.33")),
    }
    moving = built["moving"]["baseline_usd"]
    assert moving + sum(stay.baseline_usd for stay, _ in built["stays"]) == built["baseline_usd"]
    saved = sum(row["saving_usd"] for row in (*built["moves"], *built["in_place"]))
    assert saved == headline.build(larkfield())["saving_usd"]


def _page(module: ModuleType, assessment: Assessment) -> str:
    html = report_environment().get_template(f"sections/{_name(module)}.html.j2").render(**module.build(assessment))
    return " ".join(html.replace("\xa0", " ").split())


def test_where_nothing_moves_the_page_says_whether_waiting_or_the_price_is_why() -> None:
    already = larkfield("already-in-batch")
    assert "It is in batch already." in _page(headline, already)
    assert "questions" not in _page(headline, already)
    asked = _page(headline, larkfield("webhook-classifier"))
    assert "Nobody can tell." in asked and "could be worth $365.80" in asked  # 731.6 / 2


def test_a_batch_that_costs_more_at_half_price_is_explained() -> None:
    month = larkfield("already-in-batch")
    dearer = LeverFinding("batch", "does-not-pay", Decimal("-11.33"), "Batch API would cost $11.33 more.")
    component = replace(month.workloads[0].components[0], findings=(dearer,))
    month = replace(month, workloads=(replace(month.workloads[0], components=(component,)),))
    assert "would cost more in batch, where nothing is read from its cache" in _page(headline, month)
    assert "cost $11.33 more. A batch reads nothing from the cache" in _page(workloads, month)


def test_a_month_without_a_saving_has_words_in_place_of_a_waterfall() -> None:
    built = waterfall.build(larkfield("returns-agent"))
    assert built["chart"] is None
    assert ("Move to batch", "not allowed", Decimal("1650.75")) in built["findings"]
    assert "No lever saves a cent here" in _page(waterfall, larkfield("returns-agent"))


def test_what_costs_under_a_cent_never_reads_as_nothing() -> None:
    costs = {row["workload"]: row["cost"] for row in verdicts.build(larkfield())["rows"]}
    assert costs[""] == "<$0.01" and costs["new-model-trial"] == "$0.00"
    assert "1 request was priced" in _page(
        headline, replace(larkfield(""), coverage=replace(larkfield().coverage, requests=1, priced_requests=1))
    )


def test_the_first_table_counts_all_spend_by_how_soon_it_is_needed() -> None:
    built = verdicts.build(larkfield())
    tiers = {tier["name"]: tier for tier in built["tiers"]}
    assert [tier["name"] for tier in built["tiers"]][:: len(tiers) - 1] == ["Now", "Whenever"]
    assert sum(tier["baseline_usd"] for tier in tiers.values()) == built["total"]["baseline_usd"]
    assert sum(tier["requests"] for tier in tiers.values()) == built["total"]["requests"]
    assert tiers["Within minutes"]["baseline_usd"] == Decimal("500.23")  # 402.9 + 97.333
    assert tiers["Now"]["assumed_usd"] == Decimal("793.00")  # 731.6 + 61.4 + 0.004
    assert "Table: list cost by urgency" in _page(verdicts, larkfield())


def test_a_splittable_workload_is_drawn_as_its_parts() -> None:
    cards = {card["workload"]: card for card in workloads.build(larkfield())["cards"]}
    parts = {part["kind"]: part["baseline_usd"] for part in cards["support-tickets"]["parts"]}
    assert sum(parts.values()) == cards["support-tickets"]["baseline_usd"] == Decimal("2094.63")
    assert set(parts) == {"real-time", "batchable"}  # 1204.5 and 890.125
    assert cards["store-chat"]["parts"] == []


def test_the_chance_that_a_batch_is_back_in_time_is_told() -> None:
    text = _page(workloads, larkfield("review-moderation"))
    assert "Needed within minutes, from its deadline; a batch is back in time with a probability of" in text


def test_days_and_their_columns_add_up() -> None:
    built = by_day.build(larkfield())
    assert sum(row["total_usd"] for row in built["rows"]) == sum(built["totals"]) == built["total_usd"]


def test_one_day_is_told_in_words() -> None:
    month = larkfield()
    one = replace(month, by_day=month.by_day[:3])
    assert by_day.build(one)["chart"] is None
    assert "fell on one day, 1 October 2026" in _page(by_day, one)


def test_paths_begin_below_the_folder_that_all_files_share() -> None:
    month = larkfield()
    files = tuple(replace(file, path=f"/home/someone/audit/{file.path}") for file in month.coverage.files)
    remarks = ((files[0].path, "a remark", 3),)
    built = coverage.build(replace(month, coverage=replace(month.coverage, files=files, remarks=remarks)))
    assert "litellm/spend.csv" in {file["path"] for file in built["files"]}
    assert built["remarks"] == [("litellm/spend.csv", "a remark", 3)]
    assert coverage.shared_folder(["-"]) == ""


def test_a_caching_gain_of_work_that_stays_is_listed_apart() -> None:
    in_place = migration_order.build(larkfield())["in_place"]
    assert [(row["workload"], row["saving_usd"]) for row in in_place] == [("store-chat", Decimal("611.25"))]


def test_coverage_counts_what_was_read_and_what_was_not() -> None:
    built = coverage.build(larkfield())
    assert built["total"]["accepted"] == 60_000 + 14_000 + 51_948
    assert built["total"]["rejected"] == 4 + 12
    assert built["total"]["duplicates"] == 12_900 + 5
    assert [row["source"] for row in built["formats"]] == ["litellm", "whowaits", "claude_code", None]
    assert {row["text"] for row in built["signals"]} == {"31 %", "0 %", "44 %", "100 %", "under 1 %"}
