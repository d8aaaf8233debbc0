"""Products with something smaller: Mul (fp32), PRelu (fp32), and each with Int8 before it.

Mul takes two tensors of as many dimensions; where the second has size 1, it is repeated to the size of the
first, as squeeze and excitation repeats a factor for each channel. PRelu multiplies what is negative by its
second input, a slope for each channel [C] or for all [1].
"""

from __future__ import annotations

from dataclasses import replace

from lut.errors import ModelError
from lut.ops.rules.rule import ANY_ORDER, NHWC_ONLY, Outputs, Rule, check_count, check_own_dtype, check_rank
from lut.ops.rules.view import see_feature_map
from lut.ops.rules.window import read_layout
from lut.ops.spec import OpSpec, TensorSpec

__all__ = ["RULES"]


def _check_inputs(op: OpSpec) -> tuple[TensorSpec, TensorSpec]:
    check_count(op, 2)
    check_own_dtype(op)
    return op.inputs[0], op.inputs[1]


def _infer_mul(op: OpSpec) -> Outputs:
    first, second = _check_inputs(op)
    pairs = zip(first.shape, second.shape, strict=False)
    if len(first.shape) != len(second.shape) or any(size not in (1, most) for most, size in pairs):
        raise ModelError(
            f"its inputs are {list(first.shape)} and {list(second.shape)}; expected as many dimensions, "
            f"each of the second of the first's size or 1"
        )
    return (first,)


def _name_repetition(op: OpSpec) -> str:
    """Say along which dimensions the second input is repeated, counted from the last as -1."""
    first, second = (tensor.shape[::-1] for tensor in op.inputs)
    places = [
        str(-1 - place) for place, (most, size) in enumerate(zip(first, second, strict=False)) if size != most
    ]
    return f"repeated along {' '.join(places)}" if places else ""


def _infer_prelu(op: OpSpec) -> Outputs:
    x, slope = _check_inputs(op)
    check_rank(op, 0, 4)
    _, channels, _ = read_layout(op).split(x.shape)
    if slope.shape not in ((channels,), (1,)):
        raise ModelError(f"the slope is {list(slope.shape)} where [{channels}] or [1] is expected")
    return (x,)


def _name_slope(op: OpSpec) -> str:
    return "one slope" if op.inputs[1].shape == (1,) else ""


_MUL = Rule(_infer_mul, kind=_name_repetition)
_PRELU = Rule(_infer_prelu, has_weights=True, orders=ANY_ORDER, kind=_name_slope, view=see_feature_map)

RULES = {
    "Mul": _MUL,
    "Int8Mul": _MUL,
    "PRelu": _PRELU,
    "Int8PRelu": replace(_PRELU, orders=NHWC_ONLY),
}
