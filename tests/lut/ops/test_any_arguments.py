"""Whatever the arguments of an operator are, its rule gives a result or says in a sentence why not."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.errors import ModelError
from lut.ops import (
    FLOAT,
    INT32,
    UINT8,
    ArgumentValue,
    OpSpec,
    TensorSpec,
    bytes_moved,
    check_family,
    infer_outputs,
    multiply_adds,
)
from lut.ops.canonical import canonical_key
from lut.ops.rules import RULES
from lut.ops.spec import INT64
from tests.lut.arguments import values
from tests.lut.ops.drawn import draw_kind, draw_op

pytestmark = pytest.mark.no_cover
"""Thousands of examples run the same lines, which take twice as long while each is counted."""

NAMES = sorted(
    {
        *("kernel", "kernels", "kernel_h", "kernel_w", "stride", "strides", "stride_h", "stride_w"),
        *("pad", "pads", "pad_t", "pad_l", "pad_b", "pad_r", "dilation", "dilations", "dilation_h"),
        *("dilation_w", "group", "order", "axis", "axis_w", "add_axis", "axes", "shape", "starts", "ends"),
        *("dim", "start_idx", "end_idx", "alpha", "adj", "adjs", "adj_h", "adj_w", "height_scale"),
        *("width_scale", "tiles", "global_pooling", "legacy_pad", "anything", "trans_a", "trans_b"),
        *("fast_gelu", "exponent", "epsilon", "elementwise_affine", "keepdims"),
    }
)
"""All that a rule asks for."""

odd: st.SearchStrategy[ArgumentValue] = st.one_of(
    values,
    st.sampled_from([0, 1, -1, 2, 4, 2**62, math.inf, -math.inf, math.nan, 1e38, 1e-40, 0.5, 2.0]),
    st.sampled_from(["", "x", "NCHW", "NHWC", b"\xff", True]),
    st.lists(st.integers(-2, 4), max_size=5).map(tuple),
    st.lists(st.sampled_from([0.0, 1.0, 2.0, math.nan]), min_size=1, max_size=5).map(tuple),
    st.sampled_from([("a", b"\xff"), ("0", "1", "2", "3")]),
)
arguments = st.dictionaries(st.sampled_from(NAMES), odd, max_size=4)
tensors = st.builds(
    TensorSpec,
    st.lists(st.integers(0, 6), max_size=5).map(tuple),
    st.sampled_from([FLOAT, UINT8, INT32, INT64, 99]),
)


def infer_or_refuse(op: OpSpec) -> tuple[tuple[TensorSpec, ...], str]:
    try:
        return infer_outputs(op), ""
    except ModelError as error:
        return (), str(error)


def check(op: OpSpec) -> None:
    """Ask all that is asked of an operator; every answer is a result or a refusal."""
    canonical_key(canonical_key(op.key))
    outputs, sentence = infer_or_refuse(op)
    if not outputs:
        assert sentence.startswith(f"{op.describe()}: ")
        assert sentence.endswith(".")
        assert check_family(op) is None
        return
    assert all(isinstance(size, int) and size >= 1 for size in outputs[0].shape)
    assert multiply_adds(op) >= 0
    assert bytes_moved(op) > 0
    assert check_family(op) is not None


@pytest.mark.parametrize("op_type", RULES)
@given(st.integers(0, 2**32).map(Random), arguments)
def test_an_operator_with_some_arguments_changed(
    op_type: str, random: Random, changed: dict[str, ArgumentValue]
) -> None:
    op = draw_op(op_type, draw_kind(op_type, random), random)
    check(OpSpec.of(op_type, op.inputs, **(dict(op.args) | changed)))


@pytest.mark.parametrize("op_type", RULES)
@given(st.lists(tensors, max_size=4), arguments)
def test_any_inputs(op_type: str, inputs: list[TensorSpec], args: dict[str, ArgumentValue]) -> None:
    check(OpSpec.of(op_type, inputs, **args))


@pytest.mark.parametrize("op_type", RULES)
@given(st.integers(0, 2**32).map(Random), st.data())
def test_inputs_of_wrong_ranks(op_type: str, random: Random, data: st.DataObject) -> None:
    op = draw_op(op_type, draw_kind(op_type, random), random)
    inputs = [
        TensorSpec(tuple(data.draw(st.lists(st.integers(1, 6), max_size=5))), tensor.dtype)
        for tensor in op.inputs
    ]
    check(OpSpec(op_type, op.args, tuple(inputs)))
