"""Which operators of no net take turns where activations have memory of their own."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bench.device_runner.program.strangers import split_strangers
from lut.ops import INT32, UINT8, OpSpec, TensorSpec, bytes_moved
from tests.bench.conftest import relu


def conv(channels: int, size: int) -> OpSpec:
    x, weight = TensorSpec((1, size, size, channels), UINT8), TensorSpec((64, 1, 1, channels), UINT8)
    bias = TensorSpec((64,), INT32)
    return OpSpec.of("Int8Conv", (x, weight, bias), kernel=1, stride=1, pad=0, order="NHWC")


def sum_of_two(channels: int) -> OpSpec:
    x = TensorSpec((1, 14, 14, channels), UINT8)
    return OpSpec.of("Int8Sum", (x, x), order="NHWC")


CONVS = [conv(channels, size) for channels in range(16, 272, 4) for size in (14, 28, 56)]


def hands_of(ops: list[OpSpec], turns: int = 60) -> list[list[OpSpec]]:
    return [
        list(company.ops[start : start + company.turns])
        for company in split_strangers(ops, turns)
        for start in range(0, len(company.ops), company.turns)
    ]


def test_each_hand_moves_as_much_as_a_net() -> None:
    hands = hands_of(CONVS)
    moved = [sum(map(bytes_moved, hand)) / 1e6 for hand in hands]
    assert len(hands) > 3
    assert 9 < min(moved) <= max(moved) < 15


def test_no_hand_has_more_operators_than_turns() -> None:
    small = [conv(channels, 7) for channels in range(16, 16 + 200)]
    assert sorted(map(len, hands_of(small))) == [50, 50, 50, 50]
    assert sorted(map(len, hands_of(small, 30))) == [28, 28, 28, 29, 29, 29, 29]


def test_a_rare_family_is_together_and_every_hand_has_all_sizes_of_the_others() -> None:
    sums = [sum_of_two(channels) for channels in range(8, 8 + 16)]
    hands = hands_of([*CONVS, *sums])
    assert sorted(sum(op in sums for op in hand) for hand in hands)[-3:] == [0, 8, 8]
    for hand in hands:
        sizes = [bytes_moved(op) for op in hand if op not in sums]
        assert min(sizes) < 30_000
        assert max(sizes) > 300_000


def test_floats_take_turns_by_themselves() -> None:
    for hand in hands_of([*CONVS, relu(4), relu(8)]):
        assert len({op.op_type.startswith("Int8") for op in hand}) == 1


def test_other_memory_is_read_for_what_a_few_operators_lack() -> None:
    few = [conv(channels, 7) for channels in range(16, 26)]
    (company,) = split_strangers(few, 60)
    assert company.turns == 10
    assert company.other_bytes + sum(map(bytes_moved, few)) == 12_000_000
    (company,) = split_strangers(CONVS[60:90], 60)
    assert company.other_bytes + sum(map(bytes_moved, CONVS[60:90])) == 12_000_000


def test_many_small_operators_find_no_more_in_the_caches_than_in_a_net() -> None:
    """Sums and ReLUs of floats that took turns with each other alone took a third of their time."""
    small = [sum_of_two(channels) for channels in range(8, 8 + 150)]
    companies = list(split_strangers(small, 60))
    assert sum(len(company.ops) for company in companies) == 150
    for company in companies:
        own = sum(map(bytes_moved, company.ops)) * company.turns // len(company.ops)
        assert company.other_bytes + own == 12_000_000


def test_one_operator_is_not_taken_for_one_that_is_measured_by_itself() -> None:
    (company,) = split_strangers(CONVS[:1], 60)
    assert company.turns == 2


@given(
    st.lists(st.sampled_from(CONVS), unique=True),
    st.integers(0, 40),
    st.integers(2, 80),
)
def test_every_operator_is_dealt_once_and_always_alike(convs: list[OpSpec], sums: int, turns: int) -> None:
    ops = [*convs, *(sum_of_two(channels) for channels in range(8, 8 + sums)), relu(4)]
    hands = hands_of(ops, turns)
    assert Counter(op for hand in hands for op in hand) == Counter(ops)
    assert max(map(len, hands)) <= turns
    assert hands == hands_of(ops, turns)
