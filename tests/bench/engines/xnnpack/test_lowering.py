"""Operators as subgraphs: what is written down, and what is refused by name."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.engines import XNNPACK
from bench.engines.xnnpack.lowering import LOWERINGS
from lut.errors import ModelError
from lut.ops import FLOAT, INT32, UINT8, OpSpec, TensorSpec, infer_outputs
from lut.ops.rules import RULES
from tests.lut.ops.drawn import draw_kind, draw_op


def test_a_depthwise_convolution_line_by_line() -> None:
    op = OpSpec.of(
        "Int8ConvRelu",
        [TensorSpec((1, 56, 56, 24), UINT8), TensorSpec((24, 3, 3, 1), UINT8), TensorSpec((24,), INT32)],
        kernel=3,
        stride=2,
        pad=1,
        group=24,
        order="NHWC",
    )
    source = XNNPACK.lower(op)
    assert source.id == op.id
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
    op = OpSpec.of(
        "Conv",
        [TensorSpec((1, 3, 8, 6), FLOAT), TensorSpec((5, 3, 1, 1), FLOAT)],
        kernel=1,
        order="NCHW",
    )
    source = XNNPACK.lower(op)
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
    op = draw_op(op_type, draw_kind(op_type, random), random)
    reason = XNNPACK.refusal(op)
    if reason is not None:
        assert op_type in reason
        assert "XNNPACK" in reason
        return
    assert op_type in LOWERINGS
    told = json.loads(XNNPACK.lower(op).first)
    assert [tuple(each["shape"]) for each in told] == [tensor.shape for tensor in infer_outputs(op)]


def test_what_does_not_fit_its_rule_is_no_subgraph() -> None:
    with pytest.raises(ModelError, match="Relu"):
        XNNPACK.lower(OpSpec.of("Relu", []))
