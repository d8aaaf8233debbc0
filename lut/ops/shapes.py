"""What an operator gives, makes and moves: shapes and dtypes, multiply-adds, bytes."""

from __future__ import annotations

from collections.abc import Iterable

from lut.errors import ModelError
from lut.ops.rules import RULES
from lut.ops.spec import FLOAT, INT32, INT64, UINT8, OpSpec, TensorSpec

__all__ = [
    "bytes_moved",
    "count_activations",
    "count_bytes",
    "has_int8",
    "infer_outputs",
    "multiply_adds",
    "weight_bytes",
]

_KEPT = "_outputs"
"""Where an operator keeps them, beside its own cached properties."""

_ITEM_BYTES = {FLOAT: 4, INT32: 4, INT64: 8, UINT8: 1}


def infer_outputs(op: OpSpec) -> tuple[TensorSpec, ...]:
    """Give shapes and dtypes of the operator's outputs, after checking that its inputs fit it.

    The operator keeps them: asked for again, they cost nothing.

    Raises:
        ModelError: an unknown operator type, or inputs and arguments that don't fit together. Such an
            operator must not reach the engine, which for some of them corrupts memory.
    """
    kept = vars(op).get(_KEPT)
    if kept is None:
        kept = vars(op)[_KEPT] = _infer(op)
    return kept


def _infer(op: OpSpec) -> tuple[TensorSpec, ...]:
    rule = RULES.get(op.op_type)
    if rule is None:
        raise ModelError(
            f"{op.op_type} is an operator type that has no rule. "
            f"Known: {', '.join(sorted(RULES))}. A new rule is one module in lut/ops/rules."
        )
    try:
        for tensor in op.inputs:
            if min(tensor.shape, default=1) < 1:
                raise ModelError(f"input of shape {list(tensor.shape)} holds nothing to compute on")
        return rule.infer(op)
    except ModelError as error:
        raise ModelError(f"{op.describe()}: {error}.") from error


def has_int8(op_type: str) -> bool:
    """Tell whether a type, written without a precision, runs in 8 bits on any engine; `refusal` asks one."""
    return f"Int8{op_type}" in RULES


def multiply_adds(op: OpSpec) -> int:
    """Count the multiplications with accumulation of one run; 0 for operators that make none."""
    outputs = infer_outputs(op)  # refuses a type without a rule
    return RULES[op.op_type].multiply_adds(op, outputs)


def count_activations(op: OpSpec) -> int:
    """Count the leading inputs that another operator has just written; parameters follow them."""
    return 1 if RULES[op.op_type].has_weights else len(op.inputs)


def bytes_moved(op: OpSpec) -> int:
    """Count the bytes of all inputs and outputs, each touched once."""
    return count_bytes(op.inputs + infer_outputs(op))


def weight_bytes(op: OpSpec) -> int:
    """Count the bytes of the operator's parameters."""
    return count_bytes(op.inputs[count_activations(op) :])


def count_bytes(tensors: Iterable[TensorSpec]) -> int:
    """Count the bytes of these tensors."""
    return sum(tensor.elements * _ITEM_BYTES.get(tensor.dtype, 4) for tensor in tensors)
