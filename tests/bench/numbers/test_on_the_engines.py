"""Every type of operator on both engines against the reference: borders, strides, groups, dilation."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest

from bench.device_runner import HostDevice
from bench.engines import ENGINES
from bench.numbers.check import Case, Mismatch, draw_case, find_mismatches
from lut.ops import FLOAT, UINT8, OpSpec, TensorSpec, Window
from lut.ops.rules import RULES
from tests.lut.ops.drawn import draw_kind, draw_op

DRAWS = 16
MOST_ELEMENTS = 60_000

AVERAGES = {"Int8AveragePool", "Int8AveragePoolRelu"}


def draw_ops(op_type: str, engine: str) -> list[OpSpec]:
    """Operators of a type that the engine runs, not too large for numpy."""
    ops = []
    for number in range(DRAWS):
        random = Random(f"{op_type} {number}")
        op = draw_op(op_type, draw_kind(op_type, random), random)
        small = sum(tensor.elements for tensor in op.inputs) <= MOST_ELEMENTS
        if small and ENGINES[engine].refusal(op) is None:
            ops.append(op)
    return list(dict.fromkeys(ops))


def softmaxes(engine: str) -> list[OpSpec]:
    """Softmaxes of few values along each axis, where another axis gives other bytes: of many it does not."""
    return [
        op
        for shape in ((2, 5), (2, 3, 4), (2, 3, 2, 2))
        for axis in range(-len(shape), len(shape))
        for op_type, dtype in (("Softmax", FLOAT), ("Int8Softmax", UINT8))
        if ENGINES[engine].refusal(op := OpSpec.of(op_type, [TensorSpec(shape, dtype)], axis=axis)) is None
    ]


def counts_the_border(op: OpSpec) -> bool:
    """Whether QNNPACK averages what lies outside the image as zeros: a deviation that its figures keep."""
    return op.op_type in AVERAGES and not op.arg("global_pooling", 0) and any(Window.read(op).pads)


@cache
def mismatches(engine: str) -> dict[str, list[Mismatch]]:
    """All that is wrong on an engine, by operator type: one process computes all cases."""
    device = HostDevice(engine=ENGINES[engine])
    device.prepare(lambda _: None)
    drawn = [(seed, op) for op_type in RULES for seed, op in enumerate(draw_ops(op_type, engine))]
    chosen = [(seed, op) for seed, op in enumerate(softmaxes(engine)) if op not in {op for _, op in drawn}]
    cases: list[Case] = [draw_case(op, seed) for seed, op in drawn + chosen]
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
    padded = {op for op_type in AVERAGES for op in draw_ops(op_type, "caffe2") if counts_the_border(op)}
    assert wrong == padded != set()


@pytest.mark.parametrize("engine", ENGINES)
def test_nearly_every_type_is_computed(engine: str) -> None:
    computed = {op_type for op_type in RULES if draw_ops(op_type, engine)}
    assert len(computed) > 0.7 * len(RULES)


def features(op: OpSpec) -> set[str]:
    """What a window does that lowerings and kernels get wrong, if anything does."""
    window, group = Window.read(op), op.arg("group", 1)
    top, left, bottom, right = window.pads
    channels = op.inputs[0].shape[3 if op.arg("order", "NCHW") == "NHWC" else 1]
    return {
        name
        for name, is_so in {
            "border": any(window.pads),
            "border of one side": (top, left) != (bottom, right),
            "window that is no square": window.kernel[0] != window.kernel[1],
            "stride": max(window.stride) > 1,
            "stride of one side": window.stride[0] != window.stride[1],
            "dilation": max(window.dilation) > 1,
            "groups": 1 < group < channels,
            "depthwise": 1 < group == channels,
        }.items()
        if is_so
    }


@pytest.mark.parametrize("op_type", ["Conv", "Int8Conv"])
@pytest.mark.parametrize("engine", ENGINES)
def test_convolutions_are_drawn_with_all_that_windows_do(engine: str, op_type: str) -> None:
    drawn = [features(op) for kind in (op_type, f"{op_type}Relu") for op in draw_ops_or_none(kind, engine)]
    print(engine, op_type, {name: sum(name in each for each in drawn) for name in set().union(*drawn)})


def draw_ops_or_none(op_type: str, engine: str) -> list[OpSpec]:
    return draw_ops(op_type, engine) if op_type in RULES else []
