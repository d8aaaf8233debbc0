"""Families: one for each kind of operator, whatever its sizes and its spelling."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.errors import ModelError
from lut.estimation import LEAST_OPS, fit_table
from lut.ops import INT32, UINT8, OpSpec, TensorSpec, check_family, family_of, infer_outputs
from lut.ops.canonical import canonical_key
from lut.ops.families import sizes_of
from lut.ops.rules import RULES
from lut.table import format_record
from lut.table.formats.json_record import read_record
from tests.lut.ops.drawn import draw_kind, draw_op
from tests.lut.samples import record

pytestmark = pytest.mark.no_cover
"""Thousands of examples run the same lines, which take twice as long while each is counted."""

randoms = st.integers(0, 2**32).map(Random)
every_type = pytest.mark.parametrize("op_type", RULES)

X = TensorSpec((1, 14, 14, 8), UINT8)


@every_type
@given(randoms)
def test_operators_are_of_one_family_when_they_differ_in_size_alone(op_type: str, random: Random) -> None:
    first, second = draw_kind(op_type, random), draw_kind(op_type, random)
    ops = draw_op(op_type, first, random), draw_op(op_type, first, random)
    assert family_of(ops[0]) == family_of(ops[1])
    other = draw_op(op_type, second, random)
    assert (family_of(other) == family_of(ops[0])) == (first == second), (ops[0].describe(), other.describe())


@given(st.sampled_from(sorted(RULES)), st.sampled_from(sorted(RULES)), randoms)
def test_types_share_a_family_only_by_their_relu(first: str, second: str, random: Random) -> None:
    kinds = draw_kind(first, random), draw_kind(second, random)
    families = [
        family_of(draw_op(op_type, kind, random))
        for op_type, kind in zip((first, second), kinds, strict=True)
    ]
    assert (families[0] == families[1]) == (kinds[0] == kinds[1])


@every_type
@given(randoms)
def test_a_family_survives_a_table(op_type: str, random: Random) -> None:
    op = draw_op(op_type, draw_kind(op_type, random), random)
    read = OpSpec.from_key(read_record(format_record(record(op, 5.0)).encode()).key)
    assert check_family(read) == check_family(op) is not None


@every_type
@given(randoms)
def test_every_spelling_is_one_operator(op_type: str, random: Random) -> None:
    op = draw_op(op_type, draw_kind(op_type, random), random)
    key = canonical_key(op.key)
    assert canonical_key(key) == key
    canonical = OpSpec.from_key(key)
    if op_type.startswith("Int8"):  # their order goes unwritten there, as their kernel where it is not read
        args = dict(canonical.args) | ({"kernel": 1} if op_type == "Int8ChannelShuffle" else {})
        joins = op_type == "Int8Concat"  # for which it is another spelling of the axis
        canonical = OpSpec(op_type, (*args.items(), *([] if joins else [("order", "NHWC")])), op.inputs)
    assert infer_outputs(canonical) == infer_outputs(op)
    assert check_family(canonical) == check_family(op)


@every_type
@given(randoms)
def test_views_hold_every_value(op_type: str, random: Random) -> None:
    op = draw_op(op_type, draw_kind(op_type, random), random)
    sizes = sizes_of(op)
    assert sizes.in_pixels * sizes.in_channels == op.inputs[0].elements
    assert sizes.out_pixels * sizes.out_channels == infer_outputs(op)[0].elements


def test_a_pooling_of_another_kernel_is_another_family() -> None:
    table = [
        record(
            OpSpec.of("Int8MaxPool", [TensorSpec((1, 14, 14, 8 * n), UINT8)], kernel=2, order="NHWC"),
            10.0 * n,
        )
        for n in range(1, 49)
    ]
    guesses = fit_table(table)
    assert guesses.predict(OpSpec.of("Int8MaxPool", [X], kernel=2, stride=1, order="NHWC")) is not None
    assert guesses.refusal(OpSpec.of("Int8MaxPool", [X], kernel=7, order="NHWC")) == (
        f"the table has 0 of Int8MaxPool 7x7 pads (0, 0, 0, 0); it takes {LEAST_OPS}"
    )


@pytest.mark.parametrize(
    ("op", "family"),
    [
        (OpSpec.of("Int8LeakyRelu", [X], alpha=0.1), "Int8LeakyRelu alpha=0.1"),
        (OpSpec.of("LeakyRelu", [TensorSpec((1, 4))]), "LeakyRelu"),
        (OpSpec.of("Int8Relu", [X]), "Int8Relu"),
        (OpSpec.of("Int8SumRelu", [X, X]), "Int8Sum of 2"),
        (OpSpec.of("Int8MaxPoolRelu", [X], kernel=3, pad=1, order="NHWC"), "Int8MaxPool 3x3"),
        (OpSpec.of("Int8AveragePool", [X], kernel=14, order="NHWC"), "Int8AveragePool global"),
        # The quantized kernel for whole maps runs only where nothing is strided or padded.
        (
            OpSpec.of("Int8AveragePool", [X], kernel=14, stride=2, pad=7, order="NHWC"),
            "Int8AveragePool 14x14 stride 2",
        ),
        (OpSpec.of("Softmax", [TensorSpec((1, 4))], axis=1), "Softmax"),
        (OpSpec.of("Relu", [TensorSpec((1, 4))], **{"odd name": "1"}), "Relu 'odd name'='1'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_names(op: OpSpec, family: str) -> None:
    assert family_of(op) == family


def test_what_cannot_be_understood_has_no_family() -> None:
    for op in (OpSpec.of("Lstm", [X]), OpSpec.of("Int8MaxPool", [X], kernel="x", order="NHWC")):
        assert check_family(op) is None
        with pytest.raises(ModelError):
            family_of(op)


def test_batches_and_images_that_are_not_square_are_other_families() -> None:
    """Their pixels are as many, their times are not: nothing is interpolated from one to the other."""

    def conv(batch: int, height: int, width: int) -> OpSpec:
        inputs = [TensorSpec((batch, height, width, 8), UINT8), TensorSpec((4, 1, 1, 8), UINT8)]
        return OpSpec.of("Int8Conv", [*inputs, TensorSpec((4,), INT32)], kernel=1, order="NHWC")

    assert family_of(conv(1, 14, 14)) == family_of(conv(1, 28, 32)) == "Int8Conv 1x1"
    assert family_of(conv(64, 14, 14)) == "Int8Conv 1x1 batch 64"
    assert family_of(conv(1, 7, 28)) == "Int8Conv 1x1 aspect 4"
    assert family_of(conv(1, 28, 7)) == "Int8Conv 1x1 aspect 0.25"
