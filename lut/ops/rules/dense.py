"""Fully connected layers: FC (fp32) and Int8FC.

Inputs are X, the weight [N, K] and the bias [N]. X is taken as a matrix whose K columns are all its
dimensions from `axis` on (1 unless written).
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from lut.errors import ModelError
from lut.ops.rules.rule import Outputs, Rule, check_count, check_dtypes, check_rank, int_arg
from lut.ops.rules.view import see_matrix
from lut.ops.spec import FLOAT, INT32, UINT8, OpSpec, TensorSpec

__all__ = ["RULES"]


def _infer(op: OpSpec) -> Outputs:
    quantized = op.op_type.startswith("Int8")
    check_count(op, 3)
    check_dtypes(op, *((UINT8, UINT8, INT32) if quantized else (FLOAT,)))
    check_rank(op, 1, 2)
    axis, weight_axis = int_arg(op, "axis", 1), int_arg(op, "axis_w", 1)
    x, weight, bias = op.inputs
    if not 1 <= axis < len(x.shape) or weight_axis != 1:
        raise ModelError(f"axis is {axis} and axis_w {weight_axis}, supported are 1 … rank-1 and 1")
    rows, columns = weight.shape
    if prod(x.shape[axis:]) != columns:
        raise ModelError(
            f"the input has {prod(x.shape[axis:])} values from axis {axis} on, the weight {columns} columns"
        )
    if bias.shape != (rows,):
        raise ModelError(f"the bias is {list(bias.shape)} where [{rows}] is expected")
    return (TensorSpec((*x.shape[:axis], rows), x.dtype),)


def _multiply_adds(op: OpSpec, outputs: Outputs) -> int:
    return outputs[0].elements * op.inputs[1].shape[1]


_RULE = Rule(
    _infer,
    _multiply_adds,
    has_weights=True,
    sizes=frozenset({"axis"}),  # where the matrix begins; it is the same matrix then
    defaults=(("axis", 1), ("axis_w", 1)),
    view=see_matrix,
)

RULES = {
    "FC": _RULE,
    "FCRelu": replace(_RULE, unfused="FC"),
    "Int8FC": _RULE,
    "Int8FCRelu": replace(_RULE, unfused="Int8FC"),
}
