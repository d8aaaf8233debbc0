"""The section on throughput: multiply-adds a second against size and against what must be moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lut.report.chart import (
    OTHERS,
    Chart,
    log_axis,
    plain,
    render_chart,
    sample,
    series_color,
    series_names,
    to_list,
)
from lut.report.columns import Columns, Floats, Indices, ratio
from lut.report.html import Html, join, tag, tag_table
from lut.report.material import Material
from lut.report.numbers import count, significant

__all__ = ["build"]


def build(material: Material) -> Html:
    """Two charts and the figures of each family."""
    columns = material.main.columns
    shown = np.flatnonzero(np.isfinite(columns.gmacs))
    parts = [
        tag(
            "p",
            "A multiply-add is one multiplication with accumulation; bytes are those of all inputs and "
            "outputs, each counted once. Times are medians.",
        )
    ]
    if len(shown):
        points = sample(shown, np.zeros(len(columns), np.bool_))
        parts += [render_chart(_by_size(columns, points, len(shown)))]
        parts += [render_chart(_by_intensity(columns, points, len(shown)))]
    else:
        parts.append(tag("p", "No operator of the table makes multiply-adds.", class_="note"))
    return join([*parts, _list_families(columns)])


def _caption(drawn: int, shown: int, records: int) -> str:
    sampled = f" Drawn are {drawn:,} of {shown:,}, chosen at random." if drawn < shown else ""
    without = (
        f" Left out: {count(records - shown, 'record')} without multiply-adds." if records > shown else ""
    )
    return f"One dot for each operator.{sampled}{without}"


def _by_size(columns: Columns, points: Indices, shown: int) -> Chart:
    return Chart(
        name="throughput-size",
        label="Achieved multiply-adds a second against the operator's size, by family",
        caption=_caption(len(points), shown, len(columns)),
        traces=_traces(columns, points, columns.multiply_adds, "%{x:.3s} multiply-adds"),
        layout={
            "xaxis": log_axis("size, multiply-adds", columns.multiply_adds[points]),
            "yaxis": log_axis("throughput, GMAC/s", columns.gmacs[points]),
        },
        height=480,
    )


def _by_intensity(columns: Columns, points: Indices, shown: int) -> Chart:
    intensity = ratio(columns.multiply_adds, columns.bytes_moved)
    return Chart(
        name="throughput-intensity",
        label="Achieved multiply-adds a second against multiply-adds for each byte moved, by family",
        caption="To the left operators wait for memory, to the right for arithmetic: the dots' upper edge "
        "is this device's roofline. " + _caption(len(points), shown, len(columns)),
        traces=_traces(columns, points, intensity, "%{x:.3g} MAC/byte"),
        layout={
            "xaxis": log_axis("intensity, MAC/byte", intensity[points]),
            "yaxis": log_axis("throughput, GMAC/s", columns.gmacs[points]),
        },
        height=480,
    )


def _traces(columns: Columns, points: Indices, x: Floats, words: str) -> list[dict[str, Any]]:
    sizes = np.bincount(columns.family[points], minlength=len(columns.families))
    met = [family for family, size in zip(columns.families, sizes, strict=True) if size]
    series = series_names(met, [int(size) for size in sizes if size])
    place = {family: series.index(family) if family in series else series.index(OTHERS) for family in met}
    traces = []
    for index, name in enumerate(series):
        members = [number for number, family in enumerate(columns.families) if place.get(family) == index]
        chosen = points[np.isin(columns.family[points], members)]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": plain(name),
                "x": to_list(x[chosen]),
                "y": to_list(columns.gmacs[chosen]),
                "text": [plain(columns.describe(int(i))) for i in chosen],
                "customdata": to_list(columns.p50[chosen], 6),
                "marker": {"color": series_color(index, name), "size": 6, "opacity": 0.75},
                "hovertemplate": f"%{{text}}<br><b>%{{y:.3g}} GMAC/s</b>, {words}, %{{customdata:,.3f}} µs"
                "<extra></extra>",
            }
        )
    return traces


def _list_families(columns: Columns) -> Html:
    moved = ratio(columns.bytes_moved, 1e3 * columns.p50)
    rows = []
    for number in np.argsort(np.array(columns.families)):
        members = columns.family == number
        gmacs, gigabytes = columns.gmacs[members], moved[members]
        rows.append(
            [
                columns.families[number],
                f"{int(members.sum()):,}",
                significant(_median(columns.p50[members])),
                significant(_median(gmacs)),
                significant(float(np.nanmax(gmacs)) if np.isfinite(gmacs).any() else None),
                significant(_median(gigabytes)),
            ]
        )
    heads = ("Family", "Records", "Median, µs", "Median, GMAC/s", "Best, GMAC/s", "Median, GB/s")
    return tag_table("Families of operators", heads, rows, range(1, 6))


def _median(values: npt.NDArray[np.float64]) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None
