"""The page as a browser sees it: quiet, offline, within its width, names as text, charts drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from report_fixture import IMAGE, LONG, SCRIPT, empty, larkfield

from analyzer.report import build_report

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-background-networking"
    " --disable-component-update --disable-sync --no-first-run"
)


@dataclass
class Seen:
    """What a page did while it was open."""

    page: Page
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: install it with `apt-get install chromium`", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS.split())
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    paths = {}
    for name, assessment in (("full", larkfield()), ("empty", empty())):
        paths[name] = folder / f"{name}.html"
        paths[name].write_text(build_report(assessment, generated_on=date(2026, 11, 2)), encoding="utf-8")
    return paths


def wait_until(page: Page, condition: str) -> None:
    """Polls from outside: the page's own policy forbids the eval that Playwright would poll with."""
    for _ in range(200):
        if page.evaluate(f"Boolean({condition})"):
            return
        page.wait_for_timeout(25)
    pytest.fail(f"never became true: {condition}")


def opened(browser: Browser, path: Path, width: int = 1440, **options: Any) -> Seen:
    page = browser.new_page(viewport={"width": width, "height": 900}, **options)
    seen = Seen(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda message: seen.messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.messages.append(str(error)))

    def dismiss(dialog: Any) -> None:
        seen.dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.goto(path.as_uri())
    wait_until(page, "[...document.querySelectorAll('.plot')].every(plot => plot.querySelector('svg.main-svg'))")
    return seen


@pytest.mark.parametrize("name", ["full", "empty"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_quiet_offline_and_within_its_width(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    seen = opened(browser, pages[name], width, color_scheme=scheme)
    page = seen.page
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.mouse.move(width // 2, 450)
    assert seen.messages == []
    assert [url for url in seen.requests if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_charts_are_drawn_and_each_has_its_table_and_label(browser: Browser, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["full"]).page
    for chart in ("waterfall", "verdicts", "by-day"):
        plot = page.locator(f"#plot-{chart}")
        assert plot.locator(".bars .point path").count() >= 6
        assert plot.get_attribute("role") == "img"
        assert plot.get_attribute("aria-label")
        assert page.locator(f"section:has(#plot-{chart}) details.figures table caption").count() == 1
    assert page.locator(".modebar-btn").count() == 0
    page.close()


def test_hostile_names_are_text(browser: Browser, pages: dict[str, Path]) -> None:
    seen = opened(browser, pages["full"])
    page = seen.page
    assert seen.dialogs == []
    scripts = page.evaluate("[...document.scripts].map(script => script.textContent.trim())")
    assert "alert(1)" not in scripts
    assert page.locator("img").count() == 0
    assert page.locator("a[href^='http'], a[href^='javascript']").count() == 0
    names = page.locator(".card-name").all_inner_texts()
    assert SCRIPT in names and LONG in names and '=HYPERLINK("x")' in names
    assert IMAGE in page.locator("#workloads").inner_text() or IMAGE in page.locator("#workloads").text_content()  # type: ignore[operator]
    labels = page.locator("#plot-verdicts .ytick text").all_text_contents()
    assert SCRIPT in labels
    page.close()


def test_the_keyboard_reaches_the_report_and_opens_a_workload(browser: Browser, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["full"]).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    card = page.locator("#w-1")
    card.locator("summary").focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    assert card.get_attribute("open") is not None
    page.locator("#verdicts a[href='#w-2']").focus()
    page.keyboard.press("Enter")
    wait_until(page, "document.getElementById('w-2').open")
    page.close()


def test_headings_never_skip_a_level_and_tables_are_labelled(browser: Browser, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["full"]).page
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(one => +one.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.evaluate("[...document.querySelectorAll('table')].every(one => one.caption)")
    assert page.evaluate("[...document.querySelectorAll('th')].every(one => one.scope)")
    assert page.evaluate("new Set([...document.querySelectorAll('[id]')].map(one => one.id)).size") == page.evaluate(
        "document.querySelectorAll('[id]').length"
    )
    page.close()


def test_printing_opens_everything_in_light_colours_and_closes_it_again(
    browser: Browser, pages: dict[str, Path]
) -> None:
    page = opened(browser, pages["full"], color_scheme="dark").page
    closed = page.locator("details:not([open])").count()
    assert closed > 10
    page.emulate_media(media="print")
    wait_until(page, "document.querySelectorAll('details:not([open])').length === 0")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#plot-waterfall").get_attribute("data-drawn") == "680"
    page.emulate_media(media="screen")
    wait_until(page, f"document.querySelectorAll('details:not([open])').length === {closed}")
    page.close()


def test_wide_tables_say_that_they_scroll_and_keep_the_names_in_sight(browser: Browser, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["full"], 390).page
    box = page.locator("#verdicts .scroll-box:has(.to-card)")
    wait_until(page, "document.querySelector('#verdicts .scrolls:has(.to-card)')")
    assert box.locator(".scroll-hint").is_visible()
    name = box.locator("tbody th").first
    before = name.bounding_box()
    page.evaluate("document.querySelector('#verdicts .scroller:has(.to-card)').scrollLeft = 9999")
    wait_until(page, "document.querySelector('#verdicts .at-end:has(.to-card)')")
    assert name.bounding_box() == before
    assert box.locator("tbody td:last-child").first.is_visible()
    page.close()
    page = opened(browser, pages["full"]).page
    assert page.locator("#verdicts .scroll-box:has(.to-card) .scroll-hint").is_hidden()
    page.close()


def test_on_a_narrow_page_days_stay_on_one_line_and_findings_need_no_scrolling(
    browser: Browser, pages: dict[str, Path]
) -> None:
    page = opened(browser, pages["full"], 390).page
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    days = "[...document.querySelectorAll('#by_day tbody th')].map(one => one.getClientRects()[0].height)"
    assert len(set(page.evaluate(days))) == 1
    assert page.evaluate(
        "[...document.querySelectorAll('.part .scroller')].every(one => one.scrollWidth <= one.clientWidth)"
    )
    page.close()


def test_a_printed_page_cuts_no_table_and_repeats_no_total(browser: Browser, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["full"], color_scheme="dark").page
    paper_px = 688  # A4 less 14 mm on each side, at 96 px an inch
    page.set_viewport_size({"width": paper_px, "height": 1000})
    page.emulate_media(media="print", color_scheme="dark")
    wait_until(page, "document.querySelectorAll('details:not([open])').length === 0")
    assert page.evaluate("document.documentElement.scrollWidth") <= paper_px
    right = "[...document.querySelectorAll('table, .plot svg')].map(one => one.getBoundingClientRect().right)"
    assert max(page.evaluate(right)) <= paper_px
    assert page.evaluate("getComputedStyle(document.querySelector('#verdicts tfoot')).display") == "table-row-group"
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.close()


def test_a_guard_has_the_colour_of_what_moves(browser: Browser, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["full"]).page
    colours = page.evaluate(
        "Object.fromEntries(['by-day', 'verdicts'].flatMap(id => document.getElementById('plot-' + id).data)"
        ".map(trace => [trace.meta.role, trace.marker.color]))"
    )
    assert colours["batchable-with-guard"] == colours["batchable"] != colours["splittable"]
    page.close()


def test_charts_follow_the_colour_scheme(browser: Browser, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["full"], color_scheme="light").page
    ink = "getComputedStyle(document.querySelector('#plot-verdicts .ytick text')).fill"
    before = page.evaluate(ink)
    page.emulate_media(color_scheme="dark")
    wait_until(page, f"{ink} !== '{before}'")
    assert page.evaluate(ink) != before
    page.close()
