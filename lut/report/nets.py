"""The section on nets: what each operator adds to a net's latency, and which types take the most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lut.frontends import Memory
from lut.report.chart import Chart, plain, render_chart, series_color, series_names
from lut.report.html import Html, join, tag, tag_table
from lut.report.material import Material, NetReport
from lut.report.numbers import count, decimals, micros, percent, signed_percent
from lut.table import Estimate, Row
from lut.validation import NetComparison

__all__ = ["build"]


def build(material: Material) -> Html | None:
    """An overview of all nets, then each by itself."""
    if not material.nets:
        return None
    nets = material.nets
    series = _choose_series(nets)
    overview = _list_nets(nets, _find_measured(material))
    if len(nets) > 1:  # one net's own chart follows at once
        overview = tag("div", overview, render_chart(_draw_sums(nets, series)), class_="panels")
    return join([overview, *(_describe_net(number, net, series) for number, net in enumerate(nets))])


def _find_measured(material: Material) -> dict[str, NetComparison]:
    """Give the nets that the validation measured whole, if it held them against this very table."""
    validation = material.validation
    if validation is None or validation.table != material.main.path.name:
        return {}
    return {net.net: net for net in validation.nets if net.p50_us is not None}


def _list_nets(nets: Sequence[NetReport], measured: Mapping[str, NetComparison]) -> Html:
    """Columns that would say nothing of any net are left out."""
    columns: dict[str, list[str]] = {
        "Net": [tag("a", net.name, href=f"#{_anchor(number)}") for number, net in enumerate(nets)],
        "Sum, µs": [decimals(net.estimate.known_us) for net in nets],
    }
    whole = [measured.get(net.name) for net in nets]
    if any(whole):
        columns["Measured, µs"] = [decimals(None if each is None else each.p50_us) for each in whole]
        columns["Error"] = [
            signed_percent(None if each is None or net.estimate.total_us is None else each.error)
            for net, each in zip(nets, whole, strict=True)
        ]
    if any(net.memory for net in nets):
        columns |= _list_memory([net.memory for net in nets])
    numeric = range(1, len(columns))
    notes = [", ".join(_notes(net.estimate, each)) for net, each in zip(nets, whole, strict=True)]
    if any(notes):
        columns["Note"] = notes
    rows = zip(*columns.values(), strict=True)
    return tag_table("Sums of the operators' medians", list(columns), rows, numeric)


def _list_memory(memories: Sequence[Memory | None]) -> dict[str, list[str]]:
    kilobytes = [
        (None, None) if each is None else (each.peak_activation_bytes / 1000, each.weight_bytes / 1000)
        for each in memories
    ]
    return {
        "Peak activations, kB": [decimals(peak, 3) for peak, _ in kilobytes],
        "Weights, kB": [decimals(weights, 3) for _, weights in kilobytes],
        "Parameters": [decimals(None if each is None else each.parameters, 0) for each in memories],
    }


def _draw_sums(nets: Sequence[NetReport], series: Sequence[str]) -> Chart:
    """Draw each net's sum as one bar, made of what the types of operators take of it."""
    shares = [_sum_by_type(net.estimate) for net in nets]
    names = [plain(net.name) for net in nets]
    traces = []
    for index, label in enumerate(series):
        times = [
            sum(us for op_type, (_, us) in share.items() if _series_of(op_type, series) == label)
            for share in shares
        ]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": plain(label),
                "x": [round(us / 1000, 6) for us in times],
                "y": names,
                "marker": {"color": series_color(index, label)},
                "hovertemplate": f"{plain(label)} in %{{y}}<br><b>%{{x:,.3f}} ms</b><extra></extra>",
            }
        )
    return Chart(
        name="sums",
        label="The sum of each net, made of what each type of operator takes of it",
        caption="What each type of operator takes of a net's sum.",
        traces=traces,
        layout={
            "barmode": "stack",
            "xaxis": {"rangemode": "tozero", "ticksuffix": " ms"},
            "yaxis": {"autorange": "reversed", "showgrid": False},
            "legend": {"orientation": "h", "traceorder": "normal", "y": -0.15, "yanchor": "top"},
        },
        height=min(230 + 24 * len(nets), 520),
    )


def _choose_series(nets: Iterable[NetReport]) -> list[str]:
    """Name the operator types that have a colour of their own, the same one in every net."""
    sums: Counter[str] = Counter()
    for net in nets:
        for op_type, (_, us) in _sum_by_type(net.estimate).items():
            sums[op_type] += round(1000 * us)
    return series_names(list(sums), list(sums.values()))


def _anchor(number: int) -> str:
    return f"net-{number + 1}"


def _notes(estimate: Estimate, whole: NetComparison | None) -> Iterator[str]:
    """Tell of what makes a sum, or the measured time beside it, less than it seems."""
    if estimate.missing:
        yield f"partial: {count(_lacking(estimate), 'operator')} missing"
    elif estimate.unmapped:
        yield f"partial: {count(len(estimate.unmapped), 'node')} unmapped"
    elif estimate.predicted:
        yield f"{count(len(estimate.predicted), 'operator')} predicted"
    yield from (
        f"{percent(part.share)} {part.quality.kind}"
        for part in estimate.doubts
        if part.quality.kind != "predicted"
    )
    if whole is not None and whole.spoilt_by:
        yield "disturbed"


