"""Real values as Caffe2 holds them, and back."""

from __future__ import annotations

from collections.abc import Mapping

from bench.engines.engine import SCALE, Values
from lut.caffe2_pb2 import OperatorDef
from lut.ops import FLOAT, UINT8, ArgumentValue, OpSpec, TensorSpec, infer_outputs, make_argument

__all__ = ["OFFSET", "PROBABILITIES", "PROBABILITY_SCALE", "give", "make_operator", "read_output"]

OFFSET = 128
"""The zero point of 8-bit values. Int8ChannelShuffle needs equal ones."""

PROBABILITIES = ("Int8Sigmoid", "Int8Softmax")
PROBABILITY_SCALE = 1 / 256
"""These accept no other output scale, with zero point 0, and abort the process otherwise."""


def make_operator(
    op_type: str, inputs: list[str], outputs: list[str], args: Mapping[str, ArgumentValue]
) -> OperatorDef:
    """Write an operator of a net."""
    definition = OperatorDef(type=op_type, input=inputs, output=outputs)
    definition.arg.extend(make_argument(name, value) for name, value in args.items())
    return definition


def give(name: str, tensor: TensorSpec, values: Values) -> OperatorDef:
    """Write the operator that makes a tensor of these values, as near as its type comes to them."""
    args: dict[str, ArgumentValue] = {"shape": tensor.shape}
    if tensor.dtype == FLOAT:
        return make_operator("GivenTensorFill", [], [name], args | {"values": tuple(values.ravel().tolist())})
    if tensor.dtype == UINT8:
        levels = (values / SCALE).round().clip(-OFFSET, OFFSET - 1) + OFFSET
        args |= {"values": levels.astype("uint8").tobytes(), "Y_scale": SCALE, "Y_zero_point": OFFSET}
        return make_operator("Int8GivenTensorFill", [], [name], args)
    whole = tuple(map(int, (values / SCALE**2).round().ravel().tolist()))
    args |= {"values": whole, "Y_scale": SCALE**2, "Y_zero_point": 0}
    return make_operator("Int8GivenIntTensorFill", [], [name], args)


def read_output(op: OpSpec, content: bytes) -> Values:
    """Read an operator's first output."""
    import numpy as np  # a command that measures nothing should not wait for it

    tensor = infer_outputs(op)[0]
    numbers = np.frombuffer(content, "<f4" if tensor.dtype == FLOAT else np.uint8).astype(np.float64)
    if op.op_type in PROBABILITIES:
        numbers *= PROBABILITY_SCALE
    elif tensor.dtype == UINT8:
        numbers = (numbers - OFFSET) * SCALE
    return numbers.reshape(tensor.shape)
