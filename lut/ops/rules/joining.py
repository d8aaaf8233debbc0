"""Joining and cutting tensors: Concat, Slice (fp32) and Int8Concat, Int8Slice.

The fp32 Concat has a second output: how much of the axis came from each input. A slice is written by
`starts` and `ends`, one number for each dimension; an end of -1 is the dimension's own. The quantized one
may also be written by `dim`, `start_idx` and `end_idx`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

from lut.errors import ModelError
from lut.ops.rules.rule import (
    Arguments,
    Outputs,
    Rule,
    check_count,
    check_own_dtype,
    count_from_front,
    int_arg,
    take_input,
)
from lut.ops.rules.view import View, split_at
from lut.ops.spec import INT32, OpSpec, TensorSpec

__all__ = ["RULES"]

_MOST_INPUTS = 1024


def _infer_concat(op: OpSpec) -> Outputs:
    quantized = op.op_type.startswith("Int8")
    check_count(op, 1, _MOST_INPUTS)
    check_own_dtype(op)
    if int_arg(op, "add_axis", 0):
        raise ModelError("add_axis is not supported: it stacks along a new axis instead of joining")
    first = op.inputs[0].shape
    axis = _quantized_axis(op) if quantized else _axis(op, len(first))
    if not 0 <= axis < len(first):
        raise ModelError(f"axis {axis} is none of an input with {len(first)} dimensions")
    for tensor in op.inputs[1:]:
        if len(tensor.shape) != len(first) or any(
            ours != theirs
            for index, (ours, theirs) in enumerate(zip(first, tensor.shape, strict=True))
            if index != axis
        ):
            raise ModelError(f"{list(tensor.shape)} can't be joined to {list(first)} along axis {axis}")
    joined = sum(tensor.shape[axis] for tensor in op.inputs)
    output = TensorSpec((*first[:axis], joined, *first[axis + 1 :]), op.inputs[0].dtype)
    return (output,) if quantized else (output, TensorSpec((len(op.inputs),), INT32))


def _axis(op: OpSpec, rank: int) -> int:
    """The fp32 operator takes an axis, or an order whose channels it joins, but not both."""
    axis, order = op.arg("axis"), op.arg("order")
    if axis is not None and order is not None:
        raise ModelError("it has both an axis and an order; expected one of them")
    if axis is None:
        return 3 if order == "NHWC" else 1
    axis = int_arg(op, "axis", 1)
    return axis + rank if axis < 0 else axis


def _quantized_axis(op: OpSpec) -> int:
    """The quantized operator's axis follows from the order only where no axis is written."""
    order = op.arg("order", "")
    if order in ("NHWC", "NCHW") and len(op.inputs[0].shape) != 4:
        raise ModelError(f"order {order} expects inputs of 4 dimensions")
    return int_arg(op, "axis", {"NHWC": 3, "NCHW": 1}.get(order, 0))


def _infer_slice(op: OpSpec) -> Outputs:
    shape = take_input(op).shape
    starts, ends = _bounds(op, len(shape))
    if not _are_whole_numbers(starts, shape) or not _are_whole_numbers(ends, shape):
        raise ModelError(f"starts are {starts} and ends {ends}; expected {len(shape)} numbers each")
    resolved = [size + 1 + end if end < 0 else end for end, size in zip(ends, shape, strict=True)]
    for start, end, size in zip(starts, resolved, shape, strict=True):
        if not 0 <= start < end <= size:
            raise ModelError(f"the slice from {starts} to {ends} is not inside {list(shape)}")
    kept = tuple(end - start for start, end in zip(starts, resolved, strict=True))
    return (TensorSpec(kept, op.inputs[0].dtype),)


def _bounds(op: OpSpec, rank: int) -> tuple[object, object]:
    names = ("dim", "start_idx", "end_idx")
    if op.op_type != "Int8Slice" or any(op.arg(name) is None for name in names):
        return op.arg("starts"), op.arg("ends")
    dimension, start, end = (int_arg(op, name, 0) for name in names)
    if not 0 <= dimension < rank:
        return op.arg("starts"), op.arg("ends")
    before, behind = dimension, rank - dimension - 1
    return (0,) * before + (start,) + (0,) * behind, (-1,) * before + (end,) + (-1,) * behind


def _are_whole_numbers(value: object, shape: tuple[int, ...]) -> TypeGuard[tuple[int, ...]]:
    return (
        isinstance(value, tuple) and len(value) == len(shape) and all(isinstance(item, int) for item in value)
    )


def _view_concat(op: OpSpec, tensor: TensorSpec) -> View:
    quantized = op.op_type.startswith("Int8")
    return split_at(tensor, _quantized_axis(op) if quantized else _axis(op, len(tensor.shape)))


def _list_cuts(op: OpSpec) -> list[bool]:
    """Tell of each dimension whether a part of it is left out."""
    (kept,) = _infer_slice(op)
    return [part != size for part, size in zip(kept.shape, op.inputs[0].shape, strict=True)]


def _name_cuts(op: OpSpec) -> str:
    """Say how many dimensions are cut, where they are several: what is copied is in more pieces then."""
    count = sum(_list_cuts(op))
    return f"along {count} dimensions" if count > 1 else ""


def _view_slice(op: OpSpec, tensor: TensorSpec) -> View:
    """From the first dimension on that is sliced, what is copied lies in one piece."""
    cut = _list_cuts(op)
    return split_at(tensor, cut.index(True) if any(cut) else 0)


def _spell_axis(args: Arguments, rank: int, default: int) -> Arguments:
    """An order of four dimensions is the axis of its channels."""
    order = args.get("order")
    if "axis" in args:
        return args | {"axis": count_from_front(args["axis"], rank)}
    return args | {"axis": {"NCHW": 1, "NHWC": 3}[order] if order in ("NCHW", "NHWC") else default}


def _spell_concat(args: Arguments, rank: int) -> Arguments:
    if "axis" in args and "order" in args:
        return args  # refused
    return _spell_axis(args, rank, 1)


def _spell_quantized_concat(args: Arguments, _rank: int) -> Arguments:
    return _spell_axis(args, 0, 0)  # a negative axis is refused


def _spell_quantized_slice(args: Arguments, rank: int) -> Arguments:
    op = OpSpec("Int8Slice", tuple(args.items()), ())
    try:
        starts, ends = _bounds(op, rank)
    except ModelError:
        return args
    if not isinstance(starts, tuple) or not isinstance(ends, tuple):
        return args
    kept = {name: value for name, value in args.items() if name not in ("dim", "start_idx", "end_idx")}
    return kept | {"starts": starts, "ends": ends}


_CONCAT = Rule(
    _infer_concat,
    sizes=frozenset({"axis"}),  # how long the pieces are that are copied
    defaults=(("add_axis", 0), ("axis", 1)),
    view=_view_concat,
    spell=_spell_concat,
)
_SLICE = Rule(_infer_slice, sizes=frozenset({"starts", "ends"}), kind=_name_cuts, view=_view_slice)

RULES = {
    "Concat": _CONCAT,
    "Int8Concat": replace(_CONCAT, defaults=(("add_axis", 0), ("axis", 0)), spell=_spell_quantized_concat),
    "Slice": _SLICE,
    "Int8Slice": replace(_SLICE, spell=_spell_quantized_slice),
}
