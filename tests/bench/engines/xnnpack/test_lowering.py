"""Operators as subgraphs: what is written down, and what is refused by name."""

from __future__ import annotations

import json
from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.engines import XNNPACK, XNNPACK_QU8
from bench.engines.xnnpack.lowering import LOWERINGS
from lut.errors import ModelError
from lut.ops import FLOAT, INT32, UINT8, OpSpec, TensorSpec, infer_outputs
from lut.ops.rules import RULES
from tests.lut.ops.drawn import draw_kind, draw_op
from tests.lut.ops.operators import op


def test_a_depthwise_convolution_line_by_line() -> None:
    spec = OpSpec.of(
        "Int8ConvRelu",
        [TensorSpec((1, 56, 56, 24), UINT8), TensorSpec((24, 3, 3, 1), UINT8), TensorSpec((24,), INT32)],
        kernel=3,
        stride=2,
        pad=1,
        group=24,
        order="NHWC",
    )
    source = XNNPACK.lower(spec)
    assert source.id == spec.id
    assert json.loads(source.first) == [{"name": "output_0", "shape": [1, 28, 28, 24], "dtype": UINT8}]
    assert source.second.decode().splitlines() == [
        "xnnpack 1 2",
        "value input qs8 0.0078125 0 0 4 1 56 56 24",
        "value output qs8 0.0078125 0 0 4 1 28 28 24",
        "value bias qc32 6.103515625e-05 0 0 1 24",
        "value weight qc8 0.0078125 0 3 4 1 3 3 24",
        "node depthwise 12 1 1 1 1 3 3 2 2 1 1 1 24 2 0.0 0.9921875 4 0 3 2 1",
    ]


def test_images_of_floats_are_turned_to_nhwc_and_reported_as_they_were() -> None:
    spec = OpSpec.of(
        "Conv",
        [TensorSpec((1, 3, 8, 6), FLOAT), TensorSpec((5, 3, 1, 1), FLOAT)],
        kernel=1,
        order="NCHW",
    )
    source = XNNPACK.lower(spec)
    assert json.loads(source.first)[0]["shape"] == [1, 5, 8, 6]
    values = source.second.decode().splitlines()[1:4]
    assert [line.split()[-4:] for line in values] == [
        ["1", "8", "6", "3"],
        ["1", "8", "6", "5"],
        ["5", "1", "1", "3"],
    ]


@pytest.mark.parametrize("op_type", RULES)
@given(st.integers(0, 2**32).map(Random))
def test_an_operator_is_written_down_or_refused_by_name(op_type: str, random: Random) -> None:
    drawn = draw_op(op_type, draw_kind(op_type, random), random)
    reason = XNNPACK.refusal(drawn)
    if reason is not None:
        assert op_type in reason
        assert "XNNPACK" in reason
        return
    assert op_type in LOWERINGS
    told = json.loads(XNNPACK.lower(drawn).first)
    assert [tuple(each["shape"]) for each in told] == [tensor.shape for tensor in infer_outputs(drawn)]


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (op("Relu", (2,) * 7), "takes tensors of at most 6 dimensions, not of 7"),
        (op("Reshape", (4,), shape=(1,) * 6 + (4,)), "takes tensors of at most 6 dimensions, not of 7"),
        (op("Pad", (4,), before=(1,), after=(1,), value=inf), "is asked to pad with finite values only"),
        (op("ReduceMean", (2,) * 5, axes=(0,), keepdims=0), "is not asked for what leaves an image"),
        (
            op("Int8HardSigmoid", (4,), dtype=UINT8, alpha=2.0),
            "takes alpha and beta from -1 to 0.992 in 8 bits",
        ),
        (op("Tile", (2,) * 6, tiles=2, axis=0), "takes tensors of at most 6 dimensions, not of 7"),
        (op("Erf", (4,)), "XNNPACK has no operator for Erf."),
        (op("Pow", (4,), exponent=3.0), "raises to the powers -0.5, 0.5, 2.0 only"),
    ],
    ids=lambda value: value.op_type if isinstance(value, OpSpec) else "",
)
def test_what_it_does_not_run_is_refused_with_the_reason(refused: OpSpec, reason: str) -> None:
    assert reason in str(XNNPACK.refusal(refused))


@pytest.mark.parametrize(
    "accepted",
    [
        op("HardSigmoid", (4,), alpha=2.0),
        op("Int8HardSigmoid", (4,), dtype=UINT8, alpha=1 / 6),
        op("ReduceMean", (2,) * 5, axes=(0,), keepdims=1),
        op("Relu", (2,) * 6),
        op("Tile", (1, *(2,) * 5), tiles=2, axis=0),
        op("Concat", *[(1, 4)] * 5, axis=1),
        op("MaxPool", (1, 4, 8, 8), global_pooling=1),
        op("ConvTranspose", (1, 4, 8, 8), (4, 4, 3, 3), kernel=3, stride=2, adjs=(1, 0)),
    ],
    ids=OpSpec.describe,
)
def test_what_is_close_to_a_limit_runs(accepted: OpSpec) -> None:
    assert XNNPACK.refusal(accepted) is None


def list_nodes(spec: OpSpec) -> list[str]:
    """The kinds of an operator's nodes."""
    lines = XNNPACK.lower(spec).second.decode().splitlines()
    return [line.split()[1] for line in lines if line.startswith("node ")]


def test_a_norm_is_made_of_means_products_and_sums() -> None:
    divide = ["square", "mean", "add", "reciprocal_square_root", "multiply"]
    layer_norm = op("LayerNorm", (1, 5, 8), (8,), (8,), axis=2, elementwise_affine=1)
    assert list_nodes(layer_norm) == ["mean", "subtract", *divide, "multiply", "add"]
    assert list_nodes(op("RMSNorm", (1, 5, 8), (8,), axis=2)) == [*divide, "multiply"]


def test_what_is_repeated_over_an_image_of_floats_is_turned_where_its_values_lie_otherwise() -> None:
    image = (1, 3, 8, 6)
    assert list_nodes(op("Mul", image, (3, 1, 1))) == ["multiply"]
    assert list_nodes(op("Mul", image, (8, 6))) == ["multiply"]
    assert list_nodes(op("Mul", image, (3, 8, 1))) == ["transpose", "multiply"]
    assert list_nodes(op("Mul", image, (3, 8, 1), order="NHWC")) == ["multiply"]


def test_bytes_without_a_sign_have_no_product_of_two_activations() -> None:
    product = op("Int8BatchMatMul", (2, 4, 4), (2, 4, 4), dtype=UINT8)
    assert XNNPACK.refusal(product) is None
    assert "multiplies no two activations whose bytes have no sign" in str(XNNPACK_QU8.refusal(product))


def test_what_does_not_fit_its_rule_is_no_subgraph() -> None:
    with pytest.raises(ModelError, match="Relu"):
        XNNPACK.lower(OpSpec.of("Relu", []))
