"""The section on whole nets: the table's sums beside what the device took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lut.drift import describe_change
from lut.entries import CAUSES
from lut.report.chart import Chart, plain, render_chart
from lut.report.html import Html, facts, join, tag, tag_table
from lut.report.material import Material
from lut.report.numbers import count, decimals, micros, moment, percent, signed_percent
from lut.validation import (
    DEVICE_CHANGED,
    ErrorSummary,
    NetComparison,
    Validation,
    choose_error,
    name_corrections,
)

__all__ = ["build"]

_DISTURBED = "disturbed"


def build(material: Material) -> Html | None:
    """Figures over all nets, a chart, each net's figures."""
    validation = material.validation
    if validation is None:
        return None
    parts = [
        tag(
            "p",
            "The estimate is the sum of the operators' medians; the measurement is the whole net, timed on "
            "the same device. The error is estimate / measured median less 1: below zero where the table "
            "says too little.",
        ),
        *(tag("p", sentence) for sentence in choose_error(validation)),
    ]
    if validation.table != material.main.path.name:
        parts.append(
            tag(
                "p",
                f"These nets were held against {validation.table}, which is not the table of this report.",
                class_="warning",
            )
        )
    if validation.device_changed:
        parts.append(tag("p", DEVICE_CHANGED, class_="warning"))
    if validation.measured:
        charts = (render_chart(_draw(validation)), render_chart(_draw_errors(validation)))
        parts.append(tag("div", *charts, class_="panels"))
    if validation.judged:
        parts.append(_list(validation))
    if validation.disturbed:
        marks = (
            [net.net, decimals(net.p50_us), decimals(net.estimate_us), CAUSES[net.spoilt_by or ""]]
            for net in validation.disturbed
        )
        parts.append(
            tag_table(
                "Disturbed, and left out of all other figures",
                ("Net", "Measured p50, µs", "Estimate, µs", "Cause"),
                marks,
                range(1, 3),
            )
        )
    if validation.failed:
        rows = ([net.net, net.failure or ""] for net in validation.failed)
        parts.append(tag_table("Not measured", ("Net", "Reason"), rows))
    parts.append(_sum_up(validation))
    return join(parts)


def _sum_up(validation: Validation) -> Html:
    return facts(
        [
            ("Device", validation.device),
            ("Table", validation.table),
            ("Begun", moment(validation.started)),
            ("Nets", f"{len(validation.nets):,}"),
            *_summarise("Sums", validation.summary),
            *_describe_drift(validation),
            *_describe_gaps(validation),
            *_summarise(f"Sums net of {name_corrections(validation)}", validation.summary_net_of_drift),
            *_summarise(
                "Sums whose operators neither scatter nor change",
                validation.summary_of_steady if validation.steady != validation.judged else None,
            ),
            *_summarise("Calibrated, left out", validation.left_out_summary),
        ]
    )


def _describe_drift(validation: Validation) -> list[tuple[str, str]]:
    drifts = ((validation.drift_before, "before the nets"), (validation.drift_after, "after"))
    said = [f"{describe_change(drift.factor)} {when}" for drift, when in drifts if drift is not None]
    return [("Device since the table", ", ".join(said))] if said else []


def _describe_gaps(validation: Validation) -> list[tuple[str, str]]:
    gaps = validation.gaps
    return [] if gaps is None else [("Gaps in a net's run, at most", percent(gaps))]


def _summarise(name: str, summary: ErrorSummary | None) -> list[tuple[str, str]]:
    if summary is None:
        return []
    return [(f"{name}: median error", percent(summary.median)), (f"{name}: largest", percent(summary.worst))]


def _draw(validation: Validation) -> Chart:
    nets, disturbed = validation.judged, [net for net in validation.measured if net.spoilt_by]
    most = max(max(net.p90_us or 0.0, net.estimate_us) for net in validation.measured)
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "equal",
            "x": [0, most],
            "y": [0, most],
            "line": {"color": "--muted", "width": 1, "dash": "dot"},
            "hoverinfo": "skip",
        },
        _points("estimate", nets, [net.estimate_us for net in nets], "--series-1", "circle"),
    ]
    if disturbed:
        sums = [net.estimate_us for net in disturbed]
        traces.append(_points(_DISTURBED, disturbed, sums, "--series-other", "circle"))
    fit = ""
    fitted = [net for net in nets if net.left_out_us is not None]
    if fitted:
        fit = " Calibrated estimates are of nets left out of the fit."
        sums = [net.left_out_us or 0.0 for net in fitted]
        traces.append(_points("calibrated", fitted, sums, "--series-2", "diamond"))
    return Chart(
        name="validation",
        label="Estimated latency against measured latency, net by net",
        caption="One dot for each net; whiskers reach from p10 to p90 of its runs. On the dotted line "
        "estimate and measurement are equal." + fit,
        traces=traces,
        layout={
            "xaxis": {"title": {"text": "measured, µs"}, "rangemode": "tozero", "tickformat": ",d"},
            "yaxis": {"title": {"text": "estimated, µs"}, "rangemode": "tozero", "tickformat": ",d"},
        },
    )


