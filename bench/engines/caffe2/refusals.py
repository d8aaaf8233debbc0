"""What Caffe2 of torch 1.8.1 has no operator for, or computes something else in its place."""

from __future__ import annotations

from lut.ops import OpSpec, infer_outputs

__all__ = ["refusal"]

_ABSENT = {
    *("AddRelu", "DepthToSpace", "FCRelu", "HardSwish", "Pad", "ResizeBilinear"),
    *("Int8Clip", "Int8DepthToSpace", "Int8FCRelu", "Int8HardSigmoid", "Int8HardSwish", "Int8Mul"),
    *("Int8PRelu", "Int8Pad", "Int8ReduceMean", "Int8ResizeBilinear"),
    *("Int8Abs", "Int8BatchMatMul", "Int8Exp", "Int8Gelu", "Int8Negative", "Int8Sqr", "Int8Sqrt", "Int8Sub"),
    *("Int8Tanh", "Int8Tile"),
}


def refusal(op: OpSpec) -> str | None:
    """Say why Caffe2 does not run an operator; None if it does, or only a run can tell."""
    if op.op_type in _ABSENT:
        return f"Caffe2 has no operator {op.op_type}."
    if op.op_type.startswith("Int8Add") and len({tensor.shape for tensor in op.inputs}) > 1:
        return f"{op.describe()}: Caffe2 adds 8-bit values of equal shapes only."
    if op.op_type == "RMSNorm" and len(op.inputs) == 2:
        return f"{op.describe()}: Caffe2 adds a third input to what it has normalised."
    if op.op_type in ("Slice", "Int8Slice") and _count_cuts(op) > 1:
        return f"{op.describe()}: Caffe2 slices one dimension only."
    if op.op_type == "Int8FC" and op.arg("axis", 1) != 1:
        return f"{op.describe()}: Caffe2 takes 8-bit values as a matrix from axis 1 on only."
    if op.op_type == "Int8Softmax" and op.arg("axis", 1) not in (1, 1 - len(op.inputs[0].shape)):
        return f"{op.describe()}: Caffe2 normalises 8-bit values from axis 1 on, whatever is written."
    return None


def _count_cuts(op: OpSpec) -> int:
    (kept,) = infer_outputs(op)
    return sum(part != size for part, size in zip(kept.shape, op.inputs[0].shape, strict=True))
