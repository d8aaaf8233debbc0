"""The ways between fp32 and 8 bits: Int8Quantize (float to uint8) and Int8Dequantize (back)."""

from __future__ import annotations

from lut.ops.rules.rule import Outputs, Rule, check_count, check_dtypes
from lut.ops.spec import FLOAT, UINT8, OpSpec, TensorSpec

__all__ = ["RULES"]


def _infer_quantize(op: OpSpec) -> Outputs:
    check_count(op, 1)
    check_dtypes(op, FLOAT)
    return (TensorSpec(op.inputs[0].shape, UINT8),)


def _infer_dequantize(op: OpSpec) -> Outputs:
    check_count(op, 1)
    check_dtypes(op, UINT8)
    return (TensorSpec(op.inputs[0].shape, FLOAT),)


RULES = {"Int8Quantize": Rule(_infer_quantize), "Int8Dequantize": Rule(_infer_dequantize)}
