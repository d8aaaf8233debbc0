"""Convolutions, and the sliding windows they share with poolings."""

import pytest

from lut.ops import INT32, UINT8, ArgumentValue, OpSpec, TensorSpec, infer_outputs, multiply_adds
from tests.lut.ops.operators import refusal
from tests.lut.samples import CONV

Shape = tuple[int, ...]


def conv(x: Shape, weight: Shape, **args: ArgumentValue) -> OpSpec:
    """A fp32 convolution without bias, in NCHW unless written otherwise."""
    return OpSpec.of("Conv", [TensorSpec(x), TensorSpec(weight)], **args)


def int8(x: Shape, weight: Shape, bias: Shape, **args: ArgumentValue) -> OpSpec:
    inputs = [TensorSpec(x, UINT8), TensorSpec(weight, UINT8), TensorSpec(bias, INT32)]
    return OpSpec.of("Int8Conv", inputs, **args)


def test_a_stem_halves_the_picture() -> None:
    stem = int8((1, 224, 224, 3), (32, 3, 3, 3), (32,), kernel=3, pad=1, stride=2, order="NHWC")
    assert infer_outputs(stem) == (TensorSpec((1, 112, 112, 32), UINT8),)
    # Every output value takes a 3x3 window of 3 channels.
    assert multiply_adds(stem) == 112 * 112 * 32 * 27 == 10_838_016


def test_a_depthwise_convolution_multiplies_within_its_channel_only() -> None:
    depthwise = int8((1, 56, 56, 24), (24, 3, 3, 1), (24,), kernel=3, pad=1, group=24, order="NHWC")
    assert infer_outputs(depthwise) == (TensorSpec((1, 56, 56, 24), UINT8),)
    assert multiply_adds(depthwise) == 56 * 56 * 24 * 9 == 677_376


def test_fp32_convolutions_are_in_nchw_and_need_no_bias() -> None:
    grouped = conv((2, 8, 10, 12), (6, 4, 1, 1), kernel=1, group=2)
    assert infer_outputs(grouped) == (TensorSpec((2, 6, 10, 12)),)
    assert multiply_adds(grouped) == 2 * 6 * 10 * 12 * 4
    in_nhwc = conv((2, 10, 12, 8), (6, 1, 1, 8), kernel=1, order="NHWC")
    assert infer_outputs(in_nhwc) == (TensorSpec((2, 10, 12, 6)),)


