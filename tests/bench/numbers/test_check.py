"""What the check of numbers notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bench.device_runner import HostDevice
from bench.engines import CAFFE2, ENGINES, XNNPACK, Engine, Values
from bench.numbers import check
from bench.numbers.check import Case, draw_case, find_mismatches
from bench.numbers.reference import has_reference
from bench.numbers.samples import list_samples
from lut.ops import FLOAT, INT32, UINT8, OpSpec, TensorSpec

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


LOW = {"pad_t": 0, "pad_l": 1, "pad_b": 2, "pad_r": 1}

OTHER_WINDOWS: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "border": ({"pad": 1}, LOW),
    "dilation": ({"dilation": 2, "pad": 2}, {"dilation": 1, "pad": 1}),
    "border of a stride": ({"stride_h": 2, "stride_w": 1, "pad": 1}, {"stride_h": 2, "stride_w": 1, **LOW}),
}


@pytest.mark.parametrize("dtype", [FLOAT, UINT8], ids=["fp32", "int8"])
@pytest.mark.parametrize("name", OTHER_WINDOWS)
@pytest.mark.parametrize("engine", [CAFFE2, XNNPACK], ids=lambda engine: engine.name)
def test_a_window_that_is_another_s_is_found_on_the_engine(engine: Engine, name: str, dtype: int) -> None:
    """What the device computes is held against what an operator with another window would give."""
    own, other = (conv(dtype, **args) for args in OTHER_WINDOWS[name])
    right, wrong = draw_case(own), draw_case(other)
    assert right.expected.shape == wrong.expected.shape
    host = HostDevice(engine=engine)
    host.prepare(lambda _: None)
    assert find_mismatches(host, [right], silence_s=20) == []
    (found,) = find_mismatches(host, [replace(right, expected=wrong.expected)], silence_s=20)
    assert found.op == own
    assert " is right" in found.describe()


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
