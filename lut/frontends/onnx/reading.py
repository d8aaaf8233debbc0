"""An ONNX model as a graph of nodes whose tensors have shapes: what the operators are found in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper, shape_inference

from lut.errors import ModelError
from lut.frontends.nodes import Graph, Value
from lut.frontends.onnx.arranging import arrange
from lut.frontends.onnx.following import follow
from lut.frontends.onnx.inputs import fix_inputs, forget_shapes
from lut.frontends.onnx.operators import OWN_DOMAINS, read_node
from lut.frontends.onnx.skeleton import read_skeleton

__all__ = ["read_graph"]


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
    model = arrange(path, model)
    graph = model.graph
    sparse = {each.values.name: each for each in graph.sparse_initializer}
    brought = {tensor.name for tensor in graph.initializer} | sparse.keys()
    inputs = [each for each in graph.input if each.name not in brought]
    if fix_inputs(path, inputs, input_dims or {}):
        forget_shapes(graph)
    try:
        inferred = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    except (shape_inference.InferenceError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{path}: the shapes of its tensors don't fit each other: {reason}") from error
    values = {each.name: value for each in _list_infos(inferred) if (value := _read_info(each)) is not None}
    values |= {each.name: Value(tuple(each.dims), each.data_type) for each in graph.initializer}
    values |= {name: Value(tuple(each.dims), each.values.data_type) for name, each in sparse.items()}
    opset = _opset(model)
    constants = _read_constants(path, graph)
    followed = follow(model, inferred, values, constants, partial(_read_constants, path))
    nodes = tuple(read_node(node, opset) for node in followed.nodes)
    return Graph(
        path,
        nodes,
        tuple(each.name for each in inputs),
        tuple(each.name for each in graph.output),
        followed.values,
        frozenset(brought | constants.keys() | followed.brought),
        followed.constants,
        opset,
    )


def _parse(path: Path) -> onnx.ModelProto:
    model = onnx.ModelProto()
    try:
        model.ParseFromString(read_skeleton(path))
    except DecodeError as error:
        raise ModelError(
            f"{path} is not an ONNX model ({error}). Expected a file as torch.onnx.export writes it."
        ) from error
    if _holds_no_text(model.graph):
        raise ModelError(f"{path} is not an ONNX model: names in it are not text. Export it again.")
    if not model.graph.node:
        raise ModelError(
            f"{path} holds no ONNX graph with nodes. Expected a file as torch.onnx.export writes it."
        )
    if not model.graph.output:
        raise ModelError(f"{path} holds an ONNX graph without outputs. Export it again.")
    return model


def _holds_no_text(graph: onnx.GraphProto) -> bool:
    """Tell whether a name is not UTF-8: protobuf reads those of proto2 unchecked, and gives such as bytes."""
    for node in graph.node:
        texts = [node.name, node.op_type, node.domain, *node.input, *node.output]
        if any(isinstance(text, bytes) for text in (*texts, *(each.name for each in node.attribute))):
            return True
    infos = (*graph.input, *graph.output, *graph.value_info)
    names = (*(each.name for each in infos), *(each.name for each in graph.initializer))
    return any(isinstance(name, bytes) for name in names)


def _opset(model: onnx.ModelProto) -> int:
    return max((each.version for each in model.opset_import if each.domain in OWN_DOMAINS), default=1)


def _check_version(path: Path, model: onnx.ModelProto) -> None:
    known = onnx.defs.onnx_opset_version()
    if _opset(model) > known:
        raise ModelError(
            f"{path} uses opset {_opset(model)} of ONNX; the installed onnx {onnx.__version__} knows opsets "
            f"up to {known}. Run `pip install --upgrade onnx`, or export the model for opset {known}."
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


def _read_constants(path: Path, graph: onnx.GraphProto) -> dict[str, NDArray[Any]]:
    """Read the values of small tensors: initialisers, and those that Constant nodes hold.

    Raises:
        ModelError: the values of one are not those of its type and shape.
    """
    tensors = {each.name: each for each in graph.initializer}
    constants: dict[str, NDArray[Any]] = {}
    for node in graph.node:
        if node.op_type != "Constant" or node.domain not in OWN_DOMAINS or not node.output:
            continue
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                tensors[node.output[0]] = attribute.t
            elif attribute.name in ("value_int", "value_ints", "value_float", "value_floats"):
                constants[node.output[0]] = np.asarray(onnx.helper.get_attribute_value(attribute))
    for name, tensor in tensors.items():
        if tensor.data_location == onnx.TensorProto.EXTERNAL or not _has_data(tensor):
            continue
        try:
            constants[name] = numpy_helper.to_array(tensor)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{path}: the values of {name!r} can't be read ({error}). Export the model again."
            ) from error
    return constants


def _has_data(tensor: onnx.TensorProto) -> bool:
    """Tell whether a tensor's data are there: those of large ones were left out."""
    fields = ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data")
    return any(len(getattr(tensor, name)) for name in fields)
