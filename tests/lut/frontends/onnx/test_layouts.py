"""Feature maps and rows: which of both a tensor of four dimensions is, and what lies between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lut.frontends import load_model
from tests.lut.frontends.onnx.models import parse, save

CONV = "c = Conv(x, w)"
CONVOLVED = "Int8Conv [1,8,8,16] [24,1,1,16] [24] kernel=1 order=NHWC pad=0 stride=1"


def in_bytes(graph: str, folder: Path, **constants: Any) -> list[str]:
    model = load_model(save(parse(graph, **constants), folder / "net.onnx"), precision="int8")
    return [op.describe() for op in model.ops]


CASES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "attention has rows in four dimensions": (
        "(float[1,4,49,49] x) => (float[1,4,49,49] y) { y = Softmax<axis = 3>(x) }",
        {},
        [
            "Int8Quantize [1,4,49,49]",
            "Int8Softmax [1,4,49,49] axis=3 order=NHWC",
            "Int8Dequantize [1,4,49,49]",
        ],
    ),
    "behind a convolution they are pixels": (
        f"""(float[1,16,8,8] x, float[24,16,1,1] w) => (float[1,24,8,8] y) {{
            {CONV}  y = Softmax<axis = 1>(c)
        }}""",
        {},
        [
            *("NCHW2NHWC [1,16,8,8]", "Int8Quantize [1,8,8,16]", CONVOLVED),
            *(
                "Int8Softmax [1,8,8,24] axis=3 order=NHWC",
                "Int8Dequantize [1,8,8,24]",
                "NHWC2NCHW [1,8,8,24]",
            ),
        ],
    ),
    "rows of pixels lie as pixels do where channels are last": (
        f"""(float[1,16,8,8] x, float[24,16,1,1] w, float[24,12] v) => (float[1,8,8,12] y) {{
            {CONV}  t = Transpose<perm = [0, 2, 3, 1]>(c)  y = MatMul(t, v)
        }}""",
        {},
        [
            *("NCHW2NHWC [1,16,8,8]", "Int8Quantize [1,8,8,16]", CONVOLVED),
            *("Int8FC [1,8,8,24] [12,24] [12] axis=3 order=NHWC", "Int8Dequantize [1,8,8,12]"),
        ],
    ),
    "a reshape counts in the model's order": (
        f"""(float[1,16,8,8] x, float[24,16,1,1] w, int64[3] s) => (float[1,24,64] y) {{
            {CONV}  y = Reshape(c, s)
        }}""",
        {"s": [1, 24, 64]},
        [
            *("NCHW2NHWC [1,16,8,8]", "Int8Quantize [1,8,8,16]", CONVOLVED),
            *("Int8Transpose [1,8,8,24] axes=(0, 3, 1, 2)", "Int8Reshape [1,24,8,8] shape=(1, 24, 64)"),
            "Int8Dequantize [1,24,64]",
        ],
    ),
    "what a reshape makes an image is turned before it is convolved": (
        """(float[1,16,64] x, float[24,16,1,1] w, int64[4] s) => (float[1,24,8,8] y) {
            i = Reshape(x, s)  y = Conv(i, w)
        }""",
        {"s": [1, 16, 8, 8]},
        [
            *("Int8Quantize [1,16,64]", "Int8Reshape [1,16,64] shape=(1, 16, 8, 8)"),
            *("Int8Transpose [1,16,8,8] axes=(0, 2, 3, 1)", CONVOLVED),
            *("Int8Dequantize [1,8,8,24]", "NHWC2NCHW [1,8,8,24]"),
        ],
    ),
    "one pixel lies alike": (
        """(float[1,16] x, float[24,16,1,1] w, int64[4] s) => (float[1,24,1,1] y) {
            i = Reshape(x, s)  y = Conv(i, w)
        }""",
        {"s": [1, 16, 1, 1]},
        [
            *("Int8Quantize [1,16]", "Int8Reshape [1,16] shape=(1, 16, 1, 1)"),
            "Int8Conv [1,1,1,16] [24,1,1,16] [24] kernel=1 order=NHWC pad=0 stride=1",
            "Int8Dequantize [1,1,1,24]",
        ],
    ),
    "without a hint it is an image": (
        "(float[1,16,8,8] x) => (float[1,16,8,8] y) { y = Sigmoid(x) }",
        {},
        [
            *("NCHW2NHWC [1,16,8,8]", "Int8Quantize [1,8,8,16]", "Int8Sigmoid [1,8,8,16]"),
            *("Int8Dequantize [1,8,8,16]", "NHWC2NCHW [1,8,8,16]"),
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_in_8_bits(case: str, tmp_path: Path) -> None:
    graph, constants, operators = CASES[case]
    assert in_bytes(graph, tmp_path, **constants) == operators


@pytest.mark.parametrize("case", CASES)
def test_in_floats_only_a_softmax_of_channels_turns_what_it_reads(case: str, tmp_path: Path) -> None:
    graph, constants, _ = CASES[case]
    model = load_model(save(parse(graph, **constants), tmp_path / "net.onnx"))
    turns = [op for op in model.ops if op.op_type in ("NCHW2NHWC", "NHWC2NCHW", "Transpose")]
    assert len(turns) == graph.count("Transpose") + 2 * graph.count("<axis = 1>")
