"""The section on operators inside running nets: what each took there beside its row of the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lut.report.chart import Chart, log_axis, plain, render_chart, series_color, series_names
from lut.report.html import Html, join, tag, tag_table
from lut.report.material import Material
from lut.report.numbers import decimals, micros, signed_percent
from lut.validation import NetProfile

__all__ = ["build"]

_Profiles = Sequence[tuple[str, NetProfile]]


def build(material: Material) -> Html | None:
    """Draw all operators of all profiled nets, and list what each profile cost."""
    if material.validation is None:
        return None
    nets = material.validation.nets
    profiles = [(net.net, net.profile) for net in nets if net.profile is not None]
    failures = [[net.net, net.profile_failure] for net in nets if net.profile_failure is not None]
    if not profiles and not failures:
        return None
    parts = [
        tag(
            "p",
            "Each operator was timed inside the running net. Profiled runs are slower than plain ones, "
            "which alternated with them; no net's time comes from a profiled run.",
        )
    ]
    if any(each.in_net_us for _, profile in profiles for each in profile.operators):
        parts.append(render_chart(_draw(profiles)))
    if profiles:
        parts.append(_list(profiles))
    if failures:
        parts.append(tag_table("Not profiled", ("Net", "Reason"), failures))
    return join(parts)


def _draw(profiles: _Profiles) -> Chart:
    """Draw a dot for each operator that has a time in the net and in the table; logarithms have no zero."""
    shown = {
        name: [each for each in profile.operators if each.in_net_us and each.in_table_us]
        for name, profile in profiles
    }
    in_net = np.array([each.in_net_us for ops in shown.values() for each in ops], dtype=np.float64)
    in_table = np.array([each.in_table_us for ops in shown.values() for each in ops], dtype=np.float64)
    both = np.concatenate([in_net, in_table])
    ends = [float(both.min()), float(both.max())] if len(both) else []
    series = series_names(list(shown), [len(ops) for ops in shown.values()])
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "equal",
            "x": ends,
            "y": ends,
            "line": {"color": "--muted", "width": 1, "dash": "dot"},
            "hoverinfo": "skip",
        }
    ]
    for index, label in enumerate(series):
        ops = [
            (name, each)
            for name, found in shown.items()
            if (name if name in series else series[-1]) == label
            for each in found
        ]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": plain(label),
                "x": [each.in_net_us for _, each in ops],
                "y": [each.in_table_us for _, each in ops],
                "text": [
                    f"{plain(name)}: {plain(each.operator)}<br>"
                    f"in the net <b>{micros(each.in_net_us, 3)}</b>, "
                    f"in the table <b>{micros(each.in_table_us, 3)}</b>"
                    for name, each in ops
                ],
                "marker": {"color": series_color(index, label), "size": 7},
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    return Chart(
        name="operators",
        label="The time of every operator in the table against its time inside the running net",
        caption="One dot for each operator of each net. On the dotted line net and table are equal.",
        traces=traces,
        layout={"xaxis": log_axis("in the net, µs", in_net), "yaxis": log_axis("in the table, µs", in_table)},
    )


def _list(profiles: _Profiles) -> Html:
    rows = [
        [
            name,
            f"{profile.runs:,}",
            decimals(profile.plain_us),
            decimals(profile.profiled_us),
            signed_percent(profile.cost),
            decimals(profile.resolution_us, 3),
            f"{len(profile.operators):,}",
            f"{profile.unknown:,}",
            decimals(profile.unmatched_us),
        ]
        for name, profile in profiles
    ]
    heads = (
        *("Net", "Runs", "Plain run, µs", "Profiled run, µs", "Cost", "Resolution, µs", "Operators"),
        *("Unknown", "Unmatched kernels, µs"),
    )
    return tag_table("What the profiles cost, and hold", heads, rows, range(1, len(heads)))
