"""Which operators take turns with each other."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bench.device_runner import split_into_companies
from bench.device_runner.program.turns import is_quantized, order_for_turns
from lut.ops import UINT8, OpSpec, TensorSpec, bytes_moved, family_of
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


SMALL = [int8_conv(channels) for channels in range(8, 8 + 50)]
LARGE = [int8_conv(channels) for channels in range(4096, 4096 + 70)]


def test_small_operators_take_turns_in_smaller_groups_and_floats_in_smaller_ones() -> None:
    floats = [relu(channels) for channels in range(1, 40)]
    small, large, others = split_into_companies([*LARGE, *floats, *SMALL], 60)
    assert (list(small.ops), small.turns) == (order_for_turns(SMALL), 45)
    assert (list(large.ops), large.turns) == (order_for_turns(LARGE), 60)
    assert (list(others.ops), others.turns) == (order_for_turns(floats), 30)
    assert is_quantized(SMALL[0])
    assert not is_quantized(floats[0])


@pytest.mark.parametrize("ops", [[*SMALL[:44], *LARGE], [*SMALL, *LARGE[:59]]])
def test_too_few_of_one_size_take_turns_with_the_others(ops: list[OpSpec]) -> None:
    (company,) = split_into_companies(ops, 60)
    assert (list(company.ops), company.turns) == (order_for_turns(ops), 60)


def test_operators_measured_by_themselves_have_no_turns() -> None:
    companies = split_into_companies([*SMALL, *LARGE, relu(1)], 1)
    assert [company.turns for company in companies] == [1, 1]
