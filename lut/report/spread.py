"""The section on spread: how far a record's runs lie apart, and which records are marked."""

from __future__ import annotations

from typing import Any

import numpy as np

from lut.report.chart import Chart, log_axis, plain, render_chart, sample, to_list
from lut.report.columns import Columns, Floats, Indices, ratio
from lut.report.html import Html, join, tag, tag_table
from lut.report.material import Material
from lut.report.numbers import count, decimals, percent

__all__ = ["build"]

_WIDEST = 10


def build(material: Material) -> Html:
    """A sentence, a chart, the records whose runs lie furthest apart."""
    columns = material.main.columns
    spread = columns.spread
    shown = np.flatnonzero(np.isfinite(spread))
    if not len(shown):
        return tag("p", "No record has a median above zero, so no spread can be told.", class_="note")
    middle, most = (float(np.quantile(spread[shown], share)) for share in (0.5, 0.9))
    text = (
        f"From p10 to p90 a typical record's runs lie {percent(middle)} of the median apart; "
        f"nine records in ten stay within {percent(most)}."
    )
    widest = shown[np.argsort(-spread[shown], kind="stable")[:_WIDEST]]
    return join([tag("p", text), render_chart(_draw(columns, shown)), _list(columns, widest)])


def _draw(columns: Columns, shown: Indices) -> Chart:
    drawn = sample(shown, columns.marked)
    marked, plain = drawn[columns.marked[drawn]], drawn[~columns.marked[drawn]]
    traces = [
        _trace(columns, plain, columns.p90, "p90", "--series-1", "circle"),
        _trace(columns, plain, columns.p10, "p10", "--series-2", "circle"),
    ]
    if len(marked):
        traces += [
            _trace(columns, marked, columns.p90, "p90, marked", "--alert", "triangle-up"),
            _trace(columns, marked, columns.p10, "p10, marked", "--alert", "triangle-down"),
        ]
    sampled = (
        f" Drawn are {len(drawn):,} of {len(shown):,}, chosen at random" if len(drawn) < len(shown) else ""
    )
    with_marks = ", with all marked ones" if sampled and len(marked) else ""
    return Chart(
        name="spread",
        label="The 10th and 90th percentile of each record relative to its median, against the median",
        caption="Two dots for each record: its p10 and its p90, as parts of its p50."
        f"{sampled}{with_marks}{'.' if sampled else ''}"
        + (f" Triangles are the {count(len(marked), 'marked record')}." if len(marked) else ""),
        traces=traces,
        layout={
            "xaxis": log_axis("median, µs", columns.p50[drawn]),
            "yaxis": log_axis("time relative to the median", _ratios(columns, drawn)),
        },
    )


def _trace(
    columns: Columns, chosen: Indices, times: Floats, name: str, color: str, symbol: str
) -> dict[str, Any]:
    chosen = chosen[times[chosen] > 0]  # a percentile of zero has no place on a logarithmic axis
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": to_list(columns.p50[chosen], 6),
        "y": to_list(ratio(times[chosen], columns.p50[chosen])),
        "text": [plain(columns.describe(int(i))) for i in chosen],
        "marker": {
            "color": color,
            "size": 9 if "marked" in name else 5,
            "opacity": 1 if "marked" in name else 0.7,
            "symbol": symbol,
        },
        "hovertemplate": f"%{{text}}<br><b>{name[:3]} is %{{y:.3f}} of p50</b>, %{{x:,.3f}} µs"
        "<extra></extra>",
    }


def _ratios(columns: Columns, drawn: Indices) -> Floats:
    return np.concatenate([ratio(times[drawn], columns.p50[drawn]) for times in (columns.p10, columns.p90)])


def _list(columns: Columns, widest: Indices) -> Html:
    rows = (
        [
            columns.describe(int(i)),
            decimals(columns.p10[i], 3),
            decimals(columns.p50[i], 3),
            decimals(columns.p90[i], 3),
            percent(float(columns.spread[i])),
            "marked" if columns.marked[i] else "",
        ]
        for i in widest
    )
    heads = ("Operator", "p10, µs", "p50, µs", "p90, µs", "Spread", "")
    return tag_table("The widest spreads", heads, rows, range(1, 5))
