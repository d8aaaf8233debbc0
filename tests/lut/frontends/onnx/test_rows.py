"""Nodes of transformers as operators: rows, products of activations, normalisations, repetition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lut.frontends import load_model
from lut.ops import infer_outputs
from tests.lut.frontends.onnx.models import parse, save

ROWS = "(float[1,49,64] x"
GELU: dict[str, Any] = {"r": 1.4142135, "i": 0.70710678, "one": 1.0, "half": 0.5}
SCALARS = "float r, float i, float one, float half"


def operators(graph: str, folder: Path, precision: str | None = None, **constants: Any) -> list[str]:
    model = load_model(save(parse(graph, **constants), folder / "net.onnx"), precision=precision)
    assert not model.unmapped
    return [op.describe() for op in model.ops]


CASES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "two activations are multiplied": (
        "(float[1,4,49,16] x, float[1,4,49,16] x2) => (float[1,4,49,49] y) {"
        " t = Transpose<perm = [0, 1, 3, 2]>(x2)  y = MatMul(x, t) }",
        {},
        ["Transpose [1,4,49,16] axes=(0, 1, 3, 2)", "BatchMatMul [1,4,49,16] [1,4,16,49]"],
    ),
    "the dimensions before matrices are counted together": (
        "(float[4,49,16] x, float[1,4,16,8] x2) => (float[1,4,49,8] y) { y = MatMul(x, x2) }",
        {},
        ["BatchMatMul [1,4,49,16] [1,4,16,8]"],
    ),
    "a fully connected layer on rows, with its bias": (
        f"{ROWS}, float[64,24] w, float[24] b) => (float[1,49,24] y) {{ m = MatMul(x, w)  y = Add(m, b) }}",
        {},
        ["FC [1,49,64] [24,64] [24] axis=2 order=NCHW"],
    ),
    "rows are normalised": (
        f"{ROWS}, float[64] s, float[64] b) => (float[1,49,64] y) {{ y = LayerNormalization(x, s, b) }}",
        {},
        ["LayerNorm [1,49,64] [64] [64] axis=2 elementwise_affine=1"],
    ),
    "a batch normalisation of rows is a factor and a summand": (
        "(float[49,64] x, float[64] s, float[64] b, float[64] m, float[64] v) => (float[49,64] y) {"
        " y = BatchNormalization(x, s, b, m, v) }",
        {},
        ["Mul [49,64] [64]", "Add [49,64] [64]"],
    ),
    "and of rows of channels, too": (
        "(float[1,64,49] x, float[64] s, float[64] b, float[64] m, float[64] v) => (float[1,64,49] y) {"
        " y = BatchNormalization(x, s, b, m, v) }",
        {},
        ["Mul [1,64,49] [64,1]", "Add [1,64,49] [64,1]"],
    ),
    "what is repeated over rows comes second": (
        f"{ROWS}, float[1,1,64] g) => (float[1,49,64] y) {{ y = Mul(g, x) }}",
        {},
        ["Mul [1,49,64] [64]"],
    ),
    "one number": (
        f"{ROWS}, float g) => (float[1,49,64] y) {{ y = Div(x, g) }}",
        {"g": 8.0},
        ["Div [1,49,64] [1]"],
    ),
    "a number is divided by rows": (
        f"{ROWS}, float g) => (float[1,49,64] y) {{ y = Div(g, x) }}",
        {"g": 8.0},
        ["Div [1] [1,49,64]"],
    ),
    "functions of one value": (
        f"{ROWS}, float two) => (float[1,49,64] y) {{"
        " a = Pow(x, two)  b = Sqrt(a)  c = Tanh(b)  d = Exp(c)  y = Neg(d) }",
        {"two": 2.0},
        [f"{kind} [1,49,64]" for kind in ("Sqr", "Sqrt", "Tanh", "Exp", "Negative")],
    ),
    "GELU, halved in the end": (
        f"{ROWS}, {SCALARS}) => (float[1,49,64] y) {{"
        " d = Div(x, r)  e = Erf(d)  a = Add(e, one)  p = Mul(x, a)  y = Mul(p, half) }",
        GELU,
        ["Gelu [1,49,64]"],
    ),
    "GELU, halved in the beginning": (
        f"{ROWS}, {SCALARS}) => (float[1,49,64] y) {{"
        " h = Mul(x, half)  d = Mul(x, i)  e = Erf(d)  a = Add(one, e)  y = Mul(h, a) }",
        GELU,
        ["Gelu [1,49,64]"],
    ),
    "GELU, whose gate is halved": (
        f"{ROWS}, {SCALARS}) => (float[1,49,64] y) {{"
        " d = Div(x, r)  e = Erf(d)  a = Add(e, one)  g = Mul(half, a)  y = Mul(x, g) }",
        GELU,
        ["Gelu [1,49,64]"],
    ),
    "of another number it is its parts": (
        f"{ROWS}, {SCALARS}) => (float[1,49,64] y) {{"
        " d = Div(x, r)  e = Erf(d)  a = Add(e, one)  p = Mul(x, a)  y = Mul(p, one) }",
        GELU,
        [
            *("Div [1,49,64] [1]", "Erf [1,49,64]", "Add [1,49,64] [1]", "Mul [1,49,64] [1,49,64]"),
            "Mul [1,49,64] [1]",
        ],
    ),
    "groups of channels": (
        "(float[1,16,7,7] x, int64[3] a, int64[4] b, float[4] s, float[4] o, float[16,1,1] f,"
        " float[16,1,1] g) => (float[1,16,7,7] y) { r = Reshape(x, a)  n = InstanceNormalization(r, s, o)"
        "  c = Reshape(n, b)  m = Mul(c, f)  y = Add(m, g) }",
        {"a": [1, 4, 196], "b": [1, 16, 7, 7]},
        ["GroupNorm [1,16,7,7] [16] [16] group=4 order=NCHW"],
    ),
    "softmax over what is not last turns it there and back": (
        "(float[1,4,8,16] x) => (float[1,4,8,16] y) { y = Softmax<axis = 2>(x) }",
        {},
        [
            "Transpose [1,4,8,16] axes=(0, 1, 3, 2)",
            "Softmax [1,4,16,8] axis=3 order=NCHW",
            "Transpose [1,4,16,8] axes=(0, 1, 3, 2)",
        ],
    ),
    "one place of many is a slice": (
        f"{ROWS}, int64 p) => (float[1,64] y) {{ y = Gather<axis = 1>(x, p) }}",
        {"p": -1},
        ["Slice [1,49,64] ends=(-1, 49, -1) starts=(0, 48, 0)"],
    ),
    "several dimensions are cut at once": (
        f"{ROWS}, int64[2] s, int64[2] e, int64[2] a) => (float[1,40,32] y) {{ y = Slice(x, s, e, a) }}",
        {"s": [9, 32], "e": [49, 64], "a": [1, 2]},
        ["Slice [1,49,64] ends=(-1, 49, 64) starts=(0, 9, 32)"],
    ),
    "repeated along two dimensions": (
        "(float[1,1,64] x, int64[4] s) => (float[2,1,49,64] y) { y = Expand(x, s) }",
        {"s": [2, 1, 49, 64]},
        ["Tile [1,1,1,64] axis=0 tiles=2", "Tile [2,1,1,64] axis=2 tiles=49"],
    ),
    "the norm of rows": (
        f"{ROWS}, int64[1] a) => (float[1,49,1] y) {{ y = ReduceL2(x, a) }}",
        {"a": [-1]},
        ["ReduceL2 [1,49,64] axes=(2,) keepdims=1"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_in_floats(case: str, tmp_path: Path) -> None:
    graph, constants, expected = CASES[case]
    assert operators(graph, tmp_path, opset=18, **constants) == expected


def test_what_no_engine_has_in_8_bits_runs_in_floats(tmp_path: Path) -> None:
    graph = f"""{ROWS}, float[64,24] w, float[24] s, float[24] b) => (float[1,49,24] y) {{
        m = MatMul(x, w)  n = LayerNormalization(m, s, b)  y = Relu(n)
    }}"""
    assert operators(graph, tmp_path, "int8") == [
        "Int8Quantize [1,49,64]",
        "Int8FC [1,49,64] [24,64] [24] axis=2 order=NHWC",
        "Int8Dequantize [1,49,24]",
        "LayerNorm [1,49,24] [24] [24] axis=2 elementwise_affine=1",
        "Int8Quantize [1,49,24]",
        "Int8Relu [1,49,24] order=NHWC",
        "Int8Dequantize [1,49,24]",
    ]


def test_a_quantised_gelu_is_one(tmp_path: Path) -> None:
    names = "float s, uint8 z"

    def quantise(name: str) -> str:
        return f"q{name} = QuantizeLinear({name}, s, z)  {name}f = DequantizeLinear(q{name}, s, z)"

    graph = f"""{ROWS}, {SCALARS}, {names}) => (float[1,49,64] y) {{
        {quantise("x")}  d = Div(xf, r)  {quantise("d")}  e = Erf(df)  {quantise("e")}
        a = Add(ef, one)  {quantise("a")}  p = Mul(xf, af)  {quantise("p")}
        m = Mul(pf, half)  {quantise("m")}  y = Relu(mf)
    }}"""
    assert operators(graph, tmp_path, **GELU, s=0.1, z=128) == [
        "Int8Quantize [1,49,64]",
        "Int8Gelu [1,49,64]",
        "Int8Dequantize [1,49,64]",
        "Relu [1,49,64] order=NCHW",
    ]


def test_each_form_of_a_tensor_has_a_name_of_its_own(tmp_path: Path) -> None:
    """Rows in 8 bits are read as an image in 8 bits, and in floats by what runs in floats alone."""
    graph = f"""{ROWS}, int64[4] a, float[49] s, float[49] b) => (float[1,49,8,8] y) {{
        r = Reshape(x, a)  n = InstanceNormalization(r, s, b)  y = Add(r, n)
    }}"""
    model = load_model(save(parse(graph, a=[1, 49, 8, 8]), tmp_path / "net.onnx"), precision="int8")
    written = {name: each.op for each in model.named for name in each.outputs}
    for each in model.named:
        for name, tensor in zip(each.inputs, each.op.inputs, strict=True):
            if name in written:
                assert infer_outputs(written[name])[0].dtype == tensor.dtype
