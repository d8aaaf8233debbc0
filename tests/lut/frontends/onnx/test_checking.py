"""Each node is held to what it has: attributes, inputs, outputs, types and shapes of any kind."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from lut.errors import ModelError
from lut.frontends import Model, load_model
from lut.frontends.nodes.graph import name_type
from lut.ops import infer_outputs
from tests.lut.frontends.onnx.models import parse, save

IMAGE = "(float[1,4,8,8] x"
ONE_OF_EACH = {
    "AveragePool": f"{IMAGE}) => (float[1,4,7,7] y) {{ y = AveragePool<kernel_shape = [2, 2]>(x) }}",
    "BatchNormalization": f"""{IMAGE}, float[4] a, float[4] b, float[4] c, float[4] d)
        => (float[1,4,8,8] y) {{ y = BatchNormalization(x, a, b, c, d) }}""",
    "Clip": f"{IMAGE}, float b, float a) => (float[1,4,8,8] y) {{ y = Clip(x, b, a) }}",
    "Concat": f"{IMAGE}, float[1,2,8,8] a) => (float[1,6,8,8] y) {{ y = Concat<axis = 1>(x, a) }}",
    "Conv": f"{IMAGE}, float[8,4,3,3] w, float[8] b) => (float[1,8,6,6] y) {{ y = Conv(x, w, b) }}",
    "ConvTranspose": f"{IMAGE}, float[4,8,3,3] w) => (float[1,8,10,10] y) {{ y = ConvTranspose(x, w) }}",
    "DepthToSpace": f"{IMAGE}) => (float[1,1,16,16] y) {{ y = DepthToSpace<blocksize = 2>(x) }}",
    "Flatten": f"{IMAGE}) => (float[1,256] y) {{ y = Flatten(x) }}",
    "Gemm": "(float[2,4] x, float[4,3] w, float[3] b) => (float[2,3] y) { y = Gemm(x, w, b) }",
    "GlobalMaxPool": f"{IMAGE}) => (float[1,4,1,1] y) {{ y = GlobalMaxPool(x) }}",
    "HardSigmoid": f"{IMAGE}) => (float[1,4,8,8] y) {{ y = HardSigmoid(x) }}",
    "LeakyRelu": f"{IMAGE}) => (float[1,4,8,8] y) {{ y = LeakyRelu(x) }}",
    "MatMul": "(float[1,5,4] x, float[4,3] w) => (float[1,5,3] y) { y = MatMul(x, w) }",
    "MaxPool": f"{IMAGE}) => (float[1,4,7,7] y) {{ y = MaxPool<kernel_shape = [2, 2]>(x) }}",
    "Mul": f"{IMAGE}, float[4,1,1] a) => (float[1,4,8,8] y) {{ y = Mul(x, a) }}",
    "PRelu": f"{IMAGE}, float[4,1,1] a) => (float[1,4,8,8] y) {{ y = PRelu(x, a) }}",
    "ReduceMean": f"{IMAGE}) => (float[1,4,1,1] y) {{ y = ReduceMean<axes = [2, 3]>(x) }}",
    "Relu": f"{IMAGE}) => (float[1,4,8,8] y) {{ y = Relu(x) }}",
    "Resize": f'{IMAGE}, float[4] a) => (float[1,4,16,16] y) {{ y = Resize<mode = "linear">(x, , a) }}',
    "Sigmoid": f"{IMAGE}) => (float[1,4,8,8] y) {{ y = Sigmoid(x) }}",
    "Softmax": "(float[1,4] x) => (float[1,4] y) { y = Softmax(x) }",
    "Split": f"{IMAGE}) => (float[1,2,8,8] y, float[1,2,8,8] z) {{ y, z = Split<axis = 1>(x) }}",
    "Transpose": f"{IMAGE}) => (float[1,8,8,4] y) {{ y = Transpose<perm = [0, 2, 3, 1]>(x) }}",
}
"""A model of one node for types of operators; a second one, a Relu of the input, is there to go on with."""


def build(op_type: str) -> onnx.ModelProto:
    model = parse(ONE_OF_EACH[op_type], a=[1, 1, 2, 2] if op_type == "Resize" else 1)
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    model.graph.node.append(helper.make_node("Relu", ["x"], ["beside"]))
    model.graph.output.append(helper.make_tensor_value_info("beside", TensorProto.FLOAT, shape))
    return model


def load(model: onnx.ModelProto, folder: Path, precision: str | None = None) -> Model:
    return load_model(save(model, folder / "net.onnx"), precision=precision)


@pytest.mark.parametrize("op_type", ONE_OF_EACH)
def test_a_node_with_all_that_is_known_has_operators(op_type: str, tmp_path: Path) -> None:
    model = load(build(op_type), tmp_path)
    assert not model.unmapped
    assert model.fates[0].outcome == "operators"


@pytest.mark.parametrize("op_type", ONE_OF_EACH)
def test_an_attribute_that_no_mapper_knows_leaves_the_node_unmapped(op_type: str, tmp_path: Path) -> None:
    model = build(op_type)
    model.graph.node[0].attribute.append(helper.make_attribute("strange", 1))
    (fate,) = load(model, tmp_path).unmapped
    assert (fate.op_type, fate.detail) == (op_type, "nothing here stands for its attribute strange = 1")


@pytest.mark.parametrize("op_type", ONE_OF_EACH)
def test_another_type_leaves_the_node_unmapped(op_type: str, tmp_path: Path) -> None:
    model = build(op_type)
    graph = model.graph
    infos = [each for each in (*graph.input, *graph.output) if each.name != "beside"]
    for each in (*infos, *graph.output):
        each.type.tensor_type.elem_type = TensorProto.DOUBLE
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and op_type != "Resize":
            tensor.data_type, tensor.raw_data = TensorProto.DOUBLE, tensor.raw_data * 2
    with pytest.raises(ModelError, match=r"(gives|reads) float64, which is not measured here"):
        _ = load(model, tmp_path).ops


@pytest.mark.parametrize("before", range(1, 40))
def test_a_resize_gives_the_size_that_the_model_has(before: int, tmp_path: Path) -> None:
    for after in (before + 1, 3 * before + 2, 31):
        graph = f"""(float[1,2,{before},1] x, int64[4] a) => (float[1,2,{after},1] y) {{
            r = Relu(x)  y = Resize<mode = "linear">(r, , , a)
        }}"""
        model = load(parse(graph, a=[1, 2, after, 1]), tmp_path)
        assert not model.unmapped
        assert infer_outputs(model.ops[-1])[0].shape == (1, 2, after, 1)


def test_two_nodes_that_write_one_tensor_are_refused(tmp_path: Path) -> None:
    model = build("Relu")
    model.graph.node.append(helper.make_node("Sigmoid", ["x"], ["y"], name="again"))
    with pytest.raises(ModelError):
        load(model, tmp_path)


def test_types_have_the_names_that_onnx_gives_them() -> None:
    for number in (TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.INT4, TensorProto.BFLOAT16):
        name = TensorProto.DataType.Name(number).lower().replace("double", "float64")
        assert name_type(number) == name


def test_a_float_convolution_before_a_quantising_node_stays_in_floats(tmp_path: Path) -> None:
    graph = """(float[1,4,8,8] x, float[4,4,1,1] w, float s, int8 z) => (int8[1,4,8,8] y) {
        c = Conv(x, w)  y = QuantizeLinear(c, s, z)
    }"""
    assert [op.op_type for op in load(parse(graph, s=0.1), tmp_path).ops] == [
        *("Conv", "NCHW2NHWC", "Int8Quantize")
    ]