def _lacking(estimate: Estimate) -> int:
    return sum(1 for row in estimate.rows if row.runtime_us is None)


def _describe_net(number: int, net: NetReport, series: list[str]) -> Html:
    estimate = net.estimate
    known = len(estimate.rows) - _lacking(estimate)
    if estimate.total_us is None:
        nodes = count(len(estimate.unmapped), "node")
        without = f", without {nodes} that no operator stands for" if estimate.unmapped else ""
        text = (
            f"Partial sum of {known:,} of {len(estimate.rows):,} operators{without}: "
            f"{micros(estimate.known_us)}. This is not the net's latency."
        )
    else:
        text = f"Sum of all {len(estimate.rows):,} operators' medians: {micros(estimate.known_us)}."
    if (interval := estimate.interval_us) is not None:
        text += (
            f" {count(len(estimate.predicted), 'operator')} of it, {micros(estimate.predicted_us)}, "
            f"{'is' if len(estimate.predicted) == 1 else 'are'} predicted; as far as these are off, the sum "
            f"is within {micros(interval[0])} to {micros(interval[1])} in 9 of 10 cases."
        )
    for part in estimate.doubts:
        if part.quality.kind != "predicted":
            text += (
                f" {count(part.operators, 'operator')} of it, {percent(part.share)} of the time, "
                f"{'is' if part.operators == 1 else 'are'} {part.quality.describe()}."
            )
    chart = render_chart(_draw_waterfall(_anchor(number), net, series))
    parts = [tag("h3", net.name), tag("p", text, class_="warning" if estimate.total_us is None else None)]
    return tag("article", *parts, chart, _share_by_type(estimate), id=_anchor(number))


def _draw_waterfall(name: str, net: NetReport, series: list[str]) -> Chart:
    """Stack the operators' times in run order, each beginning where the one before it ends."""
    rows = net.estimate.rows
    starts, total = [], 0.0
    for row in rows:
        starts.append(total)
        total += row.runtime_us or 0.0
    traces: list[dict[str, Any]] = []
    for index, label in enumerate(series):
        chosen = [
            i
            for i, row in enumerate(rows)
            if _series_of(row.op.op_type, series) == label and row.runtime_us is not None
        ]
        if not chosen:
            continue
        traces.append(
            {
                "type": "bar",
                "name": plain(label),
                "x": [i + 1 for i in chosen],
                "y": [round(rows[i].runtime_us or 0.0, 3) for i in chosen],
                "base": [round(starts[i], 3) for i in chosen],
                "width": 0.9,
                "customdata": [_describe_row(rows[i], total) for i in chosen],
                "marker": {"color": series_color(index, label)},
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
    missing = [i for i, row in enumerate(rows) if row.runtime_us is None]
    if missing:
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "missing",
                "x": [i + 1 for i in missing],
                "y": [round(starts[i], 3) for i in missing],
                "customdata": [plain(rows[i].op.describe()) for i in missing],
                "marker": {"color": "--alert", "symbol": "x", "size": 9},
                "hovertemplate": "%{customdata}<br><b>not in the table</b><extra></extra>",
            }
        )
    return Chart(
        name=name,
        label=f"Waterfall of the latencies of {net.name}'s {len(rows)} operators in run order, "
        f"adding up to {decimals(total)} microseconds",
        caption="Each bar is one operator's median, on top of those that run before it."
        + (" A cross marks an operator without a time." if missing else ""),
        traces=traces,
        layout={
            "barmode": "overlay",
            "xaxis": {"title": {"text": "operator, in run order"}, "showgrid": False},
            "yaxis": {
                "title": {"text": "time since the net began, µs"},
                "rangemode": "tozero",
                "tickformat": ",d",
            },
        },
    )


def _series_of(op_type: str, series: Sequence[str]) -> str:
    return op_type if op_type in series else series[-1]


def _describe_row(row: Row, total: float) -> str:
    """Tell of an operator where the reader points at it."""
    found_as = "" if row.key == row.op.key else f" (found as {row.key.op_type})"
    share = None if row.runtime_us is None or not total else row.runtime_us / total
    time = f"<b>{micros(row.runtime_us, 3)}</b>, {percent(share)} of the sum"
    return f"{plain(row.op.describe())}{found_as}<br>{time}"


def _sum_by_type(estimate: Estimate) -> dict[str, tuple[int, float]]:
    """How many operators of each type have a time, and how long they take in microseconds."""
    sums: dict[str, tuple[int, float]] = {}
    for row in estimate.rows:
        if row.runtime_us is not None:
            operators, us = sums.get(row.op.op_type, (0, 0.0))
            sums[row.op.op_type] = operators + 1, us + row.runtime_us
    return dict(sorted(sums.items(), key=lambda item: -item[1][1]))


def _share_by_type(estimate: Estimate) -> Html:
    total = estimate.known_us
    rows: Iterable[list[str]] = (
        [
            op_type,
            f"{operators:,}",
            decimals(us),
            percent(us / total if total else None, 2),
            _bar(us / total if total else 0),
        ]
        for op_type, (operators, us) in _sum_by_type(estimate).items()
    )
    heads = ("Type", "Operators", "Time, µs", "Share", "")
    return tag_table("Share by operator type", heads, rows, (1, 2, 3))


def _bar(share: float) -> Html:
    return tag("span", class_="bar", style=f"--share:{100 * share:.2f}%", aria_hidden="true")
