"""An estimate as text: a table for people, JSON and CSV for programs.

Each says whether the sum is whole: a partial one is labelled as such, never passed off as the net's.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from lut.frontends import Memory
from lut.ops import OpSpec, describe_value
from lut.table import Estimate, EstimatedModel, Row

__all__ = ["RENDERERS", "describe_doubts", "render_all"]


def render_all(nets: Sequence[EstimatedModel], form: str) -> str:
    """Render nets one after the other, each under its name where there are several.

    As JSON several nets are one object, whose keys are their names.
    """
    render = RENDERERS[form]
    if len(nets) == 1:
        return render(nets[0].estimate, nets[0].memory)
    if form == "json":
        return (
            json.dumps({net.name: json.loads(render(net.estimate, net.memory)) for net in nets}, indent=1)
            + "\n"
        )
    return "\n".join(f"{net.name}\n{render(net.estimate, net.memory)}" for net in nets)


def _render_table(estimate: Estimate, memory: Memory | None = None) -> str:
    return "".join(f"{line}\n" for line in _table_lines(estimate, memory))


def _table_lines(estimate: Estimate, memory: Memory | None) -> Iterator[str]:
    yield f"{'#':>4} {'P50 US':>12} {'SHARE':>6}  OPERATOR"
    for index, row in enumerate(estimate.rows):
        runtime = row.runtime_us
        if runtime is None:
            yield f"{index:>4} {'missing':>12} {'':>6}  {row.op.describe()}"
            continue
        share = runtime / estimate.known_us if estimate.known_us else 0.0
        yield f"{index:>4} {runtime:>12.3f} {share:>6.1%}  {row.op.describe()}{_remark(row)}"
    found = sum(1 for row in estimate.rows if row.runtime_us is not None)
    if estimate.predicted:
        yield (
            f"ESTIMATED, not measured: {len(estimate.predicted)} operators, {estimate.predicted_us:.3f} us, "
            f"{estimate.predicted_us / estimate.known_us:.1%} of the sum."
        )
    yield from describe_doubts(estimate, besides=("predicted",))
    if memory is not None:
        yield memory.describe()
    if estimate.total_us is None:
        without = (
            f", and none of {len(estimate.unmapped)} nodes without operators" if estimate.unmapped else ""
        )
        yield (
            f"PARTIAL sum of {found} of {len(estimate.rows)} operators{without}: {estimate.known_us:.3f} us. "
            f"This is not the net's latency."
        )
    else:
        yield f"Sum of all {len(estimate.rows)} operators' medians (p50): {estimate.total_us:.3f} us"
        yield from _spread_and_calibration(estimate)


def describe_doubts(estimate: Estimate, besides: tuple[str, ...] = ()) -> Iterator[str]:
    """Say, a line each, what part of a sum is something else than measured; see `lut.table.Quality`.

    `besides` are the kinds that are told of otherwise.
    """
    for part in estimate.doubts:
        if part.quality.kind in besides:
            continue
        word = f"{part.quality.kind.upper()}: {part.operators} operators"
        yield f"{word}, {part.runtime_us:.3f} us, {part.share:.1%} of the sum: {part.quality.cause}."


def _spread_and_calibration(estimate: Estimate) -> Iterator[str]:
    low, high = estimate.spread_us
    yield (
        f"Sum of their p10s to sum of their p90s: {low:.3f} to {high:.3f} us"
        + (", with the intervals of those estimated" if estimate.predicted else "")
        + ". This is the spread of single runs, not a confidence interval."
    )
    if (interval := estimate.interval_us) is not None:
        yield (
            f"As far as estimates are off, the sum is within {interval[0]:.3f} to {interval[1]:.3f} us in 9 "
            f"of 10 cases."
        )
    if estimate.calibration is not None:
        correction = estimate.calibration.describe()
        yield f"Calibrated for whole nets: {estimate.calibrated_us:.3f} us ({correction})"


def _remark(row: Row) -> str:
    if row.predicted is not None:
        return f" (ESTIMATED: {row.predicted.low_us:.3f} to {row.predicted.high_us:.3f} us)"
    remarks = [] if row.key == row.op.key else [f"found as {row.key.op_type}"]
    if row.quality is not None and row.quality.kind in ("marked", "incomplete"):
        remarks.append(row.quality.kind.upper())
    return f" ({', '.join(remarks)})" if remarks else ""


def _render_json(estimate: Estimate, memory: Memory | None = None) -> str:
    low, high = estimate.spread_us
    calibration = estimate.calibration
    report = {
        "statistic": "sum of medians (p50)",
        "total_us": estimate.total_us,
        "partial_us": None if estimate.total_us is not None else estimate.known_us,
        "estimated_us": estimate.predicted_us,
        "quality": [
            {
                **part.quality._asdict(),
                "operators": part.operators,
                "time_us": part.runtime_us,
                "share": part.share,
            }
            for part in estimate.qualities
        ],
        "interval_us": estimate.interval_us,
        "spread": {
            "low_us": low,
            "high_us": high,
            "meaning": "sum of p10s to sum of p90s; estimated operators count with their intervals' ends",
        },
        "calibrated_us": estimate.calibrated_us,
        "calibration": None if calibration is None else calibration.to_json(),
        "memory": None if memory is None else asdict(memory),
        "operators": [_describe_row(row) for row in estimate.rows],
        "missing": [op.key.to_json() for op in estimate.missing],
        "unmapped": [asdict(fate) for fate in estimate.unmapped],
    }
    return json.dumps(report, indent=1) + "\n"


def _describe_row(row: Row) -> dict[str, Any]:
    p10, p90 = (row.spread_us if row.records else None) or (None, None)
    return {
        **row.op.key.to_json(),
        "runtime_us_p10": p10,
        "runtime_us_p50": row.runtime_us,
        "runtime_us_p90": p90,
        "found_as": row.key.op_type if row.records else None,
        "records": len(row.records),
        "quality": None if row.quality is None else row.quality.kind,
        "estimated": None if row.predicted is None else asdict(row.predicted),
    }


def _render_csv(estimate: Estimate, _memory: Memory | None = None) -> str:
    """Render one line an operator and one for each sum; an operator without a time has an empty one."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["index", "op_type", "input_shapes", "arguments", "runtime_us_p50", "found_as", "quality"]
    )
    for index, row in enumerate(estimate.rows):
        found_as = row.key.op_type if row.records else ""
        quality = "" if row.quality is None else row.quality.kind
        shapes, arguments = _shapes_and_arguments(row.op)
        writer.writerow([index, row.op.op_type, shapes, arguments, row.runtime_us, found_as, quality])
    label = "sum" if estimate.total_us is not None else "partial sum"
    shares = " ".join(f"{part.quality.kind}={part.share:.4f}" for part in estimate.qualities)
    writer.writerow([label, "", "", "", estimate.known_us, "", shares])
    if estimate.calibrated_us is not None:
        writer.writerow(["calibrated sum", "", "", "", estimate.calibrated_us, "", ""])
    return text.getvalue()


def _shapes_and_arguments(op: OpSpec) -> tuple[str, str]:
    shapes = " ".join("x".join(map(str, tensor.shape)) for tensor in op.inputs)
    return shapes, " ".join(f"{name}={describe_value(value)}" for name, value in op.args)


class Renderer(Protocol):
    """Writes an estimate in one format, with the memory of its net where that is known."""

    def __call__(self, estimate: Estimate, memory: Memory | None = None, /) -> str:
        """Write it."""


RENDERERS: dict[str, Renderer] = {
    "table": _render_table,
    "json": _render_json,
    "csv": _render_csv,
}
