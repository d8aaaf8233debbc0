"""Arithmetic of two tensors: Add, Sub, Mul, Div (fp32), and all but Div with Int8 before it.

The shapes are aligned at their last dimensions, as in numpy: one of size 1, or that is not there, is repeated
to the size of the other's. A single number is written [1].
"""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest

from lut.errors import ModelError
from lut.ops.rules.rule import Outputs, Rule, check_count, check_own_dtype
from lut.ops.spec import OpSpec, TensorSpec

__all__ = ["RULES"]


def _infer(op: OpSpec) -> Outputs:
    check_count(op, 2)
    check_own_dtype(op)
    sizes = [max(pair) for pair in _pair_sizes(op)]
    if any(size not in (1, most) for pair, most in zip(_pair_sizes(op), sizes, strict=True) for size in pair):
        first, second = (list(tensor.shape) for tensor in op.inputs)
        raise ModelError(
            f"its inputs are {first} and {second}; expected sizes that are equal from the last "
            f"dimension on, or 1 in one of them"
        )
    return (TensorSpec(tuple(sizes[::-1]), op.inputs[0].dtype),)


def _pair_sizes(op: OpSpec) -> list[tuple[int, int]]:
    """Give the sizes of both inputs along each dimension, from the last to the first."""
    first, second = (tensor.shape[::-1] for tensor in op.inputs)
    return list(zip_longest(first, second, fillvalue=1))


def _name_repetition(op: OpSpec) -> str:
    """Say along which dimensions an input is repeated, counted from the last as -1."""
    places: list[list[str]] = [[], []]
    for place, pair in enumerate(_pair_sizes(op)):
        for index, size in enumerate(pair):
            if size != max(pair):
                places[index].append(str(-1 - place))
    first, second = (f"repeated along {' '.join(each)}" if each else "" for each in places)
    if op.op_type.endswith(_FREE):
        return " and ".join(sorted(filter(None, (first, second))))
    return " and ".join(filter(None, (f"first {first}" if first else "", second)))


_FREE = ("Add", "AddRelu")
"""Types whose inputs may change places: it makes no difference which is repeated."""

_PLAIN = Rule(_infer, kind=_name_repetition)
_ADD = replace(_PLAIN, order_free=True)

RULES = {
    "Add": _ADD,
    "AddRelu": replace(_ADD, unfused="Add"),
    "Int8Add": _ADD,
    "Int8AddRelu": replace(_ADD, unfused="Int8Add"),
    "Sub": _PLAIN,
    "Int8Sub": _PLAIN,
    "Mul": _PLAIN,
    "Int8Mul": _PLAIN,
    "Div": _PLAIN,
}
