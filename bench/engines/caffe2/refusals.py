"""What Caffe2 of torch 1.8.1 has no operator for, or computes something else in its place."""

from __future__ import annotations

from lut.ops import OpSpec

__all__ = ["refusal"]

_ABSENT = {
    *("AddRelu", "DepthToSpace", "FCRelu", "HardSwish", "Pad", "ResizeBilinear"),
    *("Int8Clip", "Int8DepthToSpace", "Int8FCRelu", "Int8HardSigmoid", "Int8HardSwish", "Int8Mul"),
    *("Int8PRelu", "Int8Pad", "Int8ReduceMean", "Int8ResizeBilinear"),
}


def refusal(op: OpSpec) -> str | None:
    """Say why Caffe2 does not run an operator; None if it does, or only a run can tell."""
    if op.op_type in _ABSENT:
        return f"Caffe2 has no operator {op.op_type}."
    if op.op_type == "Int8Softmax" and op.arg("axis", 1) not in (1, 1 - len(op.inputs[0].shape)):
        return f"{op.describe()}: Caffe2 normalises 8-bit values from axis 1 on, whatever is written."
    return None
