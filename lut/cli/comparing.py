"""Nets side by side, a line each: for those who choose between nets."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lut.table import EstimatedModel

__all__ = ["COMPARISONS"]

_NAMED = 5
"""So many types of operators have a column of their own, those that take most in all nets together."""


@dataclass(frozen=True)
class _Line:
    """What is said of a net; `shares` are the parts of its sum by operator type, of those with a column."""

    name: str
    operators: int
    multiply_adds: int
    known_us: float
    is_whole: bool
    calibrated_us: float | None
    measured: float
    """The share of its time that was measured, with nothing that speaks against it."""
    shares: dict[str, float]


def _sum_up(nets: Sequence[EstimatedModel]) -> tuple[list[str], list[_Line]]:
    times = [_sum_by_type(net) for net in nets]
    # A small net counts as much as a large one: what matters is the part that a type has of each.
    weights: defaultdict[str, float] = defaultdict(float)
    for net, by_type in zip(nets, times, strict=True):
        for op_type, us in by_type.items():
            weights[op_type] += us / net.estimate.known_us
    names = sorted(weights, key=lambda op_type: -weights[op_type])[:_NAMED]
    lines = [
        _Line(
            net.name,
            len(net.estimate.rows),
            net.model.multiply_adds,
            net.estimate.known_us,
            net.estimate.total_us is not None,
            net.estimate.calibrated_us,
            1.0 - sum(part.share for part in net.estimate.doubts),
            {name: by_type.get(name, 0.0) / (net.estimate.known_us or 1.0) for name in names},
        )
        for net, by_type in zip(nets, times, strict=True)
    ]
    return names, lines


def _sum_by_type(net: EstimatedModel) -> dict[str, float]:
    """Sum the times of a net's operators by type; nothing where none has a time."""
    times: defaultdict[str, float] = defaultdict(float)
    if net.estimate.known_us:
        for row in net.estimate.rows:
            times[row.op.op_type] += row.runtime_us or 0.0
    return times


def _render_table(nets: Sequence[EstimatedModel]) -> str:
    names, lines = _sum_up(nets)
    width = max(len("NET"), *(len(line.name) for line in lines))
    sizes = [max(len(name), 6) for name in names]
    titles = " ".join(f"{name:>{size}}" for name, size in zip(names, sizes, strict=True))
    calibrated = any(line.calibrated_us is not None for line in lines)
    extra = f" {'CALIBRATED':>12}" if calibrated else ""
    doubted = any(round(line.measured, 4) < 1 for line in lines)
    extra += f" {'MEASURED':>8}" if doubted else ""
    text = [f"{'NET':<{width}} {'OPS':>4} {'M MULTIPLY-ADDS':>15} {'ESTIMATE US':>12}{extra} {titles}  OTHER"]
    for line in lines:
        shares = " ".join(f"{line.shares[name]:>{size}.1%}" for name, size in zip(names, sizes, strict=True))
        other = max(0.0, 1 - sum(line.shares.values())) if line.known_us else 0.0
        mark = "" if line.is_whole else "  PARTIAL"
        extra = f" {line.calibrated_us or 0:>12.3f}" if calibrated else ""
        extra += f" {line.measured:>8.1%}" if doubted else ""
        text.append(
            f"{line.name:<{width}} {line.operators:>4} {line.multiply_adds / 1e6:>15,.1f} "
            f"{line.known_us:>12.3f}{extra} {shares} {other:>6.1%}{mark}"
        )
    if doubted:
        text.append(
            "MEASURED: the share of the sum that was measured, in one way and undisturbed; `lut estimate` "
            "without --compare tells what the rest is."
        )
    if not all(line.is_whole for line in lines):
        text.append("PARTIAL: the sum lacks operators, and is not the net's latency.")
    return "".join(f"{line}\n" for line in text)


def _to_json(line: _Line) -> dict[str, Any]:
    return {
        "net": line.name,
        "operators": line.operators,
        "multiply_adds": line.multiply_adds,
        "total_us": line.known_us if line.is_whole else None,
        "partial_us": None if line.is_whole else line.known_us,
        "calibrated_us": line.calibrated_us,
        "measured_share": line.measured,
        "shares": line.shares,
    }


def _render_json(nets: Sequence[EstimatedModel]) -> str:
    return json.dumps([_to_json(line) for line in _sum_up(nets)[1]], indent=1) + "\n"


def _render_csv(nets: Sequence[EstimatedModel]) -> str:
    names, lines = _sum_up(nets)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "net",
            "operators",
            "multiply_adds",
            "total_us",
            "partial_us",
            "calibrated_us",
            "measured_share",
            *names,
        ]
    )
    for line in lines:
        fields = _to_json(line)
        del fields["shares"]
        writer.writerow([*fields.values(), *(line.shares[name] for name in names)])
    return text.getvalue()


COMPARISONS: dict[str, Callable[[Sequence[EstimatedModel]], str]] = {
    "table": _render_table,
    "json": _render_json,
    "csv": _render_csv,
}
