"""Nodes of ONNX as the operators that engines run, and what becomes of those that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from onnx import helper

from lut.errors import ModelError
from lut.frontends import Model, load_model
from lut.frontends.onnx.reading import read_graph
from lut.ops import infer_outputs
from tests.lut.frontends.onnx.models import parse, save

IMAGE = "(float[1,16,14,14] x"


def load(model: onnx.ModelProto, folder: Path, precision: str | None = None) -> Model:
    return load_model(save(model, folder / "net.onnx"), precision=precision)


def describe(model: Model, *, fused: bool = False) -> list[str]:
    return [op.describe() for op in model.choose_ops(fused=fused)]


def outcomes(model: Model) -> list[tuple[str, str]]:
    return [(fate.op_type, fate.outcome) for fate in model.fates]


FLOATS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "normalisation and factors fold into the convolution": (
        f"""{IMAGE}, float[8,16,1,1] w, float[8] s, float[8] b, float[8] m, float[8] v, float[8,1,1] f)
        => (float[1,8,14,14] y) {{
            c = Conv(x, w)  n = BatchNormalization(c, s, b, m, v)  p = Mul(n, f)  y = Relu(p)
        }}""",
        {},
        [
            "Conv [1,16,14,14] [8,16,1,1] [8] exhaustive_search=1 kernel=1 order=NCHW pad=0 stride=1",
            "Relu [1,8,14,14] order=NCHW",
        ],
    ),
    "a normalisation of its own is a factor and a summand for each channel": (
        f"""{IMAGE}, float[16] s, float[16] b, float[16] m, float[16] v) => (float[1,16,14,14] y) {{
            n = BatchNormalization(x, s, b, m, v)  y = Relu(n)
        }}""",
        {},
        [
            "Conv [1,16,14,14] [16,1,1,1] [16] "
            "exhaustive_search=1 group=16 kernel=1 order=NCHW pad=0 stride=1",
            "Relu [1,16,14,14] order=NCHW",
        ],
    ),
    "a pad is the convolution's": (
        f"""{IMAGE}, float[8,16,3,3] w, int64[8] p) => (float[1,8,7,7] y) {{
            q = Pad(x, p)  y = Conv<strides = [2, 2]>(q, w)
        }}""",
        {"p": [0, 0, 0, 0, 0, 0, 1, 1]},
        ["Conv [1,16,14,14] [8,16,3,3] exhaustive_search=1 kernel=3 order=NCHW pads=(0, 0, 1, 1) stride=2"],
    ),
    "channels that change places are shuffled": (
        f"""{IMAGE}, int64[5] a, int64[4] b) => (float[1,16,14,14] y) {{
            s = Reshape(x, a)  t = Transpose<perm = [0, 2, 1, 3, 4]>(s)  y = Reshape(t, b)
        }}""",
        {"a": [1, 4, 4, 14, 14], "b": [1, 16, 14, 14]},
        ["ChannelShuffle [1,16,14,14] group=4 kernel=1"],
    ),
    "a gate of six parts is a HardSwish": (
        f"""{IMAGE}, float three, float zero, float six) => (float[1,16,14,14] y) {{
            a = Add(x, three)  c = Clip(a, zero, six)  m = Mul(x, c)  y = Div(m, six)
        }}""",
        {"three": 3, "six": 6},
        ["HardSwish [1,16,14,14]"],
    ),
    "a HardSigmoid times its input is a HardSwish": (
        f"""{IMAGE}) => (float[1,16,14,14] y) {{
            h = HardSigmoid<alpha = 0.16666667, beta = 0.5>(x)  y = Mul(x, h)
        }}""",
        {},
        ["HardSwish [1,16,14,14]"],
    ),
    "a Sigmoid times its input stays two": (
        f"{IMAGE}) => (float[1,16,14,14] y) {{ h = Sigmoid(x)  y = Mul(x, h) }}",
        {},
        ["Sigmoid [1,16,14,14]", "Mul [1,16,14,14] [1,16,14,14] order=NCHW"],
    ),
    "a matrix product with a summand is a fully connected layer": (
        "(float[1,64] x, float[64,10] w, float[10] b) => (float[1,10] y) { m = MatMul(x, w)  y = Add(m, b) }",
        {},
        ["FC [1,64] [10,64] [10] order=NCHW"],
    ),
    "a classifier takes the features as they are": (
        f"""{IMAGE}, float[10,16] w, float[10] b) => (float[1,10] y) {{
            p = GlobalAveragePool(x)  f = Flatten(p)  g = Gemm<transB = 1>(f, w, b)  d = Dropout(g)
            y = Softmax(d)
        }}""",
        {},
        [
            "AveragePool [1,16,14,14] kernel=14 order=NCHW stride=1",
            "FC [1,16,1,1] [10,16] [10] order=NCHW",
            "Softmax [1,10] order=NCHW",
        ],
    ),
    "a mean over height and width keeps its axes": (
        f"{IMAGE}) => (float[1,16,1,1] y) {{ y = ReduceMean<axes = [2, 3]>(x) }}",
        {},
        ["ReduceMean [1,16,14,14] axes=(2, 3) keepdims=1"],
    ),
    "a split is two slices": (
        f"""{IMAGE}, int64[2] s) => (float[1,16,14,14] y) {{
            a, b = Split<axis = 1>(x, s)  y = Concat<axis = 1>(b, a)
        }}""",
        {"s": [4, 12]},
        [
            "Slice [1,16,14,14] ends=(-1, 4, -1, -1) starts=(0, 0, 0, 0)",
            "Slice [1,16,14,14] ends=(-1, 16, -1, -1) starts=(0, 4, 0, 0)",
            "Concat [1,12,14,14] [1,4,14,14] order=NCHW",
        ],
    ),
}


@pytest.mark.parametrize("case", FLOATS)
def test_floats(case: str, tmp_path: Path) -> None:
    graph, constants, operators = FLOATS[case]
    model = load(parse(graph, **constants), tmp_path)
    assert describe(model) == operators
    assert not model.unmapped


def test_in_8_bits_the_input_is_quantised_and_the_output_made_floats(tmp_path: Path) -> None:
    graph = f"""{IMAGE}, float[8,16,3,3] w, float zero, float six) => (float[1,8,12,12] y) {{
        c = Conv(x, w)  y = Clip(c, zero, six)
    }}"""
    model = load(parse(graph, six=6), tmp_path, "int8")
    assert describe(model) == [
        "NCHW2NHWC [1,16,14,14]",
        "Int8Quantize [1,14,14,16]",
        "Int8ConvRelu [1,14,14,16] [8,3,3,16] [8] kernel=3 order=NHWC pad=0 stride=1",
        "Int8Dequantize [1,12,12,8]",
        "NHWC2NCHW [1,12,12,8]",
    ]


def test_an_engine_that_fuses_takes_a_clip_from_0_on_as_a_relu(tmp_path: Path) -> None:
    graph = f"""{IMAGE}, float[8,16,3,3] w, float zero, float six) => (float[1,8,12,12] y) {{
        c = Conv(x, w)  y = Clip(c, zero, six)
    }}"""
    model = load(parse(graph, six=6), tmp_path)
    assert [op.op_type for op in model.ops] == ["Conv", "Clip"]
    assert [op.op_type for op in model.choose_ops(fused=True)] == ["ConvRelu"]


QDQ = """(float[1,16,14,14] x, int8[8,16,3,3] w, float s, int8 z, float[8] b) => (float[1,8,12,12] y) {
    a = QuantizeLinear(x, s, z)  d = DequantizeLinear(a, s, z)  v = DequantizeLinear(w, s, z)
    c = Conv(d, v, b)  r = Relu(c)  q = QuantizeLinear(r, s, z)  y = DequantizeLinear(q, s, z)
}"""

QOPERATOR = """(float[1,16,14,14] x, int8[8,16,3,3] w, float s, int8 z) => (float[1,8,12,12] y) {
    a = QuantizeLinear(x, s, z)  c = QLinearConv(a, s, z, w, s, z, s, z)  y = DequantizeLinear(c, s, z)
}"""


@pytest.mark.parametrize(
    ("graph", "conv"), [(QDQ, "Int8ConvRelu"), (QOPERATOR, "Int8Conv")], ids=["QDQ", "QOperator"]
)
def test_both_forms_of_quantised_models_run_in_8_bits(graph: str, conv: str, tmp_path: Path) -> None:
    model = load(parse(graph, s=0.1), tmp_path)
    types = ["NCHW2NHWC", "Int8Quantize", conv, "Int8Dequantize", "NHWC2NCHW"]
    assert [op.op_type for op in model.ops] == types
    assert load(parse(graph, s=0.1), tmp_path, "int8").ops == model.ops
    with pytest.raises(
        ModelError, match=r"the model is quantised: it runs in 8 bits\. Leave --precision out"
    ):
        load(parse(graph, s=0.1), tmp_path, "fp32")


def test_operators_of_onnxruntime_keep_what_is_behind_them_in_8_bits(tmp_path: Path) -> None:
    """ONNX knows nothing of their outputs, nor of what other nodes make of these."""
    graph = """(float[1,16,14,14] x, float s, int8 z) => (float[1,32,7,7] y) {
        a = QuantizeLinear(x, s, z)  b = com.microsoft.QLinearAdd(a, s, z, a, s, z, s, z)
        c = com.microsoft.QLinearConcat<axis = 1>(s, z, b, s, z, a, s, z)
        m = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(c)  y = DequantizeLinear(m, s, z)
    }"""
    model = load(parse(graph, s=0.1), tmp_path)
    assert [op.op_type for op in model.ops] == [
        *("NCHW2NHWC", "Int8Quantize", "Int8Sum", "Int8Concat", "Int8MaxPool", "Int8Dequantize", "NHWC2NCHW")
    ]


def test_what_is_between_quantised_parts_stays_in_8_bits(tmp_path: Path) -> None:
    graph = """(float[1,16,14,14] x, float s, int8 z) => (float[1,16,7,7] y) {
        a = QuantizeLinear(x, s, z)  d = DequantizeLinear(a, s, z)
        m = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(d)  q = QuantizeLinear(m, s, z)
        e = DequantizeLinear(q, s, z)  y = Atan(e)
    }"""
    model = load(parse(graph, s=0.1), tmp_path)
    assert outcomes(model) == [
        ("QuantizeLinear", "operators"),
        ("DequantizeLinear", "free"),
        ("MaxPool", "operators"),
        ("QuantizeLinear", "free"),
        ("DequantizeLinear", "operators"),
        ("Atan", "unmapped"),
    ]
    assert model.ops[2].op_type == "Int8MaxPool"


def test_what_has_no_operator_is_named_and_the_net_goes_on_behind_it(tmp_path: Path) -> None:
    graph = f"""{IMAGE}) => (float[1,16,7,7] y) {{
        t = Atan(x)  y = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(t)
    }}"""
    model = load(parse(graph), tmp_path)
    assert describe(model) == ["MaxPool [1,16,14,14] kernel=2 order=NCHW stride=2"]
    (fate,) = model.unmapped
    assert (fate.node, fate.op_type, fate.detail) == ("t", "Atan", "no operator here stands for its type")


def test_a_mean_over_axes_that_are_computed_is_not_taken_for_one_over_all(tmp_path: Path) -> None:
    graph = "(float[1,16,14,14] x, int64[1] x2) => (float[A,B,C,D] y) { m = ReduceMean(x, x2)  y = Relu(m) }"
    with pytest.raises(ModelError, match=r"the node 'm' \(ReduceMean\), and the shape of what it gives"):
        load(parse(graph, opset=18), tmp_path)


def test_multiply_adds_of_what_has_no_operator_are_counted(tmp_path: Path) -> None:
    graph = "(float[1,8,64] x, float[4,64,32] x2) => (float[4,8,32] y) { m = MatMul(x, x2)  y = Relu(m) }"
    (fate,) = load(parse(graph), tmp_path).unmapped
    assert fate.multiply_adds == 4 * 8 * 32 * 64
    assert "of which one is repeated" in fate.detail


def test_what_follows_an_unknown_domain_can_not_be_told(tmp_path: Path) -> None:
    graph = f"{IMAGE}, float[8] w) => (float[1,8] y) {{ a = com.microsoft.Attention(x, w)  y = Relu(a) }}"
    with pytest.raises(
        ModelError, match=r"the node 'a' \(com\.microsoft\.Attention\), and the shape of what"
    ):
        load(parse(graph), tmp_path)


def test_a_net_of_which_nothing_is_known_names_its_nodes(tmp_path: Path) -> None:
    model = parse(f"{IMAGE}) => (float[1,16,14,14] y) {{ y = Relu(x) }}")
    model.graph.node[0].op_type, model.graph.node[0].name = "Relooo", "strange"
    with pytest.raises(ModelError) as caught:
        _ = load(model, tmp_path).ops
    assert str(caught.value) == (
        f"{tmp_path / 'net.onnx'}: it holds nothing that takes time and is known here. 'strange' (Relooo): "
        f"no operator here stands for its type."
    )


def test_control_flow_is_refused_by_name(tmp_path: Path) -> None:
    branch = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["r"])], "branch", [], [helper.make_empty_tensor_value_info("r")]
    )
    model = parse("(float[1,4] x, bool xb) => (float[1,4] y) { y = Relu(x) }")
    model.graph.node.append(
        helper.make_node("If", ["xb"], ["z"], name="choice", then_branch=branch, else_branch=branch)
    )
    with pytest.raises(ModelError, match=r"the node 'choice' \(If\) decides while the net runs"):
        load(model, tmp_path)


WINDOW = st.tuples(st.integers(1, 4), st.integers(1, 4))


@given(
    WINDOW,
    WINDOW,
    st.sampled_from(["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]),
    st.lists(st.integers(0, 1), min_size=4, max_size=4),
    st.booleans(),
    st.sampled_from(["int8", "fp32"]),
)
def test_windows_give_the_shapes_that_onnx_gives(
    tmp_path_factory: pytest.TempPathFactory,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    auto_pad: str,
    pads: list[int],
    ceil_mode: bool,
    precision: str,
) -> None:
    assume(kernel != (1, 1))  # which pools nothing
    assume(all(pad < size for pad, size in zip(pads, kernel * 2, strict=True)))
    assume(all(step <= size for step, size in zip(stride, kernel, strict=True)))
    given_pads = f", pads = {pads}" if auto_pad == "NOTSET" else ""
    attributes = (
        f'kernel_shape = {list(kernel)}, strides = {list(stride)}, auto_pad = "{auto_pad}"{given_pads}, '
        f"ceil_mode = {int(ceil_mode)}"
    )
    graph = f"(float[1,4,9,11] x) => (float[N,C,H,W] y) {{ y = MaxPool<{attributes}>(x) }}"
    path = save(parse(graph), tmp_path_factory.mktemp("net") / "net.onnx")
    batch, channels, height, width = read_graph(path).value("y").shape
    try:
        model = load_model(path, precision=precision)
    except ModelError as refused:
        assume("must be smaller than the kernel" not in str(refused))  # a window over nothing but pad
        raise
    assume(not any("must be smaller than the kernel" in fate.detail for fate in model.unmapped))
    (pool,) = (op for op in model.ops if "MaxPool" in op.op_type)
    whole = (batch, height, width, channels) if precision == "int8" else (batch, channels, height, width)
    assert infer_outputs(pool)[0].shape == whole
