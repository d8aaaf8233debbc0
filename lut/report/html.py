"""HTML that is safe by construction: text is escaped unless it is `Html` already."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

__all__ = ["Html", "embed_json", "facts", "fold", "join", "tag", "tag_table"]

_VOID = {"input", "meta"}


class Html(str):
    """Text that is HTML; only this module and templates make it."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str | int | bool | None) -> Html:
    """Make an element.

    Attributes are named as keywords: `class_` is class, `data_chart` is data-chart. True writes a bare
    attribute, False and None none at all.
    """
    written = "".join(_format_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(children)}</{name}>")


def _format_attribute(name: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def join(children: Iterable[str]) -> Html:
    """Join pieces, escaping those that are text."""
    return Html("".join(child if isinstance(child, Html) else escape(child) for child in children))


def embed_json(value: Any, **attributes: str) -> Html:
    """Put data into the page as a script that is not run; nothing in it can end the script.

    Raises:
        ValueError: it holds a NaN or an infinity, which JSON has no word for.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return tag("script", Html(text), type="application/json", **attributes)


def tag_table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], numeric: Iterable[int] = ()
) -> Html:
    """Make a table whose first column names its rows. `numeric` columns are aligned to the right.

    It is in a box of its own that scrolls where the window is narrower than the table.
    """
    right = dict.fromkeys(numeric, "number")
    head = join(tag("th", text, scope="col", class_=right.get(i)) for i, text in enumerate(heads))
    body = join(tag("tr", tag("th", row[0], scope="row"), *_cells(row, right)) for row in rows)
    table = tag("table", tag("caption", caption), tag("thead", tag("tr", head)), tag("tbody", body))
    return tag("div", table, class_="scroller", tabindex=0, role="region", aria_label=caption)


def _cells(row: Sequence[str], right: dict[int, str]) -> list[Html]:
    return [tag("td", text, class_=right.get(index)) for index, text in enumerate(row) if index]


def facts(pairs: Iterable[tuple[str, str]]) -> Html:
    """List names with their values."""
    return tag(
        "dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs), class_="facts"
    )


def fold(summary: str, *children: str) -> Html:
    """Fold details under a line that opens them."""
    return tag("details", tag("summary", summary), *children)
