"""Other shapes for the same values: Flatten, Reshape, Transpose (fp32), and each with Int8 before it.

Reshape has a second output, the shape that its input had.
"""

from __future__ import annotations

from math import prod

from lut.errors import ModelError
from lut.ops.rules.rule import Arguments, Outputs, Rule, int_arg, take_input
from lut.ops.rules.view import see_rows
from lut.ops.spec import INT64, OpSpec, TensorSpec

__all__ = ["RULES"]


def _infer_flatten(op: OpSpec) -> Outputs:
    x = take_input(op)
    axis = int_arg(op, "axis", 1)
    if not 0 <= axis <= len(x.shape):
        raise ModelError(f"axis {axis} is none of an input with {len(x.shape)} dimensions")
    return (TensorSpec((prod(x.shape[:axis]), prod(x.shape[axis:])), x.dtype),)


def _infer_reshape(op: OpSpec) -> Outputs:
    """0 in `shape` keeps the input's dimension, one -1 takes what is left."""
    x = take_input(op)
    wanted = op.arg("shape")
    if not isinstance(wanted, tuple) or not all(isinstance(size, int) and size >= -1 for size in wanted):
        raise ModelError(f"shape is {wanted}; expected whole numbers, 0 or one -1 among them")
    if wanted.count(-1) > 1 or any(size == 0 for size in wanted[len(x.shape) :]):
        raise ModelError(f"shape {list(wanted)} leaves more than one dimension of {list(x.shape)} open")
    sizes = [x.shape[index] if size == 0 else int(size) for index, size in enumerate(wanted)]
    known = prod(size for size in sizes if size != -1)
    if x.elements % known or (-1 not in sizes and known != x.elements):
        raise ModelError(f"shape {list(wanted)} does not hold the {x.elements} values of {list(x.shape)}")
    shape = tuple(x.elements // known if size == -1 else size for size in sizes)
    return TensorSpec(shape, x.dtype), TensorSpec((len(x.shape),), INT64)


def _infer_transpose(op: OpSpec) -> Outputs:
    x = take_input(op)
    rank = len(x.shape)
    axes = op.arg("axes", tuple(reversed(range(rank))))
    whole = isinstance(axes, tuple) and all(isinstance(axis, int) for axis in axes)
    if not whole or sorted(axes) != list(range(rank)):
        raise ModelError(f"axes are {axes}; expected an order of the numbers 0 to {rank - 1}")
    return (TensorSpec(tuple(x.shape[axis] for axis in axes), x.dtype),)


def _spell_axes(args: Arguments, rank: int) -> Arguments:
    return {"axes": tuple(reversed(range(rank)))} | args


# Both copy their input as it stands, whatever shape is written on the copy.
_FLATTEN = Rule(_infer_flatten, sizes=frozenset({"axis"}), defaults=(("axis", 1),))
_RESHAPE = Rule(_infer_reshape, sizes=frozenset({"shape"}))
_TRANSPOSE = Rule(_infer_transpose, view=see_rows, spell=_spell_axes)

RULES = {
    "Flatten": _FLATTEN,
    "Int8Flatten": _FLATTEN,
    "Reshape": _RESHAPE,
    "Int8Reshape": _RESHAPE,
    "Transpose": _TRANSPOSE,
    "Int8Transpose": _TRANSPOSE,
}
