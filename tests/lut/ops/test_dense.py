"""Fully connected layers."""

import pytest

from lut.ops import (
    INT32,
    UINT8,
    ArgumentValue,
    OpSpec,
    TensorSpec,
    family_of,
    infer_outputs,
    multiply_adds,
)
from tests.lut.ops.operators import refusal


def fc(x: tuple[int, ...], *, weight: tuple[int, ...] = (10, 24), **args: ArgumentValue) -> OpSpec:
    return OpSpec.of("FC", [TensorSpec(x), TensorSpec(weight), TensorSpec((10,))], **args)


def test_the_classifier_of_a_net() -> None:
    inputs = [TensorSpec((1, 1, 1, 1504), UINT8), TensorSpec((1000, 1504), UINT8), TensorSpec((1000,), INT32)]
    op = OpSpec.of("Int8FC", inputs, order="NHWC")
    assert infer_outputs(op) == (TensorSpec((1, 1000), UINT8),)
    assert multiply_adds(op) == 1_504_000
    by_rows = OpSpec.of("Int8FC", inputs, axis=3, order="NHWC")
    assert infer_outputs(by_rows) == (TensorSpec((1, 1, 1, 1000), UINT8),)


def test_a_fused_relu_is_no_family_of_its_own() -> None:
    layer = fc((1, 24))
    fused = OpSpec("FCRelu", layer.args, layer.inputs)
    assert infer_outputs(fused) == infer_outputs(layer)
    assert multiply_adds(fused) == multiply_adds(layer)
    assert family_of(fused) == family_of(layer)


def test_all_dimensions_from_axis_on_are_columns() -> None:
    assert infer_outputs(fc((5, 2, 12))) == (TensorSpec((5, 10)),)
    assert infer_outputs(fc((5, 3, 24), axis=2)) == (TensorSpec((5, 3, 10)),)
    assert multiply_adds(fc((5, 3, 24), axis=2)) == 5 * 3 * 10 * 24


@pytest.mark.parametrize(
    ("op", "reason"),
    [
        (fc((1, 23)), "the input has 23 values from axis 1 on, the weight 24 columns"),
        (fc((1, 24), axis=2), "axis is 2 and axis_w 1, supported are 1 … rank-1 and 1"),
        (fc((1, 24), axis=0), "axis is 0 and axis_w 1, supported are 1 … rank-1 and 1"),
        (fc((1, 24), axis_w=2), "axis is 1 and axis_w 2, supported are 1 … rank-1 and 1"),
        (fc((1, 24), axis="x"), "axis is 'x'; expected a whole number"),
        (fc((1, 24), weight=(8, 24)), "the bias is [10] where [8] is expected"),
        (fc((1, 24), weight=(10, 24, 1)), "input 1 of shape [10, 24, 1] has 3 dimensions; expected 2"),
    ],
)
def test_refusals(op: OpSpec, reason: str) -> None:
    assert refusal(op) == reason
