"""The nine nets that the package onnx brings with it for its own tests, weights left out."""

from __future__ import annotations

from collections import Counter
from math import prod
from pathlib import Path

import onnx
import pytest

from lut.frontends import Lost, load_model
from lut.frontends.nodes import Graph
from lut.frontends.onnx.reading import read_graph
from lut.ops import infer_outputs

FOLDER = Path(onnx.__file__).parent / "backend/test/data/light"

UNMAPPED = {"bvlc_alexnet": 2, "inception_v1": 2, "zfnet512": 2}

NETS = (
    "bvlc_alexnet",
    "densenet121",
    "inception_v1",
    "inception_v2",
    "resnet50",
    "shufflenet",
    "squeezenet",
    "vgg19",
    "zfnet512",
)


def count_multiply_adds(graph: Graph) -> int:
    """Count from the graph's own shapes."""
    total = 0
    for node in graph.nodes:
        output = prod(graph.value(node.outputs[0]).shape)
        if node.op_type == "Conv":
            total += output * prod(graph.value(node.inputs[1]).shape[1:])
        elif node.op_type == "Gemm":
            total += prod(graph.value(node.inputs[1]).shape)
    return total


@pytest.mark.parametrize("precision", ["int8", "fp32"])
@pytest.mark.parametrize("name", NETS)
def test_every_node_is_accounted_for(name: str, precision: str) -> None:
    path = FOLDER / f"light_{name}.onnx"
    graph = read_graph(path)
    model = load_model(path, precision=precision)
    assert [fate.op_type for fate in model.fates][: len(graph.nodes)] == [
        node.op_type for node in graph.nodes
    ]
    assert Counter(fate.op_type for fate in model.unmapped) == Counter(LRN=UNMAPPED.get(name, 0))
    assert Lost(model.multiply_adds, 0) == Lost.of(model.fates) == Lost(count_multiply_adds(graph), 0)
    written = {output for each in model.named for output in each.outputs}
    prefix = "Int8" if precision == "int8" else ""
    names = {each.op.op_type for each in model.named} - {"NCHW2NHWC", "NHWC2NCHW"}
    assert all(op_type.startswith("Int8") == bool(prefix) for op_type in names)
    assert all(infer_outputs(each.op) for each in model.named)
    assert len(written) == len(model.named)
