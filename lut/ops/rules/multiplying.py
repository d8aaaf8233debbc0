"""Products of two activations: BatchMatMul (fp32) and Int8BatchMatMul, as attention makes them.

The last two dimensions are matrices, [M, K] and [K, N]; with `trans_a` or `trans_b` the first or second is
written the other way round. The dimensions before them are equal in both.
"""

from __future__ import annotations

from lut.errors import ModelError
from lut.ops.rules.rule import Outputs, Rule, check_count, check_own_dtype, int_arg
from lut.ops.rules.view import see_rows
from lut.ops.spec import OpSpec, TensorSpec

__all__ = ["RULES"]


def _infer(op: OpSpec) -> Outputs:
    check_count(op, 2)
    check_own_dtype(op)
    first, second = (tensor.shape for tensor in op.inputs)
    if len(first) < 2 or len(second) != len(first) or first[:-2] != second[:-2]:
        raise ModelError(
            f"its inputs are {list(first)} and {list(second)}; expected as many dimensions, two or more, "
            f"of equal sizes before the last two"
        )
    rows, inner = _turn(op, "trans_a", first)
    other, columns = _turn(op, "trans_b", second)
    if inner != other:
        raise ModelError(f"its matrices are [{rows}, {inner}] and [{other}, {columns}], which don't fit")
    return (TensorSpec((*first[:-2], rows, columns), op.inputs[0].dtype),)


def _turn(op: OpSpec, name: str, shape: tuple[int, ...]) -> tuple[int, int]:
    flag = int_arg(op, name, 0)
    if flag not in (0, 1):
        raise ModelError(f"{name} is {flag}; expected 0 or 1")
    rows, columns = shape[-2:]
    return (columns, rows) if flag else (rows, columns)


def _multiply_adds(op: OpSpec, outputs: Outputs) -> int:
    return outputs[0].elements * op.inputs[0].shape[-2 if op.arg("trans_a", 0) else -1]


_RULE = Rule(_infer, _multiply_adds, defaults=(("trans_a", 0), ("trans_b", 0)), view=see_rows)

RULES = {"BatchMatMul": _RULE, "Int8BatchMatMul": _RULE}
