"""Small ONNX models, made as an exporter would write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["conv_model", "save"]

OPSET = 17


def conv_model(dims: list[Any], channels: int = 8, opset: int = OPSET) -> onnx.ModelProto:
    """A convolution with 3x3 weights, a ReLU, and a reshape whose target is a constant."""
    weight = numpy_helper.from_array(np.ones((channels, 3, 3, 3), np.float32), "weight")
    target = numpy_helper.from_array(np.array([1, -1], np.int64), "target")
    nodes = [
        helper.make_node("Conv", ["x", "weight"], ["y"], name="first", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["y"], ["z"]),
        helper.make_node("Reshape", ["z", "target"], ["flat"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)
    flat = helper.make_tensor_value_info("flat", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "net", [x], [flat], [weight, target])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def save(model: onnx.ModelProto, path: Path) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


def parse(graph: str, opset: int = 17, **constants: object) -> onnx.ModelProto:
    """Make a model from ONNX's own text form; inputs not called x… are parameters, of zeros unless given.

    parse("(float[1,16,14,14] x, float[24,16,3,3] w) => (float[1,24,12,12] y) { y = Conv(x, w) }")
    """
    domains = f'"" : {opset}, "com.microsoft" : 1'
    model = onnx.parser.parse_model(f"<ir_version: 8, opset_import: [{domains}]> net {graph}")
    brought = [each for each in model.graph.input if not each.name.startswith("x")]
    for each in brought:
        tensor = each.type.tensor_type
        shape = [dim.dim_value for dim in tensor.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        values = np.asarray(constants.get(each.name, 0), dtype)
        model.graph.initializer.append(
            numpy_helper.from_array(np.array(np.broadcast_to(values, shape)), each.name)
        )
        model.graph.input.remove(each)
    return model
