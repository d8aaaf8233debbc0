"""The section on two tables: the ratios of what both hold, family by family, and the exceptions."""

from __future__ import annotations

from typing import Any

import numpy as np

from lut.report.chart import MOST_POINTS, Chart, log_axis, plain, render_chart, to_list
from lut.report.html import Html, facts, fold, join, tag, tag_table
from lut.report.material import Material
from lut.report.numbers import decimals, percent
from lut.table import Comparison, OpRatio

__all__ = ["build"]

_OUTLIERS = 20
_ONLY = 200


def build(material: Material) -> Html | None:
    """Ratios by family, a chart of all operators, outliers, and what only one table holds."""
    other, comparison = material.other, material.comparison
    if other is None or comparison is None:
        return None
    first, second = material.main, other
    parts = [
        tag(
            "p",
            "A ratio is the second table's median over the first's: 2 means that the second takes twice the "
            "time. The sections below on throughput and spread are of the first table.",
        ),
        facts(
            [
                ("First", f"{first.path.name}: {first.device}"),
                ("Second", f"{second.path.name}: {second.device}"),
                ("Operators in both", f"{len(comparison.ops):,}"),
                ("Median ratio", decimals(comparison.median_ratio, 3)),
                ("Median difference without that ratio", percent(comparison.difference(0.5))),
                ("Spearman's rank correlation", decimals(comparison.rank_correlation, 3)),
                ("Only in the first", f"{len(comparison.only_first):,}"),
                ("Only in the second", f"{len(comparison.only_second):,}"),
            ]
        ),
    ]
    if comparison.ops:
        parts += [render_chart(_draw(comparison)), _list_families(comparison), _list_outliers(comparison)]
    else:
        parts.append(tag("p", "No operator has a time in both tables.", class_="warning"))
    for name, keys in (("first", comparison.only_first), ("second", comparison.only_second)):
        if keys:
            summary = f"Only in the {name}: {len(keys):,}"
            rows = ([key.describe()] for key in keys[:_ONLY])
            rest = len(keys) - _ONLY
            more = (
                [tag("p", f"and {rest:,} more; lut diff --json names them all.", class_="note")]
                if rest > 0
                else []
            )
            parts.append(fold(summary, tag_table(summary, ("Operator",), rows), *more))
    return join(parts)


def _list_families(comparison: Comparison) -> Html:
    rows = (
        [
            family.family,
            f"{family.operators:,}",
            *(decimals(v, 3) for v in (family.p10, family.median, family.p90)),
        ]
        for family in comparison.families
    )
    heads = ("Family", "Operators", "p10", "Median", "p90")
    return tag_table("Ratios by family, second / first", heads, rows, range(1, 5))


def _list_outliers(comparison: Comparison) -> Html:
    rows = (
        [
            op.key.describe(),
            decimals(op.first_us, 3),
            decimals(op.second_us, 3),
            decimals(op.ratio, 3),
            decimals(op.from_family, 3),
        ]
        for op in comparison.ops[:_OUTLIERS]
    )
    heads = ("Operator", "First, µs", "Second, µs", "Ratio", "Of its family's")
    return tag_table("Outliers: ratios far from the family's median", heads, rows, range(1, 5))


def _draw(comparison: Comparison) -> Chart:
    ops = _choose(comparison.ops)
    outliers = {op.key for op in comparison.ops[:_OUTLIERS]}
    sampled = (
        f" Drawn are {len(ops):,} of {len(comparison.ops):,}, chosen at random"
        if len(ops) < len(comparison.ops)
        else ""
    )
    return Chart(
        name="comparison",
        label="Ratio of the second table's time to the first's, against the first's, operator by operator",
        caption="One dot for each operator in both tables; "
        f"triangles are the {len(outliers):,} largest outliers."
        + (f"{sampled}, with all of those." if sampled else ""),
        traces=[
            _trace("operators", [op for op in ops if op.key not in outliers], "--series-1", "circle"),
            _trace("outliers", [op for op in ops if op.key in outliers], "--alert", "triangle-up"),
        ],
        layout={
            "xaxis": log_axis("first table's median, µs", np.array([op.first_us for op in ops])),
            "yaxis": log_axis("second / first", np.array([op.ratio for op in ops])),
        },
    )


def _choose(ops: tuple[OpRatio, ...]) -> list[OpRatio]:
    """Take the outliers, which come first, and a sample of the others."""
    if len(ops) <= MOST_POINTS:
        return list(ops)
    rest = np.random.default_rng(0).choice(len(ops) - _OUTLIERS, MOST_POINTS - _OUTLIERS, replace=False)
    return [*ops[:_OUTLIERS], *(ops[_OUTLIERS + int(i)] for i in np.sort(rest))]


def _trace(name: str, ops: list[OpRatio], color: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": to_list(np.array([op.first_us for op in ops]), 6),
        "y": to_list(np.array([op.ratio for op in ops])),
        "text": [plain(op.key.describe()) for op in ops],
        "marker": {"color": color, "size": 9 if name == "outliers" else 5, "opacity": 0.7, "symbol": symbol},
        "hovertemplate": "%{text}<br><b>%{y:.3f}</b>, first %{x:,.3f} µs<extra></extra>",
    }
