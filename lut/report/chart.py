"""Charts as data: what plotly.js draws in the page once the reader scrolls to it.

A colour is the name of a variable of report.css, such as `--series-1`: the page resolves it for the light
or dark theme it shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from lut.report.html import Html, embed_json, tag

__all__ = [
    "MOST_POINTS",
    "OTHERS",
    "Chart",
    "log_axis",
    "plain",
    "render_chart",
    "sample",
    "series_color",
    "series_names",
    "to_list",
]

MOST_POINTS = 4000
"""A chart of more points is slow to draw and says no more: the rest is left out, and the caption tells."""

SERIES = 8
"""How many colours report.css holds; further series are drawn together, in grey."""

OTHERS = "others"


@dataclass(frozen=True)
class Chart:
    """Traces and layout as plotly.js takes them, with words for who can't see them.

    `name` is unique in a page. `height` is in CSS pixels.
    """

    name: str
    label: str
    caption: str
    traces: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any] = field(default_factory=dict)
    height: int = 400


def render_chart(chart: Chart) -> Html:
    """Make the figure: an empty box of the chart's size, its caption, its data."""
    box = tag(
        "div",
        class_="chart",
        role="img",
        aria_label=chart.label,
        data_chart=chart.name,
        style=f"height:{chart.height}px",
    )
    data = embed_json({"data": chart.traces, "layout": chart.layout}, id=f"chart-{chart.name}")
    return tag("figure", box, tag("figcaption", chart.caption), data)


def sample(
    among: npt.NDArray[np.intp], keep: npt.NDArray[np.bool_], most: int = MOST_POINTS
) -> npt.NDArray[np.intp]:
    """Choose at most `most` of the indices, the same ones every time, and all of those to keep."""
    kept, rest = among[keep[among]], among[~keep[among]]
    room = max(most - len(kept), 0)
    if len(rest) > room:
        rest = np.random.default_rng(0).choice(rest, room, replace=False)
    return np.sort(np.concatenate([kept, rest]))


def series_names(names: Sequence[str], counts: Sequence[int]) -> list[str]:
    """Name the series a chart has room for: the names with the largest counts, then `OTHERS` if needed."""
    ranked = [name for _, name in sorted((-count, name) for name, count in zip(names, counts, strict=True))]
    return ranked if len(ranked) <= SERIES else [*ranked[: SERIES - 1], OTHERS]


def series_color(index: int, name: str) -> str:
    """Give a series its colour."""
    return "--series-other" if name == OTHERS else f"--series-{index + 1}"


def log_axis(title: str, values: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Make a logarithmic axis whose ticks are whole numbers to read, not digits between powers of ten.

    Over less than a decade plotly's own ticks are the better ones; over many, powers of ten are enough.
    """
    axis: dict[str, Any] = {"type": "log", "title": {"text": title}, "exponentformat": "none"}
    positive = values[np.isfinite(values) & (values > 0)]
    if not len(positive):
        return axis
    low, high = math.log10(float(positive.min())), math.log10(float(positive.max()))
    if high - low < 1:
        return axis
    decades = range(math.floor(low) - 1, math.ceil(high) + 2)
    ticks = [digit * 10.0**decade for decade in decades for digit in ((1, 2, 5) if high - low < 3 else (1,))]
    return axis | {"tickvals": ticks, "ticktext": [_format_tick(tick) for tick in ticks]}


def _format_tick(value: float) -> str:
    for least, unit, name in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e5, 1e3, "k")):
        if value >= least:
            return f"{value / unit:,.0f} {name}"
    return f"{value:,.0f}" if value >= 1 else f"{value:.10f}".rstrip("0")


def plain(text: str) -> str:
    """Escape a text: plotly.js reads names and labels as a little HTML."""
    return escape(text, quote=False)


def to_list(values: npt.NDArray[Any], digits: int = 5) -> list[float]:
    """Round to significant digits: a chart shows no more, and the page stays small."""
    return [float(f"{value:.{digits}g}") for value in values.tolist()]