def _draw_errors(validation: Validation) -> Chart:
    nets = validation.by_time
    errors = [100 * (net.error or 0.0) for net in nets]
    low, high = min(0.0, *errors), max(0.0, *errors)
    room = 0.25 * (high - low) or 1.0  # for the figures at the ends of the bars
    traces: list[dict[str, Any]] = []
    for name, color, disturbed in (("error", "--series-1", False), (_DISTURBED, "--series-other", True)):
        chosen = [net for net in nets if bool(net.spoilt_by) is disturbed]
        if chosen:
            traces.append(
                {
                    "type": "bar",
                    "orientation": "h",
                    "name": name,
                    "x": [round(100 * (net.error or 0.0), 3) for net in chosen],
                    "y": [plain(net.net) for net in chosen],
                    "text": [signed_percent(net.error) for net in chosen],
                    "textposition": "outside",
                    "marker": {"color": color},
                    "hovertemplate": "%{y}<br>error <b>%{text}</b><extra></extra>",
                }
            )
    return Chart(
        name="validation-errors",
        label="The error of each net's estimate, in per cent",
        caption="The error of each net, from the quickest to the slowest.",
        traces=traces,
        layout={
            "xaxis": {"title": {"text": "error, %"}, "range": [low - room, high + room]},
            "yaxis": {
                "categoryorder": "array",
                "categoryarray": [plain(net.net) for net in nets],
                "autorange": "reversed",
                "showgrid": False,
            },
            "showlegend": len(traces) > 1,
        },
        height=max(400, 130 + 24 * len(nets)),
    )


def _points(
    name: str, nets: Sequence[NetComparison], sums: list[float], color: str, symbol: str
) -> dict[str, Any]:
    measured = [net.p50_us or 0.0 for net in nets]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": measured,
        "y": sums,
        "text": [plain(net.net) for net in nets],
        "marker": {"color": color, "size": 9, "symbol": symbol},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [(net.p90_us or 0.0) - time for net, time in zip(nets, measured, strict=True)],
            "arrayminus": [time - (net.p10_us or 0.0) for net, time in zip(nets, measured, strict=True)],
            "color": color,
            "thickness": 1,
            "width": 3,
        },
        "hovertemplate": "%{text}<br>measured <b>%{x:,.0f} µs</b>, estimated <b>%{y:,.0f} µs</b>"
        "<extra></extra>",
    }


def _list(validation: Validation) -> Html:
    nets = validation.judged
    drifted = validation.drift is not None
    calibrated = any(net.left_out_us is not None for net in nets)
    rows = [
        [
            net.net,
            f"{net.operators:,}",
            decimals(net.p50_us),
            f"{decimals(net.p10_us)} to {decimals(net.p90_us)}",
            decimals(net.estimate_us),
            signed_percent(net.error),
            *([signed_percent(validation.net_of_drift(net))] if drifted else []),
            *([signed_percent(validation.judge_left_out(net))] if calibrated else []),
            ", ".join(_remarks(validation, net)),
        ]
        for net in nets
    ]
    heads = ["Net", "Operators", "Measured p50, µs", "p10 to p90, µs", "Estimate, µs", "Error"]
    heads += [*(["Net of drift"] if drifted else []), *(["Calibrated"] if calibrated else []), ""]
    return tag_table(f"Errors of {count(len(nets), 'net')}", heads, rows, range(1, len(heads) - 1))


def _remarks(validation: Validation, net: NetComparison) -> Iterator[str]:
    """Say what makes a sum less certain."""
    if net.interpolated_us:
        yield f"{micros(net.interpolated_us)} interpolated"
    if validation.is_scattered(net):
        yield f"operators scatter by {percent(net.scatter)}"
    if validation.is_unrepeated(net):
        yield f"operators take {signed_percent(validation.change_when_repeated(net))} when measured again"
