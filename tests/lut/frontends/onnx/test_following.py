"""Ordinary files: functions, an If on a constant, shapes computed from shapes, small data beside the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from lut.errors import ModelError
from lut.frontends import load_model
from tests.lut.frontends.onnx.models import parse, save

HEAD = '<ir_version: 8, opset_import: ["" : 17, "my" : 1]>'
IMAGE = "float[1,8,14,14]"


def read(text: str, folder: Path) -> list[str]:
    model = load_model(save(onnx.parser.parse_model(text), folder / "net.onnx"))
    assert not model.unmapped
    return [op.op_type for op in model.ops]


def chain(length: int) -> str:
    """Functions of which each calls the one before it."""
    bodies = ["Relu(x)", *(f"my.f{number}(x)" for number in range(length - 1))]
    functions = "\n".join(
        f'<domain: "my", opset_import: ["" : 17, "my" : 1]> f{number} (x) => (y) {{ y = {body} }}'
        for number, body in enumerate(bodies)
    )
    return f"{HEAD} net ({IMAGE} x) => ({IMAGE} y) {{ y = my.f{length - 1}(x) }}\n{functions}"


def test_a_function_is_its_nodes(tmp_path: Path) -> None:
    text = f"""{HEAD} net ({IMAGE} x) => ({IMAGE} y) {{ a = my.block(x)  y = my.block(a) }}
        <domain: "my", opset_import: ["" : 17]> block (x) => (y) {{ a = Sigmoid(x)  y = Relu(a) }}"""
    assert read(text, tmp_path) == ["Sigmoid", "Relu"] * 2


def test_functions_that_call_each_other_are_followed(tmp_path: Path) -> None:
    assert read(chain(20), tmp_path) == ["Relu"]


def test_functions_without_an_end_are_refused_in_a_sentence(tmp_path: Path) -> None:
    path = save(onnx.parser.parse_model(chain(2000)), tmp_path / "net.onnx")
    with pytest.raises(ModelError, match="its functions can't be inlined"):
        load_model(path)


@pytest.mark.parametrize(("condition", "expected"), [(1, "Relu"), (0, "Sigmoid")])
def test_an_if_on_a_constant_is_its_branch(condition: int, expected: str, tmp_path: Path) -> None:
    text = f"""{HEAD} net ({IMAGE} x) => ({IMAGE} z) <bool c = {{{condition}}}> {{
        y = If(c) <then_branch: graph = t () => ({IMAGE} b) {{ a = Relu(x)  b = Identity(a) }},
                   else_branch: graph = e () => ({IMAGE} d) {{ d = Sigmoid(x) }}>
        z = Tanh(y)
    }}"""
    assert read(text, tmp_path) == [expected, "Tanh"]


def test_an_if_on_what_is_computed_is_refused(tmp_path: Path) -> None:
    text = f"""{HEAD} net ({IMAGE} x, bool c) => ({IMAGE} y) {{
        y = If(c) <then_branch: graph = t () => ({IMAGE} b) {{ b = Relu(x) }},
                   else_branch: graph = e () => ({IMAGE} d) {{ d = Sigmoid(x) }}>
    }}"""
    with pytest.raises(ModelError, match="decides while the net runs"):
        load_model(save(onnx.parser.parse_model(text), tmp_path / "net.onnx"))


def test_shapes_that_are_computed_from_shapes(tmp_path: Path) -> None:
    """As exporters with an open batch write `x.view(x.shape[0], -1)`."""
    graph = """(float[1,8,4,4] x, int64 zero, int64[1] rest, int64[1] axis, float[24,128] w)
        => (float[1,24] y) {
        s = Shape(x)  b = Gather(s, zero)  u = Unsqueeze(b, axis)  t = Concat<axis = 0>(u, rest)
        r = Reshape(x, t)  y = Gemm<transB = 1>(r, w)
    }"""
    model = load_model(save(parse(graph, rest=[-1]), tmp_path / "net.onnx"))
    assert [op.describe() for op in model.ops] == ["FC [1,8,4,4] [24,128] [24] order=NCHW"]


def test_places_computed_by_a_range_are_a_cut(tmp_path: Path) -> None:
    graph = """(float[16,8] x, int64 a, int64 b, int64 one) => (float[4,8] y) {
        r = Range(a, b, one)  g = Gather<axis = 0>(x, r)  y = Relu(g)
    }"""
    model = load_model(save(parse(graph, a=2, b=6, one=1), tmp_path / "net.onnx"))
    assert model.ops[0].describe() == "Slice [16,8] ends=(6, -1) starts=(2, 0)"


def test_nodes_are_read_in_the_order_they_run(tmp_path: Path) -> None:
    model = parse(f"({IMAGE} x) => ({IMAGE} y) {{ a = Sigmoid(x)  y = Relu(a) }}")
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    assert [op.op_type for op in load_model(save(model, tmp_path / "net.onnx")).ops] == ["Sigmoid", "Relu"]


def with_data_outside(folder: Path, location: str) -> Path:
    """A Clip whose bounds are in a file of their own."""
    model = parse(f"({IMAGE} x, float low, float high) => ({IMAGE} y) {{ y = Clip(x, low, high) }}")
    (folder / "net.data").write_bytes(np.asarray([0, 6], np.float32).tobytes())
    for place, tensor in enumerate(model.graph.initializer):
        tensor.CopyFrom(numpy_helper.from_array(np.asarray(0, np.float32), tensor.name))
        onnx.external_data_helper.set_external_data(tensor, location, offset=4 * place, length=4)
        tensor.ClearField("raw_data")
    return save(model, folder / "net.onnx")


def test_small_data_beside_the_file_is_read(tmp_path: Path) -> None:
    (op,) = load_model(with_data_outside(tmp_path, "net.data")).ops
    assert op.describe() == "Clip [1,8,14,14] max=6.0 min=0.0"


def test_data_elsewhere_is_never_read(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    path = with_data_outside(inner, "../net.data")
    (tmp_path / "net.data").write_bytes((inner / "net.data").read_bytes())
    model = load_model(path)
    assert [fate.op_type for fate in model.unmapped] == ["Clip"]


def test_onnxruntimes_operators_have_shapes(tmp_path: Path) -> None:
    scale, zero = "float s, uint8 z", "s, z"
    graph = f"""(uint8[1,8,6,6] x, {scale}) => (uint8[1,8] y) {{
        p = com.microsoft.QLinearGlobalAveragePool(x, {zero}, {zero})  y = Flatten(p)
    }}"""
    model = load_model(save(parse(graph, s=0.1, z=128), tmp_path / "net.onnx"))
    assert model.ops[0].describe() == "Int8AveragePool [1,6,6,8] kernel=6 order=NHWC stride=1"
