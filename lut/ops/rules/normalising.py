"""Normalisation by mean and variance (fp32): LayerNorm, RMSNorm, GroupNorm, InstanceNorm.

LayerNorm and RMSNorm take X as a matrix whose rows are all dimensions before `axis` (1 unless written), and
normalise each row. GroupNorm normalises each of `group` groups (32 unless written) of an image's channels,
InstanceNorm each channel. A factor and a summand for each column or channel follow X; RMSNorm may have the
factor alone. LayerNorm is written with `elementwise_affine` 1, without which Caffe2 reads neither.

The further outputs are the mean and the inverse or plain deviation. No time depends on `epsilon`: keys are
written without it.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from lut.errors import ModelError
from lut.ops.rules.rule import (
    ANY_ORDER,
    Arguments,
    Outputs,
    Rule,
    check_count,
    check_dtypes,
    check_rank,
    count_from_front,
    int_arg,
)
from lut.ops.rules.view import see_feature_map, see_matrix
from lut.ops.rules.window import read_layout
from lut.ops.spec import FLOAT, OpSpec, TensorSpec

__all__ = ["RULES"]

_GROUPS = 32
"""Caffe2's default, which differs from that of its convolutions."""


def _infer_rows(op: OpSpec) -> Outputs:
    x = _check(op, 2 if op.op_type == "RMSNorm" else 3)
    axis = int_arg(op, "axis", 1)
    if not -len(x.shape) <= axis < len(x.shape):
        raise ModelError(f"axis {axis} is none of an input with {len(x.shape)} dimensions")
    if op.op_type == "LayerNorm" and int_arg(op, "elementwise_affine", 0) != 1:
        raise ModelError("elementwise_affine must be 1: the factor and the summand are not read without it")
    axis %= len(x.shape)
    _check_parameters(op, prod(x.shape[axis:]), [x.shape[axis:]])
    rows = TensorSpec((*x.shape[:axis], 1) if op.op_type == "LayerNorm" else x.shape[:axis])
    return (x, rows, rows) if op.op_type == "LayerNorm" else (x, rows)


def _infer_channels(op: OpSpec) -> Outputs:
    x = _check(op, 3)
    check_rank(op, 0, 4)
    batch, channels, _ = read_layout(op).split(x.shape)
    group = channels if op.op_type == "InstanceNorm" else int_arg(op, "group", _GROUPS)
    if group < 1 or channels % group:
        raise ModelError(f"group {group} does not divide {channels} channels")
    _check_parameters(op, channels, [(channels,)])
    return (x, TensorSpec((batch, group)), TensorSpec((batch, group)))


def _check(op: OpSpec, least: int) -> TensorSpec:
    check_count(op, least, 3)
    check_dtypes(op, FLOAT)
    if not isinstance(op.arg("epsilon", 1e-5), float):
        raise ModelError(f"epsilon is {op.arg('epsilon')!r}; expected a number such as 1e-5")
    return op.inputs[0]


def _check_parameters(op: OpSpec, count: int, shapes: list[tuple[int, ...]]) -> None:
    for tensor in op.inputs[1:]:
        if tensor.shape not in [(count,), *shapes]:
            raise ModelError(f"a parameter is {list(tensor.shape)} where {list(shapes[0])} is expected")


def _spell(args: Arguments, rank: int) -> Arguments:
    kept = {name: value for name, value in args.items() if name != "epsilon"}
    return kept | {"axis": count_from_front(args["axis"], rank)} if "axis" in args else kept


def _name_groups(op: OpSpec) -> str:
    """Say how many groups a kernel goes through, unless each channel is one."""
    return "" if op.op_type == "InstanceNorm" else f"{op.arg('group', _GROUPS)} groups"


def _name_parameters(op: OpSpec) -> str:
    return "without summand" if len(op.inputs) == 2 else ""


_ROWS = Rule(
    _infer_rows,
    has_weights=True,
    sizes=frozenset({"axis", "elementwise_affine"}),
    defaults=(("axis", 1),),
    kind=_name_parameters,
    view=see_matrix,
    spell=_spell,
)
_CHANNELS = replace(
    _ROWS,
    infer=_infer_channels,
    orders=ANY_ORDER,
    sizes=frozenset(),
    defaults=(("group", _GROUPS),),
    kind=_name_groups,
    view=see_feature_map,
)

RULES = {
    "GroupNorm": _CHANNELS,
    "InstanceNorm": _CHANNELS,
    "LayerNorm": _ROWS,
    "RMSNorm": _ROWS,
}
