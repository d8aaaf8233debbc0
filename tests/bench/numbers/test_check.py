"""What the check of numbers notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bench.device_runner import HostDevice
from bench.engines import ENGINES, XNNPACK, Values
from bench.numbers import check
from bench.numbers.check import Case, draw_case, find_mismatches
from bench.numbers.reference import compute, has_reference
from bench.numbers.samples import list_samples
from lut.ops import FLOAT, INT32, UINT8, OpSpec, TensorSpec
from tests.bench.numbers.chosen import list_chosen

WRONG: dict[str, Callable[[Values], Values]] = {
    "zeros": np.zeros_like,
    "backwards": lambda right: right.ravel()[::-1].reshape(right.shape),
    "one place off": lambda right: np.roll(right, 1),
    "no number": lambda right: np.full_like(right, np.nan),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_sample_tells_right_from_wrong(engine: str, wrong: str) -> None:
    ops = list_samples(lambda op: has_reference(op) and ENGINES[engine].refusal(op) is None)
    cases = [draw_case(op) for op in ops]
    assert [case.op for case in cases if check._compare(case, WRONG[wrong](case.expected)) is None] == []


def conv(dtype: int, **args: int) -> OpSpec:
    op_type, bias = ("Int8Conv", INT32) if dtype == UINT8 else ("Conv", FLOAT)
    inputs = TensorSpec((1, 8, 7, 4), dtype), TensorSpec((6, 3, 3, 4), dtype), TensorSpec((6,), bias)
    if dtype == FLOAT:
        inputs = TensorSpec((1, 4, 8, 7), dtype), TensorSpec((6, 4, 3, 3), dtype), inputs[2]
    order = "NHWC" if dtype == UINT8 else "NCHW"
    return OpSpec.of(op_type, inputs, kernel=3, order=order, **args)


OTHER_BORDERS = {"even": {"pad": 1}, "uneven": {"pad_t": 0, "pad_l": 1, "pad_b": 2, "pad_r": 1}}


@pytest.mark.parametrize("dtype", [FLOAT, UINT8], ids=["fp32", "int8"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_border_that_is_another_s_is_found_on_the_engine(engine: str, dtype: int) -> None:
    """What the device computes is held against what an operator with another border would give."""
    even, uneven = (draw_case(conv(dtype, **border)) for border in OTHER_BORDERS.values())
    assert even.expected.shape == uneven.expected.shape
    host = HostDevice(engine=ENGINES[engine])
    host.prepare(lambda _: None)
    assert find_mismatches(host, [even, uneven], silence_s=20) == []
    confused = [replace(even, expected=uneven.expected), replace(uneven, expected=even.expected)]
    found = find_mismatches(host, confused, silence_s=20)
    assert [mismatch.op for mismatch in found] == [even.op, uneven.op]
    assert all(" is right" in mismatch.describe() for mismatch in found)


SOFTMAXES = [op for op in list_chosen() if op.op_type in ("Softmax", "Int8Softmax")]


@pytest.mark.parametrize("op", SOFTMAXES, ids=OpSpec.describe)
def test_another_axis_of_a_softmax_is_found(op: OpSpec) -> None:
    case, rank = draw_case(op), len(op.inputs[0].shape)
    for axis in range(rank):
        if axis != op.arg("axis") % rank:
            other = compute(OpSpec.of(op.op_type, op.inputs, axis=axis), case.values)
            assert check._compare(case, other) is not None


def test_a_bias_that_is_left_out_is_found() -> None:
    case = draw_case(conv(UINT8, pad=1))
    host = HostDevice(engine=XNNPACK)
    host.prepare(lambda _: None)
    *others, bias = case.values
    without = Case(case.op, (*others, np.zeros_like(bias)), case.expected)
    assert len(find_mismatches(host, [without], silence_s=20)) == 1


def test_an_operator_that_fails_is_told_with_the_engine_s_words(monkeypatch: pytest.MonkeyPatch) -> None:
    case = draw_case(conv(FLOAT, pad=1))
    monkeypatch.setattr(check, "run_values", lambda *_: {case.op.id: "create: no such kernel"})
    (found,) = find_mismatches(HostDevice(), [case], silence_s=20)
    assert found.got is None
    assert found.describe() == f"{case.op.describe()}: create: no such kernel"
