"""How an operator's kernel sees a tensor: as pixels, and channels at each of them.

The product is the number of values, always. Families differ in size along these axes alone, so that what
a view leaves out, such as the number of dimensions of an activation's input, must not matter to the kernel.
"""

from __future__ import annotations

from math import prod

from lut.ops.rules.window import Layout
from lut.ops.spec import OpSpec, TensorSpec

__all__ = ["View", "see_feature_map", "see_matrix", "see_rows", "see_values", "split_at"]

View = tuple[int, int]


def see_values(_op: OpSpec, tensor: TensorSpec) -> View:
    """One value after the other, as operators do that compute each from its own place alone."""
    return tensor.elements, 1


def see_rows(_op: OpSpec, tensor: TensorSpec) -> View:
    """All dimensions but the last, and the last."""
    return split_at(tensor, len(tensor.shape) - 1)


def see_feature_map(op: OpSpec, tensor: TensorSpec) -> View:
    """The positions of a map, in whatever order the operator has it, and its channels."""
    order = op.arg("order", "NHWC" if op.op_type.startswith("Int8") else "NCHW")
    _, channels, _ = Layout(order).split(tensor.shape)
    return tensor.elements // channels, channels


def see_matrix(op: OpSpec, tensor: TensorSpec) -> View:
    """A matrix: its rows are the dimensions before `axis` (1 unless written), its columns the others."""
    return split_at(tensor, op.arg("axis", 1))


def split_at(tensor: TensorSpec, axis: int) -> View:
    """Cut the dimensions before an axis; a negative one counts from the end."""
    return prod(tensor.shape[:axis]), prod(tensor.shape[axis:])
