"""Real values as Caffe2 holds them, and back."""

from __future__ import annotations

from bench.engines.engine import SCALE, Values
from lut.caffe2_pb2 import OperatorDef
from lut.ops import FLOAT, UINT8, OpSpec, TensorSpec, infer_outputs, make_argument

__all__ = ["OFFSET", "PROBABILITIES", "PROBABILITY_SCALE", "give", "read_output"]

OFFSET = 128
"""The zero point of 8-bit values. Int8ChannelShuffle needs equal ones."""

PROBABILITIES = ("Int8Sigmoid", "Int8Softmax")
PROBABILITY_SCALE = 1 / 256
"""These accept no other output scale, with zero point 0, and abort the process otherwise."""


def give(name: str, tensor: TensorSpec, values: Values) -> OperatorDef:
    """Write the operator that makes a tensor of these values, as near as its type comes to them."""
    if tensor.dtype == FLOAT:
        return _operator("GivenTensorFill", name, shape=tensor.shape, values=tuple(values.ravel().tolist()))
    if tensor.dtype == UINT8:
        levels = (values / SCALE).round().clip(-OFFSET, OFFSET - 1) + OFFSET
        content = levels.astype("uint8").tobytes()
        scale = {"Y_scale": SCALE, "Y_zero_point": OFFSET}
        return _operator("Int8GivenTensorFill", name, shape=tensor.shape, values=content, **scale)
    whole = tuple(map(int, (values / SCALE**2).round().ravel().tolist()))
    return _operator(
        "Int8GivenIntTensorFill", name, shape=tensor.shape, values=whole, Y_scale=SCALE**2, Y_zero_point=0
    )


def _operator(op_type: str, output: str, **args: object) -> OperatorDef:
    definition = OperatorDef(type=op_type, output=[output])
    definition.arg.extend(make_argument(name, value) for name, value in args.items())  # type: ignore[arg-type]
    return definition


def read_output(op: OpSpec, content: bytes) -> Values:
    """Read an operator's first output."""
    import numpy as np  # a command that measures nothing should not wait for it

    tensor = infer_outputs(op)[0]
    if tensor.dtype == FLOAT:
        return _shape(np.frombuffer(content, "<f4").astype(np.float64), tensor)
    levels = np.frombuffer(content, np.uint8).astype(np.float64)
    if op.op_type in PROBABILITIES:
        return _shape(levels * PROBABILITY_SCALE, tensor)
    return _shape((levels - OFFSET) * SCALE, tensor)


def _shape(values: Values, tensor: TensorSpec) -> Values:
    return values.reshape(tensor.shape)
