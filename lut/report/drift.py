"""The section on drift: how the device changed while it measured."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from lut.report.chart import Chart, render_chart, to_list
from lut.report.columns import Floats, Indices
from lut.report.html import Html, join, tag
from lut.report.material import Material
from lut.report.numbers import count, percent
from lut.report.runs import Run

__all__ = ["build"]

_GROUPS = 300
"""A line of more points than the window has pixels says no more."""

_PHASES = 200

_TRACK, _TITLE, _MARGINS = 150, 26, 76
"""Heights in CSS pixels: of a track with its title, of the title, of what is around all tracks."""


@dataclass(frozen=True, eq=False)
class _Track:
    """One quantity over the run; `band` is whether its p10 to p90 is drawn too."""

    name: str
    unit: str
    values: Floats
    color: str
    band: bool = False

    @property
    def is_told(self) -> bool:
        return bool(np.isfinite(self.values).any())


def build(material: Material) -> Html | None:
    """A chart for each journal."""
    if not material.runs:
        return None
    text = (
        "An operator is visited several times, far apart in the run. A device that does not change takes the "
        "same time each time; one that heats up, or has other work to do, does not. The canary is one "
        "operator that is timed again and again to show just that."
    )
    return join([tag("p", text), *(_describe(number, run) for number, run in enumerate(material.runs, 1))])


def _describe(number: int, run: Run) -> Html:
    visits = len(run.relative)
    tracks = [
        _Track("operators", "relative to their own medians", run.relative, "--series-1", band=True),
        _Track("canary", "µs", run.canary_us, "--series-2"),
        _Track("temperature", "°C", run.celsius, "--series-4"),
        _Track("clock", "MHz", run.khz / 1000, "--series-3"),
    ]
    told = [track for track in tracks if track.is_told]
    sentences = [f"{count(visits, 'visit')}."]
    untold = [track.name for track in tracks if not track.is_told]
    if untold:
        sentences.append(f"This journal does not tell of: {', '.join(untold)}.")
    if np.isfinite(run.canary_us).any():
        low, high = np.nanmin(run.canary_us), np.nanmax(run.canary_us)
        sentences.append(
            f"The slowest canary took {percent(float(high / low - 1))} longer than the quickest."
        )
    sentences += run.disturbances.describe()
    chart = render_chart(_draw(number, run, told))
    return tag("article", tag("h3", run.path.name), tag("p", " ".join(sentences)), chart)


def _draw(number: int, run: Run, tracks: list[_Track]) -> Chart:
    visits = len(run.relative)
    groups = np.array_split(np.arange(visits), min(visits, _GROUPS))
    x = [round(float(group.mean()) + 1, 1) for group in groups]
    titles: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "annotations": titles,
        "xaxis": {"title": {"text": "visit, in run order"}, "anchor": "free", "position": 0},
        "showlegend": False,
        "shapes": _shade(run.spoilt),
        "hovermode": "x",
    }
    traces: list[dict[str, Any]] = []
    step, title = 1 / len(tracks), _TITLE / len(tracks) / _TRACK
    for index, track in enumerate(tracks):
        axis = "y" if index == 0 else f"y{index + 1}"
        bottom, top = 1 - (index + 1) * step, 1 - index * step - title
        gap = 0 if index == len(tracks) - 1 else title / 2
        layout[f"yaxis{axis[1:]}"] = {"domain": [round(bottom + gap, 4), round(top, 4)]}
        titles.append(
            {
                "text": f"{track.name}, {track.unit}",
                "xref": "paper",
                "yref": "paper",
                "x": 0,
                "y": round(top, 4),
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
            }
        )
        traces += _trace(track, axis, x, groups)
    grouped = (
        f" Each point is the median of about {visits // len(groups):,} visits" if len(groups) < visits else ""
    )
    band = "; the band is from p10 to p90" if grouped else ""
    return Chart(
        name=f"drift-{number}",
        label=f"{', '.join(track.name for track in tracks)} over the run of {run.path.name}",
        caption="The run from its first visit to its last."
        f"{grouped}{band}{'.' if grouped else ''}"
        + (" Shaded: visits that were disturbed." if len(run.spoilt) else ""),
        traces=traces,
        layout=layout,
        height=_MARGINS + _TRACK * len(tracks),
    )


def _trace(track: _Track, axis: str, x: list[float], groups: list[Indices]) -> list[dict[str, Any]]:
    parts = [track.values[group] for group in groups]
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": track.name,
        "x": x,
        "y": _quantiles(parts, 0.5),
        "yaxis": axis,
        "line": {"color": track.color, "width": 2},
        "connectgaps": False,
        "hovertemplate": f"%{{y:,.4g}} {track.unit}<extra>{track.name}</extra>",
    }
    if not track.band or max(map(len, parts)) < 2:
        return [line]
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "yaxis": axis,
        "line": {"width": 0},
        "hoverinfo": "skip",
    }
    return [
        {**edge, "y": _quantiles(parts, 0.1)},
        {**edge, "y": _quantiles(parts, 0.9), "fill": "tonexty", "fillcolor": "--band"},
        line,
    ]


def _quantiles(parts: list[Floats], share: float) -> list[float | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a group in which nothing was told is a gap
        values = np.array([np.nanquantile(part, share) for part in parts])
    return [value if np.isfinite(value) else None for value in to_list(values)]


def _shade(spoilt: Indices) -> list[dict[str, Any]]:
    """Shade the phases behind all tracks, the longest ones where there are too many to see."""
    if not len(spoilt):
        return []
    phases = np.split(spoilt, np.flatnonzero(np.diff(spoilt) > 1) + 1)
    longest = sorted(phases, key=len, reverse=True)[:_PHASES]
    return [
        {
            "type": "rect",
            "layer": "below",
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "x0": int(phase[0]) + 0.5,
            "x1": int(phase[-1]) + 1.5,
            "line": {"width": 0},
            "fillcolor": "--shade",
        }
        for phase in longest
    ]
