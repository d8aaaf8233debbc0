"""The report as its reader meets it, in a browser, opened from a file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from lut.report import SECTIONS
from tests.lut.report.conftest import Files, Page, Report

UNDRAWN = "document.querySelectorAll('[data-chart]:not([data-drawn])').length"


def draw_all(page: Page) -> None:
    for number in range(page.run("return document.querySelectorAll('[data-chart]').length")):
        box = f"document.querySelectorAll('[data-chart]')[{number}]"
        page.run(f"{box}.scrollIntoView()")
        page.wait(f"return {box}.dataset.drawn")


def test_nothing_is_complained_of_and_nothing_in_a_table_is_run(page: Page) -> None:
    draw_all(page)
    assert page.errors == []
    assert page.run("return window.broken") is None
    page.open("#records?text=script")
    assert page.count == "1 of 42 records"
    assert "order=</script><script>window.broken=1</script><b>" in page.first


def test_every_section_has_a_heading_and_a_link(page: Page) -> None:
    present = [name for name in SECTIONS if name != "comparison"]
    assert page.run("return [...document.querySelectorAll('main > section')].map((s) => s.id)") == present
    links = page.run("return [...document.querySelectorAll('nav a')].map((a) => a.getAttribute('href'))")
    assert links == [f"#{name}" for name in present]
    levels = page.run("return [...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.run("return document.documentElement.lang") == "en"


def test_charts_wait_until_they_are_scrolled_to(page: Page) -> None:
    assert page.run(f"return {UNDRAWN}") > 1
    draw_all(page)
    assert page.run(f"return {UNDRAWN}") == 0


def test_filtering_by_keyboard_is_kept_in_the_address(page: Page) -> None:
    page.find("#filter-text").send_keys("int8convrelu")
    page.wait("return location.hash.includes('text=')")
    assert page.count == "1 of 42 records"
    assert page.hash == "#records?text=int8convrelu"
    page.find("#filter-clear").send_keys(Keys.ENTER)
    assert page.count == "42 records"


def test_numbers_and_types_filter_too(page: Page) -> None:
    page.open("#records?text=p50%3E30")
    assert page.count == "15 of 42 records"  # medians are 1.1, 2.2, …, 46.2 µs
    page.find("#filter-type option[value=FC]").click()
    assert page.count == "0 of 42 records"
    page.find("#filter-clear").click()
    page.find("#filter-doubt").click()
    assert page.count == "1 of 42 records"
    assert page.first.startswith("Int8Convmarked")


@pytest.mark.parametrize("press", [lambda head: head.click(), lambda head: head.send_keys(Keys.SPACE)])
def test_sorting_by_pointer_and_by_keyboard(page: Page, press: object) -> None:
    assert callable(press)
    head = page.find("[data-sort=p10]")
    ends = []
    for direction in ("descending", "ascending"):
        press(head)
        assert (
            page.run("return document.querySelector('[data-sort=p10]').parentElement.ariaSort") == direction
        )
        assert page.run("return document.querySelectorAll('[aria-sort]:not([aria-sort=none])').length") == 1
        ends.append(page.run("return document.querySelector('#records-table tbody td').textContent"))
    assert ends == ["46.200", "1.100"]


def test_a_link_shows_what_its_sender_saw(page: Page) -> None:
    page.open("#records?text=int8conv&sort=p50.asc&type=Int8Conv")
    assert page.count == "38 of 42 records"
    assert page.find("#filter-text").get_attribute("value") == "int8conv"
    assert page.run("return document.querySelector('[data-sort=p50]').parentElement.ariaSort") == "ascending"
    page.find("nav a[href='#spread']").click()
    assert page.hash == "#spread?text=int8conv&sort=p50.asc&type=Int8Conv"
    page.open("#records?sort=nonsense.asc&type=Unknown")
    assert page.count == "42 records"


def test_the_focus_can_be_seen_and_reaches_the_rows(page: Page) -> None:
    page.find("#filter-clear").send_keys(Keys.TAB)
    assert page.run("return document.activeElement.id") == "records-view"
    assert page.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.find("#records-view").send_keys(Keys.END)
    page.wait("return document.querySelector('#records-table tr[aria-rowindex=\"43\"]')")


def background(page: Page) -> str:
    return str(page.run("return getComputedStyle(document.body).backgroundColor"))


def test_light_dark_and_back(page: Page) -> None:
    page.open(theme="dark")
    dark = background(page)
    page.find("#theme").click()
    light = background(page)
    assert (dark, light) == ("rgb(20, 23, 27)", "rgb(255, 255, 255)")
    page.open(theme="dark")  # what was chosen is kept
    assert background(page) == light
    page.run("localStorage.clear()")
    page.open(theme="dark")
    assert background(page) == dark
    assert page.find("#theme").get_attribute("aria-label") == "Switch to the light theme"


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_width_scrolls_the_page_sideways(page: Page, width: int) -> None:
    page.open(width=width)
    draw_all(page)
    page.run("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    assert page.run("return document.documentElement.scrollWidth") <= width


def test_sums_and_a_chart_show_before_one_scrolls(page: Page) -> None:
    box = "document.querySelector('{}').getBoundingClientRect()"
    assert page.run(f"return {box.format('main table')}.bottom") < 500
    assert page.run(f"return {box.format('[data-chart]')}.top") < 500
    assert page.run("return document.querySelector('main > section:last-child').id") == "measured"


def test_two_tables_are_compared(page: Page, files: Files, report_command: Report, tmp_path: Path) -> None:
    both = tmp_path / "both.html"
    assert report_command("--lut", files.table, "--lut", files.other, "-o", both)[0] == 0
    compared = Page(page.browser, both)
    compared.open("#records?sort=ratio.desc")
    draw_all(compared)
    assert compared.errors == []
    assert compared.run("return document.querySelector('main > section').id") == "comparison"
    cells = "[...document.querySelector('#records-table tbody tr:nth-child(2)').cells]"
    texts = compared.run(f"return {cells}.map((cell) => cell.textContent)")
    assert texts[1:4] == ["46.200", "205.000", "4.437"]
