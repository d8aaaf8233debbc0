"""Two nets in the making: the one that predicts, and the one that fills its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lut.caffe2_pb2 import DeviceOption, NetDef, OperatorDef
from lut.ops import ArgumentValue, make_argument

__all__ = ["WORKSPACE", "Graph"]

WORKSPACE: Mapping[str, ArgumentValue] = {"ws_nbytes_limit": 256 << 20}
"""The scratch memory that most operators of the released graphs are allowed."""


@dataclass
class Graph:
    """Collects operators in order, and the parameters in the order in which they are first read."""

    ops: list[OperatorDef] = field(default_factory=list)
    fills: list[OperatorDef] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)

    def add(
        self,
        op_type: str,
        inputs: Iterable[str],
        output: str,
        args: Mapping[str, ArgumentValue] | None = None,
        engine: str | None = "",
    ) -> None:
        """Append an operator to the predict net; its arguments keep their order.

        The released graphs say where an operator runs and on which engine, though both are empty, but
        for those that the int8 exporter added by itself: for these `engine` is None.
        """
        op = make_operator(op_type, inputs, output, args or {})
        op.name = ""  # present, though empty
        if engine is not None:
            op.device_option.CopyFrom(DeviceOption())
            op.engine = engine
        self.ops.append(op)

    def fill(
        self, op_type: str, output: str, args: Mapping[str, ArgumentValue], inputs: Iterable[str] = ()
    ) -> None:
        """Append an operator to the init net."""
        self.fills.append(make_operator(op_type, inputs, output, args))

    def predict_net(self, name: str) -> NetDef:
        """Give the net that maps `data` to `softmax`."""
        inputs = ["data", *self.parameters]
        return NetDef(name=name, op=self.ops, external_input=inputs, external_output=["softmax"])

    def init_net(self, name: str) -> NetDef:
        """Give the net that fills the parameters. `data` is not among them: it is fed."""
        return NetDef(name=name, op=self.fills, external_output=self.parameters)


def make_operator(
    op_type: str, inputs: Iterable[str], output: str, args: Mapping[str, ArgumentValue]
) -> OperatorDef:
    """Make the message of an operator with one output."""
    arguments = [make_argument(name, value) for name, value in args.items()]
    return OperatorDef(type=op_type, input=inputs, output=[output], arg=arguments)
