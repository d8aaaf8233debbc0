"""On made-up tables of every type: intervals hold what they say, and nothing is stated without a width."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lut.estimation import collect_samples, cross_validate, fit_table
from lut.ops import UINT8, OpSpec, TensorSpec
from lut.ops.families import sizes_of
from lut.ops.rules import RULES
from lut.records import LutRecord
from tests.lut.ops.drawn import draw_kind, draw_op
from tests.lut.samples import record

pytestmark = pytest.mark.no_cover
"""Thousands of examples run the same lines, which take twice as long while each is counted."""

every_family = pytest.mark.parametrize(
    "op_type", [op_type for op_type, rule in RULES.items() if not rule.unfused]
)
"""A fused ReLU makes no family of its own."""


def time_of(op: OpSpec, random: Random, noise: float) -> float:
    """A time such as kernels take: a call, multiply-adds in tiles, memory that costs more beyond a cache."""
    sizes = sizes_of(op)
    tiles = -(-sizes.out_pixels // 4) * -(-sizes.out_channels // 8) * 32
    smooth = 2 + sizes.multiply_adds / 2e4 + sizes.bytes_moved / 8e3 + sizes.out_pixels / 3e3 + tiles / 4e4
    return (smooth + max(0, sizes.bytes_moved - 40_000) / 16e3) * math.exp(random.gauss(0, noise))


def drawn_table(op_type: str, random: Random, count: int, noise: float) -> list[LutRecord]:
    """Records of one family, each of another operator."""
    kind = draw_kind(op_type, random)
    ops: dict[OpSpec, float] = {}
    while len(ops) < count:
        op = draw_op(op_type, kind, random)
        ops.setdefault(op, time_of(op, random, noise))
    return [record(op, 10 + time) for op, time in ops.items()]


@every_family
@pytest.mark.parametrize("noise", [0.03, 0.1])
def test_what_is_predicted_lies_in_its_interval_or_is_refused(op_type: str, noise: float) -> None:
    """Of eight tables together: of a single one, whose records all guesses share, it scatters by 5 %."""
    random = Random(f"{op_type} {noise}")
    inside = []
    for count in (40, 80, 200, 300) * 2:
        table = drawn_table(op_type, random, count + 250, noise)
        guesses = fit_table(table[:count])
        ops = [OpSpec.from_key(row.key) for row in table[count:]]
        for op, row, guess in zip(ops, table[count:], guesses.predict_many(ops), strict=True):
            if guess is None:
                assert guesses.refusal(op) is not None
                continue
            assert guess.low_us < guess.runtime_us < guess.high_us
            inside.append(guess.low_us <= row.p50 <= guess.high_us)
    assert len(inside) > 800
    assert 0.85 <= sum(inside) / len(inside) <= 0.95


@every_family
@given(st.integers(0, 2**32).map(Random))
@settings(max_examples=5)
def test_an_interval_has_a_width_even_where_every_time_is_the_same(op_type: str, random: Random) -> None:
    table = [LutRecord(row.key, (7.0,) * 5, "A") for row in drawn_table(op_type, random, 50, 0.0)]
    guesses = fit_table(table[:-10])
    for row in table[-10:]:
        guess = guesses.predict(OpSpec.from_key(row.key))
        assert guess is None or guess.low_us < 7.0 < guess.high_us


def test_operators_of_a_few_microseconds_are_guessed_as_close_as_they_scatter() -> None:
    """A sum's time follows its number of values, however they are cut into pixels and channels."""
    random = Random(0)
    table = []
    for _ in range(400):
        x = TensorSpec((1, random.randint(4, 56), random.randint(4, 56), random.randint(8, 200)), UINT8)
        op = OpSpec.of("Int8Sum", [x, x], order="NHWC")
        table.append(record(op, 3 + time_of(op, random, 0.0)))
    (error,) = cross_validate(collect_samples(table))
    assert error.p90_error is not None
    assert error.p90_error_us is not None
    assert error.p90_error < 0.01
    assert error.p90_error_us < 1.0
