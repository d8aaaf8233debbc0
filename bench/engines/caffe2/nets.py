"""From an operator to the two Caffe2 nets that run it alone: an init net and a predict net.

The init net makes every input by fill operators, so no weight is ever shipped; the predict net is the
operator itself. Both run in the stock `speed_benchmark` too. The values are uniform in [-1, 1): inside
the unit range fp32 operators need (denormals cost them 40 to 60 %), and of no effect on 8-bit ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from bench.engines.caffe2.values import OFFSET, PROBABILITIES, PROBABILITY_SCALE, give, make_operator
from bench.engines.engine import SCALE, NetSource, Values
from lut.caffe2_pb2 import NetDef, OperatorDef
from lut.errors import ModelError
from lut.ops import (
    FLOAT,
    INT32,
    UINT8,
    ArgumentValue,
    OpSpec,
    TensorSpec,
    Window,
    count_activations,
    infer_outputs,
)

__all__ = ["OpNets", "build_nets", "lower", "uniform_fill"]

_RANDOM_ELEMENTS = 1024
"""Above this many elements a tensor is random along its last axes only, and repeated along the first."""

_DEPTHWISE, _FAST = "DEPTHWISE_3x3", "NNPACK"
"""The kernels that the released fp32 convolutions ask for first; where they have none, the engine falls
back. What they don't know they don't refuse: see `_conv_engine`."""


@dataclass(frozen=True)
class OpNets:
    """The nets of an operator, or of a whole model, and the id by which the program names them."""

    id: str
    init_net: NetDef
    predict_net: NetDef

    def to_source(self) -> NetSource:
        """Give the nets as the program takes them, serialised."""
        first, second = (
            net.SerializeToString(deterministic=True) for net in (self.init_net, self.predict_net)
        )
        return NetSource(self.id, first, second)


def lower(op: OpSpec, values: Sequence[Values] | None = None) -> NetSource:
    """Write the nets that run one operator; see `build_nets`."""
    return build_nets(op, values).to_source()


def build_nets(op: OpSpec, values: Sequence[Values] | None = None) -> OpNets:
    """Build the nets that run one operator, on the values given for its inputs or on random ones.

    Raises:
        ModelError: the operator does not fit its shape rule (the engine would corrupt memory on some
            such operators), or has an input of a dtype that no fill operator is known for.
    """
    outputs = [f"output_{index}" for index in range(len(infer_outputs(op)))]
    inputs = [f"input_{index}" for index in range(len(op.inputs))]
    init_net = NetDef(name=f"{op.id}_init")
    for index, (name, tensor) in enumerate(zip(inputs, op.inputs, strict=True)):
        given = None if values is None else values[index]
        init_net.op.extend(_fill(name, tensor, op) if given is None else [give(name, tensor, given)])
    predict_net = NetDef(name=op.id, external_input=inputs, external_output=outputs)
    predict_net.op.append(
        make_operator(op.op_type, inputs, outputs, dict(op.args) | _quantization(op.op_type))
    )
    predict_net.arg.add(
        name="activations", strings=[name.encode() for name in inputs[: count_activations(op)]]
    )
    if op.op_type == "Conv":
        predict_net.op[0].engine = _conv_engine(op)
    return OpNets(op.id, init_net, predict_net)


def _conv_engine(op: OpSpec) -> str:
    """Choose the kernels of an fp32 convolution as a careful exporter would.

    With dilation both corrupt memory, and with groups of several channels the depthwise one fails.
    """
    if Window.read(op).dilation != (1, 1):
        return ""
    group = op.arg("group", 1)
    out_channels = op.inputs[1].shape[0]
    grouped = group > 1 and not group == out_channels == op.inputs[1].elements // prod(Window.read(op).kernel)
    return _FAST if grouped else f"{_DEPTHWISE},{_FAST}"


def _quantization(op_type: str) -> dict[str, ArgumentValue]:
    if op_type in PROBABILITIES:
        return {"Y_scale": PROBABILITY_SCALE, "Y_zero_point": 0}
    if op_type.startswith("Int8") and op_type != "Int8Dequantize":
        return {"Y_scale": SCALE, "Y_zero_point": OFFSET}
    return {}


def _fill(name: str, tensor: TensorSpec, op: OpSpec) -> list[OperatorDef]:
    if tensor.dtype == FLOAT:
        return _uniform(name, tensor)
    if tensor.dtype == UINT8:
        quantize = {"Y_scale": SCALE, "Y_zero_point": OFFSET}
        return [
            *_uniform(f"{name}_float", tensor),
            make_operator("Int8Quantize", [f"{name}_float"], [name], quantize),
        ]
    if tensor.dtype == INT32:
        zeros: dict[str, ArgumentValue] = {
            "shape": tensor.shape,
            "values": (0,) * tensor.elements,
            "Y_scale": SCALE * SCALE,
            "Y_zero_point": 0,
        }
        return [make_operator("Int8GivenIntTensorFill", [], [name], zeros)]
    raise ModelError(f"{op.describe()}: no fill operator is known for an input of dtype {tensor.dtype}.")


def _uniform(name: str, tensor: TensorSpec) -> list[OperatorDef]:
    """Fill with random values: large tensors by copies of a part, since nets then load in half the time."""
    axis = next((axis for axis, size in enumerate(tensor.shape) if size > 1), 0)
    tiles = tensor.shape[axis] if tensor.elements > _RANDOM_ELEMENTS else 1
    if tiles == 1:
        return [uniform_fill(name, tensor.shape)]
    part = (*tensor.shape[:axis], 1, *tensor.shape[axis + 1 :])
    return [
        uniform_fill(f"{name}_part", part),
        make_operator("Tile", [f"{name}_part"], [name], {"tiles": tiles, "axis": axis}),
    ]


def uniform_fill(name: str, shape: tuple[int, ...]) -> OperatorDef:
    """Fill a float tensor with random values in [-1, 1)."""
    return make_operator("UniformFill", [], [name], {"shape": shape, "min": -1.0, "max": 1.0})
