"""Which operators take turns with each other."""

from __future__ import annotations

from itertools import pairwise

from bench.device_runner.turns import is_quantized, order_for_turns, turns_of
from lut.families import family_of
from lut.ops import bytes_moved
from lut.records import UINT8, OpSpec, TensorSpec
from tests.bench.conftest import int8_conv, relu


def int8_sum(channels: int) -> OpSpec:
    return OpSpec.of("Int8Sum", [TensorSpec((1, 8, 8, channels), UINT8)] * 2, order="NHWC")


CONVS = [int8_conv(channels) for channels in range(8, 8 + 64)]
SUMS = [int8_sum(channels) for channels in range(8, 8 + 16)]


def test_every_operator_has_its_turn_once() -> None:
    assert sorted(order_for_turns(CONVS + SUMS), key=lambda op: op.id) == sorted(
        CONVS + SUMS, key=lambda op: op.id
    )


def count_changes(ops: list[OpSpec]) -> int:
    """Count how often an operator is of another family than the one before it."""
    return sum(first != second for first, second in pairwise(map(family_of, ops)))


def test_a_rare_family_is_not_scattered() -> None:
    ordered = order_for_turns(CONVS + SUMS)
    assert count_changes(ordered) <= 2 * len(SUMS) // 8
    assert count_changes(sorted(CONVS + SUMS, key=bytes_moved)) > 2 * len(SUMS) // 8


def test_neighbours_are_of_about_the_same_size() -> None:
    sizes = [bytes_moved(op) for op in order_for_turns(CONVS)]
    assert sizes == sorted(sizes)


def test_the_order_does_not_depend_on_the_plan_s() -> None:
    assert order_for_turns(CONVS + SUMS) == order_for_turns(reversed(CONVS + SUMS))


def test_floats_take_turns_in_smaller_groups() -> None:
    assert is_quantized(CONVS[0])
    assert not is_quantized(relu(8))
    assert (turns_of(60, quantized=True), turns_of(60, quantized=False)) == (60, 30)
    assert (turns_of(3, quantized=False), turns_of(1, quantized=False)) == (2, 1)
