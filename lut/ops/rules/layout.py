"""Operators that only move values: changes between NCHW and NHWC, channel shuffles, tiles."""

from __future__ import annotations

from dataclasses import replace

from lut.errors import ModelError
from lut.ops.rules.rule import (
    ANY_ORDER,
    NHWC_ONLY,
    Arguments,
    Outputs,
    Rule,
    check_count,
    check_dtypes,
    check_rank,
    count_from_front,
    int_arg,
    take_input,
)
from lut.ops.rules.view import View, see_feature_map, see_rows, split_at
from lut.ops.rules.window import read_layout
from lut.ops.spec import FLOAT, OpSpec, TensorSpec

__all__ = ["RULES"]


def _infer_switch(op: OpSpec) -> Outputs:
    check_count(op, 1)
    check_dtypes(op, FLOAT)
    check_rank(op, 0, 4)
    first, second, third, fourth = op.inputs[0].shape
    if op.op_type == "NCHW2NHWC":
        return (TensorSpec((first, third, fourth, second)),)
    return (TensorSpec((first, fourth, second, third)),)


def _infer_shuffle(op: OpSpec) -> Outputs:
    quantized = op.op_type.startswith("Int8")
    x = take_input(op)
    check_rank(op, 0, 4)
    _, channels, _ = read_layout(op).split(x.shape)
    group = int_arg(op, "group", 1)
    if quantized and (group < 2 or int_arg(op, "kernel", 0) < 1):
        raise ModelError("the quantized shuffle takes a group from 2 on, and a kernel, 1, though it has none")
    if group < 1 or channels % group:
        raise ModelError(f"group {group} does not divide {channels} channels")
    return op.inputs


def _infer_tile(op: OpSpec) -> Outputs:
    x = take_input(op)
    tiles, axis = int_arg(op, "tiles", 1), int_arg(op, "axis", 0)
    if tiles < 1 or not -len(x.shape) <= axis < len(x.shape):
        raise ModelError(f"tiles {tiles} along axis {axis} of an input of {len(x.shape)} dimensions")
    axis %= len(x.shape)
    return (TensorSpec((*x.shape[:axis], x.shape[axis] * tiles, *x.shape[axis + 1 :]), x.dtype),)


def _view_tile(op: OpSpec, tensor: TensorSpec) -> View:
    return split_at(tensor, op.arg("axis", 0))


def _spell_tile(args: Arguments, rank: int) -> Arguments:
    return args | {"axis": count_from_front(args.get("axis", 0), rank)}


_SWITCH = Rule(_infer_switch, view=see_rows)
_SHUFFLE = Rule(_infer_shuffle, has_groups=True, orders=ANY_ORDER, view=see_feature_map)
_TILE = Rule(
    _infer_tile,
    sizes=frozenset({"axis", "tiles"}),
    defaults=(("axis", 0), ("tiles", 1)),
    view=_view_tile,
    spell=_spell_tile,
)

RULES = {
    "NCHW2NHWC": _SWITCH,
    "NHWC2NCHW": _SWITCH,
    "ChannelShuffle": _SHUFFLE,
    "Int8ChannelShuffle": replace(_SHUFFLE, orders=NHWC_ONLY),
    "Tile": _TILE,
    "Int8Tile": _TILE,
}
