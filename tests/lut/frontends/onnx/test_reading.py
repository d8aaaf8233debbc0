"""ONNX models as graphs whose tensors have shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lut.errors import ModelError
from lut.frontends.nodes import Graph, Value
from lut.frontends.onnx.reading import read_graph
from tests.lut.frontends.onnx.models import conv_model, save

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
"""Nine nets that the package `onnx` brings with it, without their weights."""


def test_every_tensor_has_its_shape(tmp_path: Path) -> None:
    graph = read_graph(save(conv_model([1, 3, 9, 9]), tmp_path / "net.onnx"))
    shapes = {name: value.shape for name, value in graph.values.items()}
    assert shapes == {
        "x": (1, 3, 9, 9),
        "weight": (8, 3, 3, 3),
        "target": (2,),
        "y": (1, 8, 5, 5),
        "z": (1, 8, 5, 5),
        "flat": (1, 200),
    }
    assert (graph.inputs, graph.outputs, graph.opset) == (("x",), ("flat",), 17)
    assert graph.parameters == {"weight", "target"}
    assert graph.constants["target"].tolist() == [1, -1]


def test_nodes_carry_what_they_say_of_themselves(tmp_path: Path) -> None:
    first, relu, _ = read_graph(save(conv_model([1, 3, 9, 9]), tmp_path / "net.onnx")).nodes
    assert (first.name, first.op_type, first.inputs) == ("first", "Conv", ("x", "weight"))
    assert first.attributes == {"pads": (1, 1, 1, 1), "strides": (2, 2)}
    assert relu.name == "z"  # it has no name of its own


@pytest.mark.parametrize("batch", ["batch", 0, None])
def test_an_open_batch_is_1(batch: str | int | None, tmp_path: Path) -> None:
    graph = read_graph(save(conv_model([batch, 3, 9, 9]), tmp_path / "net.onnx"))
    assert graph.value("y") == Value((1, 8, 5, 5), TensorProto.FLOAT)


def test_open_sizes_are_asked_for_and_taken(tmp_path: Path) -> None:
    path = save(conv_model(["batch", 3, "height", None]), tmp_path / "net.onnx")
    with pytest.raises(ModelError) as caught:
        read_graph(path)
    assert str(caught.value) == (
        f"{path}: the input 'x' has the open shape [1, 3, height, ?]. Give it by --input_dims, such as "
        f"'{{\"x\": [1, 3, 224, 224]}}'."
    )
    assert read_graph(path, {"x": (1, 3, 9, 9)}).value("z").shape == (1, 8, 5, 5)


def test_an_input_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = save(conv_model([1, 3, 9, 9]), tmp_path / "net.onnx")
    with pytest.raises(ModelError, match=r"has no input 'data'; it has 'x'\.$"):
        read_graph(path, {"data": (1, 3, 9, 9)})


def test_a_shape_that_can_t_be_told_is_named(tmp_path: Path) -> None:
    graph = read_graph(save(conv_model([1, 3, 9, 9]), tmp_path / "net.onnx"))
    with pytest.raises(ModelError, match=r"^the shape of 'nothing' can't be told; "):
        graph.value("nothing")


def test_shapes_that_don_t_fit_are_refused(tmp_path: Path) -> None:
    path = save(conv_model([1, 4, 9, 9]), tmp_path / "net.onnx")
    with pytest.raises(ModelError, match=r"net\.onnx: the shapes of its tensors don't fit each other: "):
        read_graph(path, {"x": (1, 3)})


def test_another_version_is_named(tmp_path: Path) -> None:
    path = save(conv_model([1, 3, 9, 9], opset=999), tmp_path / "net.onnx")
    with pytest.raises(ModelError, match=r"uses opset 999 of ONNX; the installed onnx .* to \d+\. Run `pip"):
        read_graph(path)


@pytest.mark.parametrize("content", [b"\x08\x08", onnx.ModelProto(ir_version=8).SerializeToString()])
def test_a_file_without_a_graph_is_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"net\.onnx holds no ONNX graph with nodes\. "):
        read_graph(path)


def test_other_domains_are_part_of_the_type(tmp_path: Path) -> None:
    node = helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("x", "y")]
    graph = helper.make_graph([node], "net", info[:1], info[1:])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets)
    (read,) = read_graph(save(model, tmp_path / "net.onnx")).nodes
    assert read.op_type == "com.microsoft.Gelu"


def test_weights_beside_the_model_need_not_be_there(tmp_path: Path) -> None:
    model = conv_model([1, 3, 9, 9], channels=64)
    external = tmp_path / "with.onnx"
    onnx.save(model, external, save_as_external_data=True, location="weights.bin", size_threshold=1024)
    (tmp_path / "weights.bin").unlink()
    graph = read_graph(external)
    assert graph.value("y").shape == (1, 64, 5, 5)
    assert "weight" in graph.parameters


@pytest.mark.parametrize("path", sorted(LIGHT.glob("light_*.onnx")), ids=lambda path: str(path.stem))
def test_real_nets_are_read_whole(path: Path) -> None:
    graph: Graph = read_graph(path)
    unknown = [name for node in graph.nodes for name in node.outputs[:1] if name not in graph.values]
    assert unknown == []
    assert graph.value(graph.inputs[0]).shape == (1, 3, 224, 224)


def test_constants_of_every_form_are_read(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Constant", [], ["tensor"], value=numpy_helper.from_array(np.array([2.5]))),
        helper.make_node("Constant", [], ["ints"], value_ints=[1, 2]),
        helper.make_node("Constant", [], ["number"], value_float=0.5),
    ]
    graph = helper.make_graph(
        nodes, "net", [], [helper.make_tensor_value_info("ints", TensorProto.INT64, [2])]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    constants = read_graph(save(model, tmp_path / "net.onnx")).constants
    assert {name: value.tolist() for name, value in constants.items()} == {
        "tensor": [2.5],
        "ints": [1, 2],
        "number": 0.5,
    }
