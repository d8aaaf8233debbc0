"""An operator and the ReLU behind it as one operator, for engines that run them so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lut.ops.rules import RULES
from lut.ops.shapes import infer_outputs
from lut.ops.spec import OpSpec

__all__ = ["fuse", "fuse_neighbours", "unfused_type"]

_FUSED = {rule.unfused: op_type for op_type, rule in RULES.items() if rule.unfused}

_ACTIVATIONS = {"Int8Relu", "Relu"}
_CLIPS = {"Clip", "Int8Clip"}


def unfused_type(op_type: str) -> str:
    """Give the type without the ReLU that is fused into it; of others, the type itself."""
    return RULES[op_type].unfused or op_type


def fuse(op: OpSpec, activation: OpSpec) -> OpSpec | None:
    """Give one operator that does what two do, the second reading nothing but what the first writes.

    A Clip from 0 on is such a ReLU too: engines that fuse either keep values between two bounds.
    None where the second is no ReLU, or the first has no type with one.

    Raises:
        ModelError: the first operator does not fit its shape rule.
    """
    fused = _FUSED.get(op.op_type)
    is_relu = activation.op_type in _ACTIVATIONS or (
        activation.op_type in _CLIPS and activation.arg("min") == 0
    )
    if fused is None or not is_relu or activation.inputs != infer_outputs(op)[:1]:
        return None
    return OpSpec(fused, op.args, op.inputs)


def fuse_neighbours(ops: Iterable[OpSpec]) -> Iterator[OpSpec]:
    """Fuse operators of a chain, in which each reads what the one before it writes.

    Raises:
        ModelError: an operator does not fit its shape rule.
    """
    held: OpSpec | None = None
    for op in ops:
        fused = None if held is None else fuse(held, op)
        if fused is not None:
            yield fused
            held = None
            continue
        if held is not None:
            yield held
        held = op
    if held is not None:
        yield held
