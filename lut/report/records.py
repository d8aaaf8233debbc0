"""The section with every record: a table that records.js sorts, filters, and draws row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lut.report.columns import Columns, Floats
from lut.report.html import Html, join, tag
from lut.report.material import Material
from lut.report.packing import compress, pack

__all__ = ["build"]

_HEADS = (
    ("name", "Operator", ""),
    ("p50", "p50, µs", "number"),
    ("p10", "p10, µs", "number wide"),
    ("p90", "p90, µs", "number wide"),
    ("spread", "Spread, %", "number"),
    ("macs", "Million MAC", "number wide"),
    ("rate", "GMAC/s", "number wide"),
)
_COMPARED = (
    ("name", "Operator", ""),
    ("p50", "First, µs", "number"),
    ("second", "Second, µs", "number wide"),
    ("ratio", "Ratio", "number"),
    ("spread", "Spread, %", "number wide"),
    ("rate", "GMAC/s", "number wide"),
)


def build(material: Material) -> Html:
    """The controls, an empty table, and the data that fills it."""
    columns = material.main.columns
    heads = _COMPARED if material.other else _HEADS
    data = Html(compress(pack_records(columns, _second(material))))
    return join(
        [
            _controls(columns),
            tag("p", "", id="records-count", class_="note", role="status", aria_live="polite"),
            _frame(heads, len(columns)),
            tag("script", data, type="application/octet-stream", id="records-data"),
        ]
    )


def _controls(columns: Columns) -> Html:
    options = [tag("option", "all types", value="")]
    options += [tag("option", name, value=name) for name in sorted(columns.op_types)]
    search = tag(
        "input",
        id="filter-text",
        type="search",
        placeholder="Int8Conv kernel=3 p50>100",
        autocomplete="off",
        spellcheck="false",
        aria_describedby="filter-help",
    )
    doubtful = columns.marked | columns.incomplete
    box = tag("input", id="filter-doubt", type="checkbox")
    fields = [
        tag("label", tag("span", "Filter"), search, class_="grow"),
        tag("label", tag("span", "Type"), tag("select", *options, id="filter-type")),
    ]
    if doubtful.any():
        fields.append(tag("label", box, " marked or incomplete only", class_="check"))
    fields.append(tag("button", "Clear", id="filter-clear", type="button"))
    help_text = (
        "Words must all occur in type, family, shapes or arguments. Numbers are asked for as p50>100, "
        "spread<5, macs>=10 or rate<1. The page's address keeps filter and order."
    )
    return tag(
        "form",
        tag("div", *fields, class_="fields"),
        tag("p", help_text, id="filter-help", class_="note"),
        id="filter",
        role="search",
        aria_label="Filter the records",
    )


def _frame(heads: tuple[tuple[str, str, str], ...], records: int) -> Html:
    cells = (
        tag(
            "th",
            tag("button", title, type="button", data_sort=name),
            scope="col",
            class_=kind or None,
            aria_sort="none",
        )
        for name, title, kind in heads
    )
    table = tag(
        "table",
        tag("caption", "Records", class_="unseen"),
        tag("thead", tag("tr", *cells, aria_rowindex=1)),
        tag("tbody"),
        id="records-table",
        aria_rowcount=records + 1,
    )
    return tag("div", table, id="records-view", tabindex=0, role="region", aria_label="Records")


def _second(material: Material) -> Floats | None:
    """The other table's medians in this one's order; NaN of operators it lacks."""
    if material.comparison is None:
        return None
    medians = {op.key: op.second_us for op in material.comparison.ops}
    return np.array([medians.get(record.key, np.nan) for record in material.main.table])


def pack_records(columns: Columns, second: Floats | None = None) -> bytes:
    """Pack what the table of records shows; what follows from other columns is left to the page."""
    texts = {
        "op_type": columns.op_types,
        "family": columns.families,
        "argument": columns.arguments,
        "shape": columns.shapes,
    }
    numbers: dict[str, npt.NDArray[Any]] = {
        "op_type": columns.op_type,
        "family": columns.family,
        "argument": columns.argument,
        "inputs": columns.inputs,
        "input_counts": columns.input_counts,
        "p10": columns.p10,
        "p50": columns.p50,
        "p90": columns.p90,
        "macs": columns.multiply_adds,
        "marks": columns.marked + 2 * columns.incomplete.astype(np.uint8),
    }
    return pack(len(columns), texts, numbers if second is None else numbers | {"second": second})
