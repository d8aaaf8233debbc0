"""Multiply-adds are counted of every type with weights or two factors; what can't be told is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.frontends.fates import Fate, Lost
from lut.frontends.nodes.graph import Graph, Node, Value
from lut.frontends.nodes.multiply_adds import COUNTERS, count_multiply_adds
from lut.frontends.nodes.multiplying_nothing import MULTIPLY_NOTHING

MS = "com.microsoft."

Shapes = Sequence[tuple[int, ...] | None]


def count(op_type: str, inputs: Shapes, output: tuple[int, ...] | None, **attributes: Any) -> int | None:
    """Count a node by the shapes of its inputs, of which None is left out, and of its output."""
    names = ["" if shape is None else f"x{place}" for place, shape in enumerate(inputs)]
    values = {f"x{place}": Value(shape, 1) for place, shape in enumerate(inputs) if shape is not None}
    if output is not None:
        values["y"] = Value(output, 1)
    return count_multiply_adds(graph_of(values), Node("n", op_type, tuple(names), ("y",), attributes))


def graph_of(values: dict[str, Value], **settings: Any) -> Graph:
    return Graph(Path("net"), (), (), (), values, frozenset(), {}, 17, **settings)


IMAGE, KERNELS, GIVEN = (1, 8, 14, 14), (16, 8, 3, 3), (1, 16, 12, 12)


@pytest.mark.parametrize("op_type", ["Conv", "ConvInteger", "DeformConv", f"{MS}FusedConv"])
def test_a_convolution_sums_over_a_kernel_for_each_value_it_gives(op_type: str) -> None:
    assert count(op_type, [IMAGE, KERNELS], GIVEN) == 16 * 12 * 12 * 8 * 3 * 3


def test_nhwc_changes_no_count() -> None:
    nhwc = count(f"{MS}NhwcConv", [(1, 14, 14, 8), (16, 3, 3, 8)], (1, 12, 12, 16))
    assert nhwc == count("Conv", [IMAGE, KERNELS], GIVEN)


@pytest.mark.parametrize(
    "spelling",
    [
        {"strides": (2, 2), "auto_pad": "SAME_UPPER"},
        {"strides": (2, 2), "output_shape": (28, 28)},
        {"strides": (2, 2), "pads": (1, 1, 1, 1), "output_padding": (1, 1)},
    ],
)
def test_a_transposed_convolution_is_the_same_in_all_spellings(spelling: dict[str, Any]) -> None:
    found = count("ConvTranspose", [IMAGE, (8, 4, 3, 3)], (1, 4, 28, 28), **spelling)
    assert found == 14 * 14 * 8 * 4 * 3 * 3


@pytest.mark.parametrize(
    ("op_type", "inputs", "output", "attributes", "expected"),
    [
        ("MatMul", [(2, 3, 5, 7), (2, 3, 7, 11)], (2, 3, 5, 11), {}, 2 * 3 * 5 * 7 * 11),
        ("MatMul", [(7,), (7,)], (), {}, 7),
        ("MatMul", [(5, 7), (7,)], (5,), {}, 35),
        ("MatMulInteger", [(5, 7), (7, 11)], (5, 11), {}, 5 * 7 * 11),
        ("Gemm", [(7, 5), (11, 7)], (5, 11), {"transA": 1, "transB": 1}, 5 * 7 * 11),
        ("Gemm", [(5, 7), (7, 11)], (5, 11), {}, 5 * 7 * 11),
        (f"{MS}FusedGemm", [(5, 7), (7, 11)], (5, 11), {"activation": "Relu"}, 5 * 7 * 11),
        (f"{MS}FusedMatMul", [(2, 5, 7), (2, 11, 7)], (2, 5, 11), {"transB": 1}, 2 * 5 * 7 * 11),
        (f"{MS}DynamicQuantizeMatMul", [(2, 5, 7), (7, 11)], (2, 5, 11), {}, 2 * 5 * 7 * 11),
        (f"{MS}MatMulNBits", [(2, 5, 7), (11, 1, 16)], None, {"K": 7, "N": 11}, 2 * 5 * 7 * 11),
        ("LSTM", [(5, 2, 8), (1, 16, 8), (1, 16, 4)], None, {"hidden_size": 4}, 10 * (128 + 64)),
        ("GRU", [(5, 2, 8), (2, 12, 8), (2, 12, 4)], None, {"direction": "bidirectional"}, 10 * (192 + 96)),
        ("RNN", [(2, 5, 8), (1, 4, 8), (1, 4, 4)], None, {"layout": 1}, 10 * (32 + 16)),
    ],
)
def test_products_are_counted(
    op_type: str, inputs: Shapes, output: tuple[int, ...], attributes: dict[str, Any], expected: int
) -> None:
    assert count(op_type, inputs, output, **attributes) == expected


@pytest.mark.parametrize(
    ("equation", "inputs", "expected"),
    [
        ("bhid,bhjd->bhij", [(2, 3, 5, 7), (2, 3, 11, 7)], 2 * 3 * 5 * 11 * 7),
        ("...ij,...jk->...ik", [(2, 3, 5, 7), (7, 11)], 2 * 3 * 5 * 7 * 11),
        ("ij,jk", [(5, 7), (7, 11)], 5 * 7 * 11),
        ("ij,jk,kl->il", [(2, 3), (3, 5), (5, 7)], 2 * 3 * 5 + 2 * 5 * 7),
        ("ii->i", [(4, 4)], 0),
        (" b n , n -> b ", [(4, 6), (6,)], 24),
        ("ij,jk->ik", [(2, 3, 4), (4, 5)], None),
        ("ij,jk->ik", [(2, 3)], None),
    ],
)
def test_an_equation_is_counted_from_left_to_right(
    equation: str, inputs: Shapes, expected: int | None
) -> None:
    assert count("Einsum", inputs, None, equation=equation) == expected


def test_attention_makes_two_products_for_each_head() -> None:
    heads = 2 * 4 * 5 * 9 * (16 + 32)
    assert count("Attention", [(2, 4, 5, 16), (2, 4, 9, 16), (2, 4, 9, 32)], None) == heads
    flat = [(2, 5, 64), (2, 9, 64), (2, 9, 128)]
    assert count("Attention", flat, None, q_num_heads=4, kv_num_heads=4) == heads
    past = [*flat, None, (2, 4, 3, 16), (2, 4, 3, 32)]
    assert count("Attention", past, None, q_num_heads=4, kv_num_heads=4) == heads // 9 * 12
    assert count(f"{MS}MultiHeadAttention", flat, None, num_heads=4) == heads


@pytest.mark.parametrize("op_type", ["Attention", "QAttention"])
def test_attention_with_its_weight_makes_three_products_more(op_type: str) -> None:
    found = count(f"{MS}{op_type}", [(1, 197, 192), (192, 576), (576,)], (1, 197, 192), num_heads=3)
    assert found == 197 * 192 * 576 + 2 * 197 * 197 * 192


@pytest.mark.parametrize(
    ("op_type", "inputs", "output", "expected"),
    [
        ("BATCH_MATMUL", [(2, 5, 7), (2, 7, 11)], (2, 5, 11), 2 * 5 * 7 * 11),
        ("BATCH_MATMUL", [(2, 7, 3, 5), (2, 7, 5, 11)], (2, 7, 3, 11), 2 * 7 * 3 * 5 * 11),
        ("CONV_3D", [(1, 4, 8, 8, 3), (3, 3, 3, 3, 6)], (1, 2, 6, 6, 6), 2 * 6 * 6 * 6 * 27 * 3),
        ("CONV_3D_TRANSPOSE", [(5,), (3, 3, 3, 6, 2), (1, 4, 8, 8, 2)], None, 4 * 8 * 8 * 2 * 27 * 6),
        ("FULLY_CONNECTED", [(1, 7, 7, 64), (24, 64)], (1, 7, 7, 24), 7 * 7 * 64 * 24),
        ("DEPTHWISE_CONV_2D", [(1, 14, 14, 8), (1, 3, 3, 8)], (1, 12, 12, 8), 12 * 12 * 8 * 9),
        ("SVDF", [(2, 16), (8, 16), (8, 10)], (2, 4), 2 * (8 * 16 + 8 * 10)),
        ("UNIDIRECTIONAL_SEQUENCE_RNN", [(2, 5, 8), (4, 8), (4, 4), (4,)], (2, 5, 4), 10 * (32 + 16)),
    ],
)
def test_types_of_tflite_are_counted_in_its_own_order(
    op_type: str, inputs: Shapes, output: tuple[int, ...], expected: int
) -> None:
    assert count(f"tflite.{op_type}", inputs, output) == expected


def test_an_lstm_of_tflite_without_an_input_gate_has_six_weights() -> None:
    inputs = [(2, 5, 8), None, *[(4, 8)] * 3, None, *[(4, 4)] * 3, *[None] * 8]
    assert count("tflite.UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, (2, 5, 4)) == 10 * 3 * (32 + 16)


@pytest.mark.parametrize("op_type", sorted(COUNTERS))
def test_where_shapes_are_not_known_the_count_is_unknown(op_type: str) -> None:
    assert count(op_type, [], None) is None
    assert count_multiply_adds(graph_of({}), Node("n", op_type, ("a", "b", "c"), ("y",))) is None


def test_a_type_of_its_own_is_unknown_and_one_without_products_makes_none() -> None:
    assert count("my.Magic", [IMAGE], IMAGE) is None
    assert count("tflite.Convolution2DTransposeBias", [IMAGE], IMAGE) is None
    assert count("Softmax", [IMAGE], IMAGE) == count("tflite.GATHER", [IMAGE], IMAGE) == 0


def test_every_type_of_onnx_is_counted_or_known_to_make_none_but_those_of_another_kind() -> None:
    types = {schema.name for schema in onnx.defs.get_all_schemas() if not schema.domain}
    assert not MULTIPLY_NOTHING & COUNTERS.keys()
    assert types - MULTIPLY_NOTHING - COUNTERS.keys() <= {
        *("If", "Loop", "Scan", "SequenceMap"),
        *("AffineGrid", "CausalConvWithState", "DFT", "Det", "ImageDecoder", "LinearAttention", "STFT"),
    }


@given(st.lists(st.integers(1, 5), max_size=2), st.integers(1, 6), st.integers(1, 6), st.integers(1, 6))
def test_all_ways_to_write_a_matrix_product_count_alike(batch: list[int], m: int, k: int, n: int) -> None:
    first, second, output = (*batch, m, k), (*batch, k, n), (*batch, m, n)
    expected = int(np.prod(output)) * k
    assert count("MatMul", [first, second], output) == expected
    assert count("Einsum", [first, second], None, equation="...ij,...jk->...ik") == expected
    transposed = (*batch, n, k)
    assert count(f"{MS}FusedMatMul", [first, transposed], output, transB=1) == expected


def test_a_sum_with_an_unknown_count_is_a_bound() -> None:
    fates = [Fate("n", "T", "unmapped", "no operator", each) for each in (5, None, 7, None)]
    assert Lost.of(fates) == Lost(12, 2)
