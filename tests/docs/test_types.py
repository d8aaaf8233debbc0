"""The table of what is read, and what engines run, is that of the code."""

from __future__ import annotations

from tests.docs.types import PAGE, format_page


def test_the_table_is_fresh() -> None:
    text = PAGE.read_text()
    assert text == format_page(text), "docs/nets.md is out of date: run `python -m tests.docs.types`"
