"""What transformers add to convolutional nets: products of two activations, and normalised tokens."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.op_generators.family import Axis, Family, list_types, name_type, require_floats
from lut.ops import FLOAT, UINT8, OpSpec, TensorSpec

__all__ = ["BATCH_MATMUL", "LAYER_NORM", "RMS_NORM", "multiply", "normalise"]


def multiply(
    precision: str, *, heads: int, rows: int, inner: int, columns: int, trans_b: bool = False
) -> Iterator[OpSpec]:
    """Yield the product of two activations with a matrix for each head, the second as it is or transposed."""
    second = (columns, inner) if trans_b else (inner, columns)
    dtype = UINT8 if precision == "int8" else FLOAT
    tensors = [TensorSpec((1, heads, *matrix), dtype) for matrix in ((rows, inner), second)]
    yield OpSpec.of(name_type(precision, "BatchMatMul"), tensors, **({"trans_b": 1} if trans_b else {}))


def normalise(precision: str, kind: str, *, tokens: int, channels: int) -> Iterator[OpSpec]:
    """Yield the normalisation of tokens, each over its channels."""
    require_floats(precision, kind)
    parameters = [TensorSpec((channels,))] * (1 if kind == "RMSNorm" else 2)
    affine = {"elementwise_affine": 1} if kind == "LayerNorm" else {}
    yield OpSpec.of(kind, (TensorSpec((1, tokens, channels)), *parameters), axis=2, **affine)


def _family(kind: str) -> Family:
    return Family((kind,), (Axis("tokens"), Axis("channels")), partial(normalise, kind=kind))


BATCH_MATMUL = Family(
    list_types("BatchMatMul"),
    (Axis("heads"), Axis("rows"), Axis("inner"), Axis("columns"), Axis("trans_b", False, False)),
    multiply,
)
LAYER_NORM = _family("LayerNorm")
RMS_NORM = _family("RMSNorm")
