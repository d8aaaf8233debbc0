"""Transposed convolutions and resizing."""

import math

import pytest

from lut.ops import FLOAT, INT32, UINT8, ArgumentValue, OpSpec, TensorSpec, infer_outputs, multiply_adds
from tests.lut.ops.operators import refusal


def _with(usual: dict[str, ArgumentValue], changed: dict[str, ArgumentValue]) -> dict[str, ArgumentValue]:
    return usual | changed


def int8_conv_transpose(**args: ArgumentValue) -> OpSpec:
    inputs = [TensorSpec((1, 7, 9, 32), UINT8), TensorSpec((32, 3, 3, 16), UINT8), TensorSpec((16,), INT32)]
    return OpSpec.of("Int8ConvTranspose", inputs, **_with({"kernel": 3, "order": "NHWC"}, args))


def fp32_conv_transpose(**args: ArgumentValue) -> OpSpec:
    inputs = [TensorSpec((1, 32, 7, 9)), TensorSpec((32, 8, 3, 3)), TensorSpec((16,))]
    return OpSpec.of("ConvTranspose", inputs, **_with({"kernel": 3, "group": 2}, args))


def resize(op_type: str, dtype: int, **args: ArgumentValue) -> OpSpec:
    return OpSpec.of(op_type, [TensorSpec((1, 10, 10, 10), dtype)], **args)


@pytest.mark.parametrize(
    ("args", "space"),
    [
        ({}, (9, 11)),
        ({"stride": 2}, (15, 19)),
        ({"stride": 2, "pad": 1, "adj": 1}, (14, 18)),
        ({"strides": (2, 1), "adjs": (1, 0)}, (16, 11)),
        ({"stride": 2, "adj_h": 1, "adj_w": 0}, (16, 19)),
    ],
)
def test_a_transposed_convolution_enlarges(args: dict[str, ArgumentValue], space: tuple[int, int]) -> None:
    assert infer_outputs(int8_conv_transpose(**args)) == (TensorSpec((1, *space, 16), UINT8),)
    assert infer_outputs(fp32_conv_transpose(**args)) == (TensorSpec((1, 16, *space)),)


def test_every_input_value_meets_every_weight_of_its_channel() -> None:
    assert multiply_adds(int8_conv_transpose()) == 7 * 9 * 32 * 3 * 3 * 16


@pytest.mark.parametrize(
    ("op", "reason"),
    [
        (int8_conv_transpose(dilation=2), "dilation is not supported by transposed convolutions"),
        (int8_conv_transpose(kernel=5), "kernel is (5, 5), but the weight's is (3, 3)"),
        (int8_conv_transpose(group=2), "group 2 is not possible for 32 channels in order NHWC"),
        (fp32_conv_transpose(group=3), "group 3 is not possible for 32 channels in order NCHW"),
        (fp32_conv_transpose(group=1), "the bias is [16] where [8] is expected"),
        (int8_conv_transpose(stride=2, adj=2), "adj is (2, 2); expected less than the stride (2, 2)"),
        (
            int8_conv_transpose(adjs=(0,), stride=2),
            "adj is (0,); expected one or two whole numbers from 0",
        ),
        (int8_conv_transpose(pad=6), "the pads (6, 6, 6, 6) leave nothing of an input of (7, 9)"),
        (
            OpSpec.of("ConvTranspose", [TensorSpec((1, 31, 7, 9)), TensorSpec((32, 8, 3, 3))], kernel=3),
            "the weight is for 32 input channels, the input has 31",
        ),
    ],
    ids=lambda value: value.describe() if isinstance(value, OpSpec) else "",
)
def test_refused_transposed_convolutions(op: OpSpec, reason: str) -> None:
    assert refusal(op) == reason


@pytest.mark.parametrize(("scale", "size"), [(2.0, 20), (0.7, 7), (1.3, 13), (0.15, 1), (2.9, 29)])
def test_sizes_are_cut_off_in_single_precision(scale: float, size: int) -> None:
    args = {"height_scale": scale, "width_scale": 1.0}
    (quantized,) = infer_outputs(resize("Int8ResizeNearest", UINT8, **args))
    assert quantized == TensorSpec((1, size, 10, 10), UINT8)
    (plain,) = infer_outputs(resize("ResizeNearest", FLOAT, **args))
    assert plain == TensorSpec((1, 10, size, 10))


def test_bilinear_resizing_gives_the_same_sizes() -> None:
    args = {"height_scale": 1.5, "width_scale": 2.0}
    for kind in ("Nearest", "Bilinear"):
        assert infer_outputs(resize(f"Resize{kind}", FLOAT, **args)) == (TensorSpec((1, 10, 15, 20)),)
        quantized = resize(f"Int8Resize{kind}", UINT8, **args)
        assert infer_outputs(quantized) == (TensorSpec((1, 15, 20, 10), UINT8),)


def test_refused_scales() -> None:
    expected = "expected numbers such as 2.0"
    assert refusal(resize("ResizeNearest", FLOAT, height_scale=2)).endswith(expected)
    assert refusal(resize("ResizeNearest", FLOAT, width_scale=-1.0)).endswith(expected)
    assert refusal(resize("ResizeNearest", FLOAT, width_scale=0.05)) == (
        "the scales (1.0, 0.05) leave nothing of an input of (10, 10)"
    )


@pytest.mark.parametrize("scale", [math.inf, math.nan, 1e38, 3e9])
def test_scales_without_an_end_are_refused(scale: float) -> None:
    for op_type, dtype in (("ResizeNearest", FLOAT), ("Int8ResizeNearest", UINT8)):
        assert refusal(resize(op_type, dtype, height_scale=scale)).endswith("expected numbers such as 2.0")
