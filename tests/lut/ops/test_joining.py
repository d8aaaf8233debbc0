"""Concat and Slice."""

import pytest

from lut.ops import FLOAT, INT32, UINT8, ArgumentValue, OpSpec, TensorSpec, family_of, infer_outputs
from tests.lut.ops.operators import refusal

Shape = tuple[int, ...]


def int8(op_type: str, *shapes: Shape, **args: ArgumentValue) -> OpSpec:
    return OpSpec.of(f"Int8{op_type}", [TensorSpec(shape, UINT8) for shape in shapes], **args)


def fp32(op_type: str, *shapes: Shape, **args: ArgumentValue) -> OpSpec:
    return OpSpec.of(op_type, [TensorSpec(shape, FLOAT) for shape in shapes], **args)


@pytest.mark.parametrize(
    ("op", "shape"),
    [
        (int8("Concat", (1, 7, 7, 8), (1, 7, 7, 5), order="NHWC"), (1, 7, 7, 13)),
        (int8("Concat", (1, 8, 7, 7), (1, 5, 7, 7), order="NCHW"), (1, 13, 7, 7)),
        (int8("Concat", (1, 8), (2, 8)), (3, 8)),
        (int8("Concat", (1, 7, 7, 8), (1, 7, 9, 8), order="NHWC", axis=2), (1, 7, 16, 8)),
        (fp32("Concat", (1, 8, 7, 7), (1, 5, 7, 7)), (1, 13, 7, 7)),
        (fp32("Concat", (1, 7, 7, 8), (1, 7, 7, 5), order="NHWC"), (1, 7, 7, 13)),
        (fp32("Concat", (1, 8, 7, 7), (1, 8, 7, 2), axis=-1), (1, 8, 7, 9)),
        (int8("Slice", (1, 7, 7, 8), starts=(0, 0, 0, 2), ends=(-1, -1, -1, 6)), (1, 7, 7, 4)),
        (int8("Slice", (1, 7, 7, 8), dim=1, start_idx=2, end_idx=-1), (1, 5, 7, 8)),
        (fp32("Slice", (1, 8, 7, 7), starts=(0, 0, 0, 0), ends=(1, -3, 7, 7)), (1, 6, 7, 7)),
    ],
    ids=lambda value: value.describe() if isinstance(value, OpSpec) else "",
)
def test_output(op: OpSpec, shape: Shape) -> None:
    assert infer_outputs(op)[0] == TensorSpec(shape, op.inputs[0].dtype)


def test_an_fp32_join_also_tells_where_its_parts_are() -> None:
    assert infer_outputs(fp32("Concat", *[(1, 8, 7, 7)] * 3))[1:] == (TensorSpec((3,), INT32),)
    assert len(infer_outputs(int8("Concat", (1, 8), (1, 8)))) == 1


@pytest.mark.parametrize(
    ("op", "reason"),
    [
        (fp32("Concat", (1, 8), axis=1, add_axis=1), "add_axis is not supported"),
        (fp32("Concat", (1, 8), axis=1, order="NCHW"), "it has both an axis and an order"),
        (fp32("Concat", (1, 8), axis=2), "axis 2 is none of an input with 2 dimensions"),
        (fp32("Concat", (1, 8), axis="C"), "axis is 'C'; expected a whole number"),
        (int8("Concat", (1, 8), axis=-1), "axis -1 is none of an input with 2 dimensions"),
        (int8("Concat", (1, 8), order="NHWC"), "order NHWC expects inputs of 4 dimensions"),
        (fp32("Concat", (1, 8), (2, 8)), "[2, 8] can't be joined to [1, 8] along axis 1"),
        (fp32("Concat", (1, 8), (1, 8, 1)), "[1, 8, 1] can't be joined to [1, 8] along axis 1"),
        (fp32("Slice", (1, 8), dim=1, start_idx=2, end_idx=3), "starts are None and ends None"),
        (int8("Slice", (1, 8), dim=2, start_idx=2, end_idx=3), "starts are None and ends None"),
        (int8("Slice", (1, 8), dim="x", start_idx=2, end_idx=3), "dim is 'x'; expected a whole number"),
        (int8("Slice", (1, 8), dim=1, start_idx=2.0, end_idx=3), "start_idx is 2.0; expected a whole"),
        (fp32("Slice", (1, 8), starts=(0,), ends=(1, 8)), "starts are (0,) and ends (1, 8)"),
        (fp32("Slice", (1, 8), starts=(0, 8), ends=(1, 8)), "the slice from (0, 8) to (1, 8) is not inside"),
        (fp32("Slice", (1, 8), starts=(0, 0), ends=(1, 9)), "the slice from (0, 0) to (1, 9) is not inside"),
    ],
    ids=lambda value: value.describe() if isinstance(value, OpSpec) else "",
)
def test_refusal(op: OpSpec, reason: str) -> None:
    assert refusal(op).startswith(reason)


def test_a_slice_of_several_dimensions_is_another_kind() -> None:
    one, two = (
        fp32("Slice", (4, 8, 3), starts=starts, ends=(-1, -1, -1)) for starts in ((0, 2, 0), (1, 2, 0))
    )
    assert infer_outputs(two) == (TensorSpec((3, 6, 3)),)
    assert (family_of(one), family_of(two)) == ("Slice", "Slice along 2 dimensions")
