"""Operators that put values elsewhere: DepthToSpace and Pad (fp32), and each with Int8 before it.

DepthToSpace makes `block_size` x `block_size` pixels of each, with so many times fewer channels; a channel's
number says first where in the block it goes, then which channel it becomes (`DCR` in ONNX). Pad adds
`before[i]` and `after[i]` places of the constant `value` to dimension i.
"""

from __future__ import annotations

from dataclasses import replace

from lut.errors import ModelError
from lut.ops.arguments import ArgumentValue, normalise_value
from lut.ops.rules.rule import (
    ANY_ORDER,
    NHWC_ONLY,
    Outputs,
    Rule,
    check_rank,
    int_arg,
    take_input,
)
from lut.ops.rules.view import see_feature_map, see_rows
from lut.ops.rules.window import read_layout
from lut.ops.spec import OpSpec, TensorSpec

__all__ = ["RULES"]


def _infer_depth_to_space(op: OpSpec) -> Outputs:
    x = take_input(op)
    check_rank(op, 0, 4)
    layout, block = read_layout(op), int_arg(op, "block_size", 0)
    batch, channels, (height, width) = layout.split(x.shape)
    if block < 2 or channels % block**2:
        raise ModelError(f"block_size {block} must be from 2 on, and its square divide {channels} channels")
    return (layout.join(batch, channels // block**2, (height * block, width * block), x.dtype),)


def _infer_pad(op: OpSpec) -> Outputs:
    x = take_input(op)
    before, after = (_read_places(op.arg(name, ()), len(x.shape), name) for name in ("before", "after"))
    if not isinstance(op.arg("value", 0.0), float):
        raise ModelError(f"value is {op.arg('value')!r}; expected a number such as 0.0")
    sizes = (sum(places) for places in zip(before, x.shape, after, strict=True))
    return (TensorSpec(tuple(sizes), x.dtype),)


def _read_places(places: ArgumentValue, rank: int, name: str) -> tuple[int, ...]:
    whole = tuple(count for count in places if isinstance(count, int)) if isinstance(places, tuple) else ()
    if len(whole) != rank or places != whole or min(whole, default=0) < 0:
        raise ModelError(f"{name} is {places!r}; expected {rank} whole numbers from 0")
    return whole


_DEPTH_TO_SPACE = Rule(_infer_depth_to_space, orders=ANY_ORDER, view=see_feature_map)
_PAD = Rule(
    _infer_pad,
    sizes=frozenset({"after", "before"}),
    defaults=(("value", normalise_value(0.0)),),
    view=see_rows,
)

RULES = {
    "DepthToSpace": _DEPTH_TO_SPACE,
    "Int8DepthToSpace": replace(_DEPTH_TO_SPACE, orders=NHWC_ONLY),
    "Pad": _PAD,
    "Int8Pad": _PAD,
}
