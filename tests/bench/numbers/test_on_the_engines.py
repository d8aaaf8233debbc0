"""Every type of operator on both engines against the reference: borders, strides, groups, dilation."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest

from bench.device_runner import HostDevice
from bench.engines import ENGINES
from bench.numbers.check import Case, Mismatch, draw_case, find_mismatches
from lut.ops import OpSpec, Window
from lut.ops.rules import RULES
from tests.bench.numbers.chosen import FEATURES, list_chosen, list_features
from tests.lut.ops.drawn import draw_kind, draw_op

DRAWS = 16
MOST_ELEMENTS = 60_000

AVERAGES = {"Int8AveragePool", "Int8AveragePoolRelu"}


def list_ops(op_type: str, engine: str) -> list[OpSpec]:
    """Operators of a type that the engine runs: chosen ones, and drawn ones not too large for numpy."""
    ops = [op for op in list_chosen() if op.op_type == op_type]
    for number in range(DRAWS):
        random = Random(f"{op_type} {number}")
        op = draw_op(op_type, draw_kind(op_type, random), random)
        if sum(tensor.elements for tensor in op.inputs) <= MOST_ELEMENTS:
            ops.append(op)
    return [op for op in dict.fromkeys(ops) if ENGINES[engine].refusal(op) is None]


def counts_the_border(op: OpSpec) -> bool:
    """Whether QNNPACK averages what lies outside the image as zeros: a deviation that its figures keep."""
    return op.op_type in AVERAGES and not op.arg("global_pooling", 0) and any(Window.read(op).pads)


@cache
def mismatches(engine: str) -> dict[str, list[Mismatch]]:
    """All that is wrong on an engine, by operator type: one process computes all cases."""
    device = HostDevice(engine=ENGINES[engine])
    device.prepare(lambda _: None)
    cases: list[Case] = [
        draw_case(op, seed) for op_type in RULES for seed, op in enumerate(list_ops(op_type, engine))
    ]
    found: dict[str, list[Mismatch]] = {op_type: [] for op_type in RULES}
    for mismatch in find_mismatches(device, cases, silence_s=60):
        found[mismatch.op.op_type].append(mismatch)
    return found


@pytest.mark.parametrize("op_type", RULES)
@pytest.mark.parametrize("engine", ENGINES)
def test_numbers_are_right(engine: str, op_type: str) -> None:
    wrong = mismatches(engine)[op_type]
    known = [each for each in wrong if engine == "caffe2" and counts_the_border(each.op)]
    assert [each.describe() for each in wrong if each not in known] == []


def test_qnnpack_averages_what_lies_outside_as_zeros() -> None:
    wrong = {each.op for op_type in AVERAGES for each in mismatches("caffe2")[op_type]}
    padded = {op for op_type in AVERAGES for op in list_ops(op_type, "caffe2") if counts_the_border(op)}
    assert wrong == padded != set()


@pytest.mark.parametrize("engine", ENGINES)
def test_nearly_every_type_is_computed(engine: str) -> None:
    computed = {op_type for op_type in RULES if list_ops(op_type, engine)}
    assert len(computed) > 0.7 * len(RULES)


@pytest.mark.parametrize("op_type", ["Conv", "Int8Conv"])
@pytest.mark.parametrize("engine", ENGINES)
def test_convolutions_have_all_that_windows_do(engine: str, op_type: str) -> None:
    assert set().union(*map(list_features, list_ops(op_type, engine))) == FEATURES
