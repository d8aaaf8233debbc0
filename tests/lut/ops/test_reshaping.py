"""Flatten, Reshape, Transpose."""

import pytest

from lut.ops import UINT8, ArgumentValue, OpSpec, TensorSpec, bytes_moved, infer_outputs
from lut.ops.spec import INT64
from tests.lut.ops.operators import refusal

Shape = tuple[int, ...]


def op(op_type: str, shape: Shape, /, **args: ArgumentValue) -> OpSpec:
    dtype = {"dtype": UINT8} if op_type.startswith("Int8") else {}
    return OpSpec.of(op_type, [TensorSpec(shape, **dtype)], **args)


@pytest.mark.parametrize("prefix", ["", "Int8"])
@pytest.mark.parametrize(
    ("op_type", "args", "shape"),
    [
        ("Flatten", {}, (2, 60)),
        ("Flatten", {"axis": 0}, (1, 120)),
        ("Flatten", {"axis": 4}, (120, 1)),
        ("Reshape", {"shape": (0, -1)}, (2, 60)),
        ("Reshape", {"shape": (6, 20)}, (6, 20)),
        ("Reshape", {"shape": (-1,)}, (120,)),
        ("Transpose", {}, (5, 4, 3, 2)),
        ("Transpose", {"axes": (0, 2, 3, 1)}, (2, 4, 5, 3)),
    ],
)
def test_output(prefix: str, op_type: str, args: dict[str, ArgumentValue], shape: Shape) -> None:
    spec = op(prefix + op_type, (2, 3, 4, 5), **args)
    assert infer_outputs(spec)[0] == TensorSpec(shape, spec.inputs[0].dtype)


def test_a_reshape_also_gives_the_shape_before() -> None:
    spec = op("Int8Reshape", (2, 3, 4, 5), shape=(-1,))
    assert infer_outputs(spec)[1:] == (TensorSpec((4,), INT64),)
    assert bytes_moved(spec) == 120 + 120 + 4 * 8


@pytest.mark.parametrize(
    ("op_type", "args", "reason"),
    [
        ("Flatten", {"axis": 5}, "axis 5 is none of an input with 4 dimensions"),
        ("Flatten", {"axis": -1}, "axis -1 is none of an input with 4 dimensions"),
        ("Reshape", {}, "shape is None; expected whole numbers, 0 or one -1 among them"),
        ("Reshape", {"shape": (-2, 4)}, "shape is (-2, 4); expected whole numbers"),
        ("Reshape", {"shape": (-1, -1)}, "shape [-1, -1] leaves more than one dimension"),
        ("Reshape", {"shape": (2, 3, 4, 5, 0)}, "shape [2, 3, 4, 5, 0] leaves more than one dimension"),
        ("Reshape", {"shape": (7, -1)}, "shape [7, -1] does not hold the 120 values of [2, 3, 4, 5]"),
        ("Reshape", {"shape": (2, 3)}, "shape [2, 3] does not hold the 120 values of [2, 3, 4, 5]"),
        ("Transpose", {"axes": (0, 1, 2)}, "axes are (0, 1, 2); expected an order of the numbers 0 to 3"),
        ("Transpose", {"axes": (0.0, 1.0, 2.0, 3.0)}, "axes are (0.0, 1.0, 2.0, 3.0); expected an order"),
        ("Transpose", {"axes": ("a", b"\xff", "b", "c")}, "axes are ('a', b'\\xff', 'b', 'c'); expected"),
        ("Transpose", {"axes": 3}, "axes are 3; expected an order of the numbers 0 to 3"),
    ],
)
def test_refusal(op_type: str, args: dict[str, ArgumentValue], reason: str) -> None:
    assert refusal(op(op_type, (2, 3, 4, 5), **args)).startswith(reason)
