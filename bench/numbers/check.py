"""Holding what a device computes against what should come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.device_runner import Device, run_values
from bench.engines import SCALE, Values
from bench.numbers.reference import compute, limit_domain
from lut.ops import FLOAT, UINT8, OpSpec, count_activations, infer_outputs

__all__ = ["Case", "Mismatch", "draw_case", "find_mismatches"]

_STEPS = 2.5
"""8-bit results may be off by so many steps: engines round within and at the end."""

_SHARE = 1e-3
"""Results of floats may be off by this share of themselves, or of 1: fast convolutions are less accurate."""

_WIDE = 4.0
"""Floats of operators without weights are drawn from this range, beyond what activations bend at."""


@dataclass(frozen=True, eq=False)
class Case:
    """An operator, real values for its inputs, and what comes out of them."""

    op: OpSpec
    values: tuple[Values, ...]
    expected: Values


@dataclass(frozen=True)
class Mismatch:
    """An operator whose numbers are wrong, or that failed; `got` is None then, and `reason` says why."""

    op: OpSpec
    expected: float
    got: float | None
    reason: str = ""

    def describe(self) -> str:
        """Say in one line what is wrong."""
        if self.got is None:
            return f"{self.op.describe()}: {self.reason}"
        return f"{self.op.describe()}: {self.got:.4g} where {self.expected:.4g} is right"


def draw_case(op: OpSpec, seed: int = 0) -> Case:
    """Draw values for an operator's inputs, such that 8-bit results seldom reach the ends of their range."""
    random = np.random.default_rng(seed)
    activations = count_activations(op)
    values: list[Values] = []
    for index, tensor in enumerate(op.inputs):
        reach = 1.0 / activations
        if index < activations and tensor.dtype == FLOAT and activations == len(op.inputs) == 1:
            reach = _WIDE if op.op_type != "Int8Quantize" else 1.0
        elif index >= activations and len(tensor.shape) > 1:
            reach = min(1.0, 1.5 / (tensor.elements / tensor.shape[0]) ** 0.5)
        elif index >= activations:
            reach = 0.25
        levels = max(1, int(reach / SCALE))
        whole = random.integers(-levels, levels, tensor.shape).astype(np.float64)
        values.append(limit_domain(op, index, whole * SCALE))
    return Case(op, tuple(values), compute(op, values))


def find_mismatches(
    device: Device,
    cases: Sequence[Case],
    silence_s: float,
    announce: Callable[[str], None] = lambda _: None,
) -> list[Mismatch]:
    """Run cases on a device, and give those that come out wrong.

    Args:
        device: prepared by `prepare`.
        cases: of operators that its engine runs, each once.
        silence_s: how long the program may print nothing.
        announce: hears what a device that was lost is waited for.

    Raises:
        DeviceError: the program can't be run.
    """
    engine = device.engine
    nets = [engine.lower(case.op, case.values) for case in cases]
    results = run_values(device, nets, silence_s, announce)
    found = []
    for case in cases:
        result = results.get(case.op.id)
        if not isinstance(result, tuple):
            found.append(Mismatch(case.op, 0.0, None, result or "the program ended before it"))
            continue
        mismatch = _compare(case, engine.read_output(case.op, result[0]))
        if mismatch is not None:
            found.append(mismatch)
    return found


def _compare(case: Case, got: Values) -> Mismatch | None:
    expected = case.expected
    if infer_outputs(case.op)[0].dtype == UINT8:
        allowed: Values | float = _STEPS * SCALE
        expected = expected.clip(-1, 1 - SCALE)
    else:
        allowed = _SHARE * np.maximum(1, np.abs(expected))
    off = np.where(np.isnan(got), np.inf, np.abs(got - expected) - allowed).ravel()
    worst = int(off.argmax())
    if off[worst] <= 0:
        return None
    return Mismatch(case.op, float(expected.ravel()[worst]), float(got.ravel()[worst]))
