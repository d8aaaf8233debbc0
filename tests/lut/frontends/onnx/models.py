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