# The shapes are those that the engine itself gave for these spellings.
@pytest.mark.parametrize(
    ("args", "kernel", "space"),
    [
        ({"kernel": 3}, (3, 3), (15, 13)),
        ({"kernels": (3, 5)}, (3, 5), (15, 11)),
        ({"kernel_h": 3, "kernel_w": 5}, (3, 5), (15, 11)),
        ({"kernel": 3, "stride": 2}, (3, 3), (8, 7)),
        ({"kernel": 3, "stride_h": 2, "stride_w": 3}, (3, 3), (8, 5)),
        ({"kernel": 3, "strides": (2, 3)}, (3, 3), (8, 5)),
        ({"kernel": 3, "dilation": 2}, (3, 3), (13, 11)),
        ({"kernel": 3, "pad": 2}, (3, 3), (19, 17)),
        ({"kernel": 3, "pads": (1, 2, 0, 3), "stride": 2}, (3, 3), (8, 9)),
        ({"kernel": 3, "pad_t": 1, "pad_l": 2, "pad_b": 3, "pad_r": 0}, (3, 3), (19, 15)),
        # Several spellings at once: the list counts, then the single number, then complete sides.
        ({"kernels": (3, 3), "kernel": 5}, (3, 3), (15, 13)),
        ({"kernel": 3, "kernel_h": 5, "kernel_w": 5}, (3, 3), (15, 13)),
        ({"kernel": 3, "stride_h": 2}, (3, 3), (15, 13)),
        ({"kernel": 3, "dilation_w": 2}, (3, 3), (15, 13)),
        ({"kernel": 3, "pad_t": 1}, (3, 3), (15, 13)),
        ({"kernel": 3, "pad": 2, "pad_t": 1, "pad_l": 1, "pad_b": 1, "pad_r": 1}, (3, 3), (19, 17)),
    ],
)
def test_spellings_of_the_window(
    args: dict[str, ArgumentValue], kernel: tuple[int, int], space: tuple[int, int]
) -> None:
    op = conv((1, 16, 17, 15), (16, 16, *kernel), **args)
    assert infer_outputs(op) == (TensorSpec((1, 16, *space)),)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"kernel": 5}, "kernel is (5, 5), but the weight's is (3, 3)"),
        ({"kernel": 0}, "kernel is (0, 0); expected one or two whole numbers from 1"),
        ({"kernel": "3"}, "kernel is ('3', '3'); expected one or two whole numbers from 1"),
        ({"kernels": (3,)}, "kernel is (3,); expected one or two whole numbers from 1"),
        ({"kernels": 3}, "kernel is (3,); expected one or two whole numbers from 1"),
        ({"stride": 0}, "stride is (0, 0); expected one or two whole numbers from 1"),
        ({"dilation": 0}, "dilation is (0, 0); expected one or two whole numbers from 1"),
        (
            {"pad": -1},
            "pads are (-1, -1, -1, -1); expected four numbers from 0: top, left, bottom, right",
        ),
        ({"pads": 1}, "pads are (1,); expected four numbers from 0: top, left, bottom, right"),
        ({"dilation": 5}, "the kernel (3, 3) does not fit an input of (8, 8) with pads (1, 1, 1, 1)"),
        ({"group": 3}, "group 3 does not divide 16 input and 32 output channels"),
        ({"group": 32}, "group 32 does not divide 16 input and 32 output channels"),
        ({"group": 0}, "group 0 does not divide 16 input and 32 output channels"),
        ({"group": 2.0}, "group is 2.0; expected a whole number"),
        ({"group": "x"}, "group is 'x'; expected a whole number"),
        (
            {"group": 2},
            "the weight has 16 input channels a group, the input has 16 in 2 groups: 8 expected",
        ),
        ({"order": "NCHW"}, "quantized operators run in order NHWC only: write order=NHWC"),
        ({"order": "CHWN"}, "order is 'CHWN'; it must be NCHW or NHWC"),
        ({"legacy_pad": 1}, "legacy_pad is not supported: write the pads out"),
    ],
)
def test_refused_arguments(changed: dict[str, ArgumentValue], reason: str) -> None:
    assert refusal(OpSpec.of("Int8Conv", CONV.inputs, **(dict(CONV.args) | changed))) == reason


def test_a_quantized_convolution_says_its_order_and_kernel() -> None:
    args = dict(CONV.args)
    without_order = {name: value for name, value in args.items() if name != "order"}
    assert refusal(OpSpec.of("Int8Conv", CONV.inputs, **without_order)) == (
        "quantized operators run in order NHWC only: write order=NHWC"
    )
    without_kernel = {name: value for name, value in args.items() if name != "kernel"}
    assert refusal(OpSpec.of("Int8Conv", CONV.inputs, **without_kernel)) == (
        "kernel is (None, None); expected one or two whole numbers from 1"
    )


@pytest.mark.parametrize(
    ("x", "weight", "bias", "reason"),
    [
        ((8, 8, 16), (32, 3, 3, 16), (32,), "input 0 of shape [8, 8, 16] has 3 dimensions; expected 4"),
        ((1, 8, 8, 16), (32, 16), (32,), "input 1 of shape [32, 16] has 2 dimensions; expected 4"),
        ((1, 8, 8, 16), (32, 3, 3, 16), (16,), "the bias is [16] where [32] is expected"),
        ((1, 8, 8, 16), (32, 3, 3, 16), (32, 1), "the bias is [32, 1] where [32] is expected"),
    ],
)
def test_refused_inputs(x: Shape, weight: Shape, bias: Shape, reason: str) -> None:
    assert refusal(int8(x, weight, bias, kernel=3, pad=1, order="NHWC")) == reason


def test_the_group_divides_the_outputs_too() -> None:
    op = int8((1, 8, 8, 16), (24, 3, 3, 1), (24,), kernel=3, group=16, order="NHWC")
    assert refusal(op) == "group 16 does not divide 16 input and 24 output channels"


def test_a_quantized_convolution_has_a_bias() -> None:
    x, weight, bias = CONV.inputs
    assert refusal(OpSpec("Int8Conv", CONV.args, (x, weight))) == "it has 2 inputs where 3 are expected"
    assert refusal(OpSpec("Conv", (), (x,) * 4)) == "it has 4 inputs where 2 to 3 are expected"
    assert infer_outputs(OpSpec("Int8Conv", CONV.args, (x, weight, bias)))
