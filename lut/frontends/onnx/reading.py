"""An ONNX model as a graph of nodes whose tensors have shapes: what the operators are found in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper, shape_inference

from lut.errors import ModelError
from lut.frontends.nodes import Graph, Node, Value
from lut.frontends.onnx.skeleton import read_skeleton

__all__ = ["read_graph"]

_OWN_DOMAINS = ("", "ai.onnx")


def read_graph(path: Path, input_dims: Mapping[str, tuple[int, ...]] | None = None) -> Graph:
    """Read an ONNX model with the shapes of its tensors. Weights are never read.

    Args:
        path: the `.onnx` file; data in other files beside it need not be there.
        input_dims: shapes of inputs; where none is given, an open first dimension is a batch of 1.

    Raises:
        ModelError: it is no ONNX model, of a version that is not known, or an input's shape is open.
    """
    model = _parse(path)
    _check_version(path, model)
    graph = model.graph
    brought = {tensor.name for tensor in graph.initializer}
    inputs = [each for each in graph.input if each.name not in brought]
    _fix_inputs(path, inputs, input_dims or {})
    try:
        inferred = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    except (shape_inference.InferenceError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{path}: the shapes of its tensors don't fit each other: {reason}") from error
    values = {each.name: value for each in _list_infos(inferred) if (value := _read_info(each)) is not None}
    values |= {each.name: Value(tuple(each.dims), each.data_type) for each in graph.initializer}
    nodes = tuple(map(_read_node, inferred.node))
    constants = _read_constants(graph)
    return Graph(
        path,
        nodes,
        tuple(each.name for each in inputs),
        tuple(each.name for each in graph.output),
        values,
        frozenset(brought | constants.keys()),
        constants,
        _opset(model),
    )


def _parse(path: Path) -> onnx.ModelProto:
    model = onnx.ModelProto()
    try:
        model.ParseFromString(read_skeleton(path))
    except DecodeError as error:
        raise ModelError(
            f"{path} is not an ONNX model ({error}). Expected a file as torch.onnx.export writes it."
        ) from error
    if not model.graph.node:
        raise ModelError(
            f"{path} holds no ONNX graph with nodes. Expected a file as torch.onnx.export writes it."
        )
    return model


def _opset(model: onnx.ModelProto) -> int:
    return max((each.version for each in model.opset_import if each.domain in _OWN_DOMAINS), default=1)


def _check_version(path: Path, model: onnx.ModelProto) -> None:
    known = onnx.defs.onnx_opset_version()
    if _opset(model) > known:
        raise ModelError(
            f"{path} uses opset {_opset(model)} of ONNX; the installed onnx {onnx.__version__} knows opsets "
            f"up to {known}. Run `pip install --upgrade onnx`, or export the model for opset {known}."
        )


def _fix_inputs(path: Path, inputs: list[onnx.ValueInfoProto], given: Mapping[str, tuple[int, ...]]) -> None:
    """Write the shapes of the inputs into them: those given, and a batch of 1 where it is open."""
    names = [each.name for each in inputs]
    unknown = [name for name in given if name not in names]
    if unknown:
        raise ModelError(
            f"{path} has no input {', '.join(map(repr, unknown))}; it has {', '.join(map(repr, names))}."
        )
    for each in inputs:
        dims = each.type.tensor_type.shape.dim
        if each.name in given:
            del dims[:]
            for size in given[each.name]:
                dims.add(dim_value=size)
        elif dims and dims[0].dim_value < 1:
            dims[0].Clear()
            dims[0].dim_value = 1
        if not each.type.tensor_type.HasField("shape") or any(dim.dim_value < 1 for dim in dims):
            _refuse_open(path, each)


def _refuse_open(path: Path, info: onnx.ValueInfoProto) -> NoReturn:
    dims = info.type.tensor_type.shape.dim
    shown = ", ".join(str(dim.dim_value) if dim.dim_value > 0 else dim.dim_param or "?" for dim in dims)
    example = json.dumps({info.name: [dim.dim_value if dim.dim_value > 0 else 224 for dim in dims] or [1]})
    raise ModelError(
        f"{path}: the input {info.name!r} has the open shape [{shown}]. Give it by --input_dims, such as "
        f"'{example}'."
    )


def _list_infos(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    return [*graph.input, *graph.value_info, *graph.output]


def _read_info(info: onnx.ValueInfoProto) -> Value | None:
    """Read a tensor's shape; None where it is not known whole."""
    tensor = info.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    sizes = tuple(dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim)
    return None if min(sizes, default=0) < 0 else Value(sizes, tensor.elem_type)


def _read_node(node: onnx.NodeProto) -> Node:
    op_type = node.op_type if node.domain in _OWN_DOMAINS else f"{node.domain}.{node.op_type}"
    name = node.name or next(iter(node.output), "")
    attributes = {each.name: _read_attribute(each) for each in node.attribute}
    return Node(name, op_type, tuple(node.input), tuple(node.output), attributes)


def _read_attribute(attribute: onnx.AttributeProto) -> Any:
    """Give an attribute's value: numbers, texts and tuples of them; of anything else its message."""
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if attribute.type in (onnx.AttributeProto.INTS, onnx.AttributeProto.FLOATS):
        return tuple(value)
    return value


def _read_constants(graph: onnx.GraphProto) -> dict[str, NDArray[Any]]:
    """Read the values of small tensors: initialisers, and those that Constant nodes hold."""
    tensors = {each.name: each for each in graph.initializer}
    constants: dict[str, NDArray[Any]] = {}
    for node in graph.node:
        if node.op_type != "Constant" or node.domain not in _OWN_DOMAINS:
            continue
        for attribute in node.attribute:
            value = onnx.helper.get_attribute_value(attribute)
            if isinstance(value, onnx.TensorProto):
                tensors[node.output[0]] = value
            elif attribute.name in ("value_int", "value_ints", "value_float", "value_floats"):
                constants[node.output[0]] = np.asarray(value)
    for name, tensor in tensors.items():
        if tensor.data_location != onnx.TensorProto.EXTERNAL and _has_data(tensor):
            constants[name] = numpy_helper.to_array(tensor)
    return constants


def _has_data(tensor: onnx.TensorProto) -> bool:
    """Tell whether a tensor's data are there: those of large ones were left out."""
    fields = ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data")
    return any(len(getattr(tensor, name)) for name in fields)
