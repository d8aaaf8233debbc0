"""Network definitions: reading and writing them, and seeing a net as a list of OpSpec.

A net is read with its parameters' shapes only; no value of a weight is ever looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from lut.caffe2_pb2 import NetDef, OperatorDef, TensorProto
from lut.errors import ModelError
from lut.files import read_bytes, write_atomically
from lut.frontends.named import NamedOp
from lut.ops import FLOAT, INT32, UINT8, OpSpec, TensorSpec, argument_value, infer_outputs

__all__ = [
    "list_named_ops",
    "list_ops",
    "make_op_spec",
    "parameter_specs",
    "read_netdef",
    "write_netdef",
]

_FILLS = {
    "ConstantFill": FLOAT,
    "GaussianFill": FLOAT,
    "GivenTensorBoolFill": TensorProto.BOOL,
    "GivenTensorByteStringToUInt8Fill": UINT8,
    "GivenTensorDoubleFill": TensorProto.DOUBLE,
    "GivenTensorFill": FLOAT,
    "GivenTensorInt16Fill": TensorProto.INT16,
    "GivenTensorInt64Fill": TensorProto.INT64,
    "GivenTensorIntFill": INT32,
    "GivenTensorStringFill": TensorProto.STRING,
    "Int8GivenIntTensorFill": INT32,
    "Int8GivenTensorFill": UINT8,
    "MSRAFill": FLOAT,
    "UniformFill": FLOAT,
    "UniformIntFill": INT32,
    "XavierFill": FLOAT,
}
"""Caffe2's operators that make a tensor from nothing, with the dtype they make."""


def read_netdef(path: Path) -> NetDef:
    """Read a NetDef, in text form if the name ends in .pbtxt, else in wire form.

    Raises:
        ModelError: the file can't be read, or holds no network definition.
    """
    data = read_bytes(path, ModelError)
    net = NetDef()
    try:
        if path.suffix == ".pbtxt":
            text_format.Parse(data.decode(), net, allow_unknown_field=True)
        else:
            net.ParseFromString(data)
        _check_texts(net)
    except (DecodeError, UnicodeDecodeError, text_format.ParseError, RecursionError) as error:
        raise ModelError(
            f"{path} is not a Caffe2 network definition ({error}). Expected a serialised NetDef, "
            f"or its text form with the ending .pbtxt."
        ) from error
    return net


def _check_texts(net: NetDef) -> None:
    """Refuse names that are not UTF-8: protobuf reads proto2 texts unchecked, and gives such as bytes."""
    texts = [net.name, *net.external_input, *net.external_output]
    for op in net.op:
        texts += (op.type, op.name, *op.input, *op.output, *(arg.name for arg in op.arg))
    for text in texts:
        if isinstance(text, bytes):
            raise DecodeError(f"{text!r} is not text")


def write_netdef(net: NetDef, path: Path) -> None:
    """Write a NetDef, in text form if the name ends in .pbtxt, else in wire form; all or nothing."""
    if path.suffix == ".pbtxt":
        write_atomically(path, text_format.MessageToString(net).encode())
    else:
        write_atomically(path, net.SerializeToString(deterministic=True))


def parameter_specs(init_net: NetDef) -> dict[str, TensorSpec]:
    """Give shape and dtype of every blob that a net of fill operators makes.

    Raises:
        ModelError: an operator that makes a blob of unknown shape.
    """
    specs: dict[str, TensorSpec] = {}
    for op in init_net.op:
        if op.type in _FILLS:
            specs[op.output[0]] = _filled(op, specs)
        else:
            _run_shapes(op, specs)
    return specs


def _filled(op: OperatorDef, specs: Mapping[str, TensorSpec]) -> TensorSpec:
    if not op.output:
        raise ModelError(f"{op.type} has no output.")
    args = {arg.name: argument_value(arg) for arg in op.arg}
    dtype = args.get("dtype", _FILLS[op.type])
    if not isinstance(dtype, int):
        raise ModelError(f"{op.type} of {op.output[0]!r} has the dtype {dtype!r}; expected a number.")
    if op.input and not args.get("input_as_shape"):
        if op.input[0] not in specs:
            raise ModelError(
                f"{op.type} of {op.output[0]!r} is shaped like {op.input[0]!r}, which is not there."
            )
        return TensorSpec(specs[op.input[0]].shape, dtype)
    if op.input:
        raise ModelError(
            f"{op.type} of {op.output[0]!r} takes its shape from a blob's values, which are never read. "
            f"Write the shape as the argument `shape`."
        )
    shape = args.get("shape", ())
    if not isinstance(shape, tuple) or not all(isinstance(size, int) for size in shape):
        raise ModelError(f"{op.type} of {op.output[0]!r} has the shape {shape!r}; expected whole numbers.")
    return TensorSpec(tuple(map(int, shape)), dtype)


def make_op_spec(op: OperatorDef, inputs: tuple[TensorSpec, ...]) -> OpSpec:
    """Write an operator of a net down as OpSpec; quantisation figures and names fall away."""
    return OpSpec(op.type, tuple((arg.name, argument_value(arg)) for arg in op.arg), inputs)


def _run_shapes(op: OperatorDef, specs: dict[str, TensorSpec]) -> OpSpec:
    """Run one operator on shapes alone: read its inputs from `specs`, write its outputs there."""
    missing = [name for name in op.input if name not in specs]
    if missing:
        raise ModelError(
            f"{op.type} needs {', '.join(map(repr, missing))}, which neither an earlier operator, "
            f"nor the init net, nor the input dims give."
        )
    spec = make_op_spec(op, tuple(specs[name] for name in op.input))
    outputs = infer_outputs(spec)
    if len(op.output) > len(outputs):
        raise ModelError(f"{op.type} has {len(op.output)} outputs, its rule knows {len(outputs)}.")
    specs.update(zip(op.output, outputs, strict=False))
    return spec


def list_ops(net: NetDef, known: Mapping[str, TensorSpec]) -> tuple[OpSpec, ...]:
    """Give the net's operators in order, from the shapes of its inputs and parameters.

    Raises:
        ModelError: an operator that is unknown or does not fit, named by its place in the net.
    """
    return tuple(named.op for named in list_named_ops(net, known))


def list_named_ops(net: NetDef, known: Mapping[str, TensorSpec]) -> tuple[NamedOp, ...]:
    """Give the net's operators as `list_ops` does, with the names of their blobs.

    Raises:
        ModelError: as `list_ops`.
    """
    specs = dict(known)
    ops = []
    for index, op in enumerate(net.op):
        try:
            ops.append(NamedOp(_run_shapes(op, specs), tuple(op.input), tuple(op.output)))
        except ModelError as error:
            name = op.name or (op.output[0] if op.output else "")
            raise ModelError(f"operator {index} ({name!r}): {error}") from error
    return tuple(ops)
