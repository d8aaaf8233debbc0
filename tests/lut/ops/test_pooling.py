"""Poolings, of windows or of all there is."""

import pytest

from lut.ops import UINT8, OpSpec, TensorSpec, infer_outputs
from tests.lut.ops.operators import op, refusal


@pytest.mark.parametrize(
    ("spec", "output"),
    [
        (op("AveragePool", (1, 8, 7, 9), global_pooling=1), TensorSpec((1, 8, 1, 1))),
        (op("AveragePool", (1, 8, 7, 9), kernel=3, stride=2), TensorSpec((1, 8, 3, 4))),
        (
            op("Int8AveragePool", (1, 7, 7, 1504), dtype=UINT8, kernel=7, order="NHWC"),
            TensorSpec((1, 1, 1, 1504), UINT8),
        ),
        (
            op("Int8AveragePoolRelu", (1, 7, 7, 8), dtype=UINT8, kernel=2, stride=2, pad=1, order="NHWC"),
            TensorSpec((1, 4, 4, 8), UINT8),
        ),
        (op("MaxPool", (1, 8, 7, 9), kernel=3, stride=2, pad=1), TensorSpec((1, 8, 4, 5))),
        (
            op("Int8MaxPoolRelu", (1, 7, 7, 8), dtype=UINT8, kernel=2, stride=2, order="NHWC"),
            TensorSpec((1, 3, 3, 8), UINT8),
        ),
    ],
)
def test_output(spec: OpSpec, output: TensorSpec) -> None:
    assert infer_outputs(spec) == (output,)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (
            op("AveragePool", (1, 8, 7, 7)),
            "kernel is (None, None); expected one or two whole numbers from 1",
        ),
        (
            op("AveragePool", (1, 8, 7, 7), global_pooling="yes"),
            "global_pooling is 'yes'; expected a whole number",
        ),
        (
            op("AveragePool", (1, 8, 7, 7), kernel=8),
            "the kernel (8, 8) does not fit an input of (7, 7) with pads (0, 0, 0, 0)",
        ),
        (
            op("AveragePool", (8, 7, 7), kernel=2),
            "input 0 of shape [8, 7, 7] has 3 dimensions; expected 4",
        ),
        (
            op("MaxPool", (1, 8, 7, 7), kernel=3, dilation=2),
            "poolings know no dilation: the quantized ones corrupt memory on it",
        ),
        (
            op("MaxPool", (1, 8, 7, 7), kernel=3, pad=3),
            "pads (3, 3, 3, 3) must be smaller than the kernel (3, 3)",
        ),
        (
            op("Int8MaxPool", (1, 7, 7, 8), dtype=UINT8, kernel=1, order="NHWC"),
            "a window of 1x1 pools nothing, and the quantized kernels refuse it",
        ),
        (
            op("Int8AveragePool", (1, 1, 1, 8), dtype=UINT8, global_pooling=1, order="NHWC"),
            "a window of 1x1 pools nothing, and the quantized kernels refuse it",
        ),
    ],
)
def test_refusal(spec: OpSpec, reason: str) -> None:
    assert refusal(spec) == reason
