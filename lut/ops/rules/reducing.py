"""One value for many: ReduceMean, ReduceSum, ReduceL2 (fp32), and Int8ReduceMean.

ReduceL2 is the root of the sum of squares.

`axes` are the dimensions; they stay, with size 1, unless `keepdims` is 0.
"""

from __future__ import annotations

from lut.errors import ModelError
from lut.ops.arguments import ArgumentValue
from lut.ops.rules.rule import Arguments, Outputs, Rule, int_arg, take_input
from lut.ops.rules.view import see_rows
from lut.ops.spec import OpSpec, TensorSpec

__all__ = ["RULES"]


def _infer(op: OpSpec) -> Outputs:
    x = take_input(op)
    axes = _count_from_end(op.arg("axes", ()), len(x.shape))
    if axes is None:
        raise ModelError(
            f"axes are {op.arg('axes', ())}; expected some of an input's {len(x.shape)} dimensions"
        )
    kept = int_arg(op, "keepdims", 1)
    sizes = [
        1 if place - len(x.shape) in axes else size
        for place, size in enumerate(x.shape)
        if kept or place - len(x.shape) not in axes
    ]
    return (TensorSpec(tuple(sizes), x.dtype),)


def _count_from_end(axes: ArgumentValue, rank: int) -> tuple[int, ...] | None:
    """Give axes as -1, -2 … from the last on, sorted; None for what is none, or names one twice."""
    if not isinstance(axes, tuple) or not axes:
        return None
    inside = [axis for axis in axes if isinstance(axis, int) and -rank <= axis < rank]
    counted = {axis - rank if axis >= 0 else axis for axis in inside}
    return tuple(sorted(counted)) if len(counted) == len(axes) else None


def _spell(args: Arguments, rank: int) -> Arguments:
    axes = _count_from_end(args.get("axes", ()), rank)
    return args if axes is None else args | {"axes": axes}


_REDUCED = Rule(_infer, defaults=(("keepdims", 1),), view=see_rows, spell=_spell)

RULES = dict.fromkeys(("ReduceMean", "Int8ReduceMean", "ReduceSum", "ReduceL2"), _REDUCED)
