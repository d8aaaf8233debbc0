"""Which operators take turns on an engine that shares activations."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.device_runner.program.nets import gather_nets
from bench.device_runner.program.turns import Company
from lut.ops import OpSpec, weight_bytes
from lut.plan import Origin
from tests.bench.conftest import int8_conv, relu
from tests.lut.samples import pointwise

SMALL, LARGE = Origin("small", 40, 100_000), Origin("large", 70, 3_000_000)
OF_SMALL = [int8_conv(channels) for channels in range(8, 8 + 40)]
OF_LARGE = [int8_conv(channels) for channels in range(400, 400 + 70)]


def of(origin: Origin, ops: list[OpSpec]) -> dict[str, Origin]:
    return {op.id: origin for op in ops}


def hands_of(company: Company) -> list[Sequence[OpSpec]]:
    starts = range(0, len(company.ops), company.turns)
    return [company.ops[start : start + company.turns] for start in starts]


def test_operators_take_turns_with_those_of_their_net() -> None:
    small, large = gather_nets([*OF_SMALL, *OF_LARGE], of(SMALL, OF_SMALL) | of(LARGE, OF_LARGE), 60)
    assert (list(small.ops), small.turns) == (OF_SMALL, 40)
    assert (list(large.ops), large.turns) == (OF_LARGE, 70)


def test_a_round_reads_as_many_bytes_as_the_net_has_weights() -> None:
    (company,) = gather_nets(OF_LARGE, of(LARGE, OF_LARGE), 60)
    assert company.other_bytes + sum(map(weight_bytes, OF_LARGE)) == 3_000_000


def test_what_few_are_left_of_a_net_joins_the_net_before() -> None:
    few = OF_SMALL[:5]
    like = Origin("like", 40, 2_000_000)
    (company,) = gather_nets([*OF_LARGE, *few], of(like, few) | of(LARGE, OF_LARGE), 60)
    assert list(company.ops) == [*OF_LARGE, *few]
    assert company.other_bytes + sum(map(weight_bytes, company.ops)) == 3_000_000


def test_few_operators_of_a_small_net_are_not_measured_as_a_part_of_a_large_one() -> None:
    """Their weights would find no room in a cache that holds the small net whole."""
    few = OF_SMALL[:5]
    large, small = gather_nets([*OF_LARGE, *few], of(SMALL, few) | of(LARGE, OF_LARGE), 60)
    assert (list(large.ops), list(small.ops)) == (OF_LARGE, few)
    assert small.other_bytes + sum(map(weight_bytes, few)) == 100_000


def test_a_full_company_takes_no_more() -> None:
    few, many = OF_SMALL[:5], [*OF_LARGE, *(int8_conv(channels) for channels in range(600, 618))]
    like = Origin("like", 40, 2_000_000)
    first, second = gather_nets([*many, *few], of(like, few) | of(LARGE, many), 60)
    assert (len(first.ops), len(second.ops)) == (88, 5)


def test_one_operator_takes_turns_with_other_memory() -> None:
    """A single turn would mean that all it needs is in its caches."""
    (company,) = gather_nets(OF_LARGE[:1], of(LARGE, OF_LARGE), 60)
    assert company.turns == 2
    assert company.other_bytes + weight_bytes(OF_LARGE[0]) == 3_000_000


def test_operators_of_no_net_are_dealt_so_that_each_hand_has_all_sizes() -> None:
    company, floats = gather_nets([*OF_SMALL, *OF_LARGE, relu(4)], {}, 60)
    first, second = hands_of(company)
    assert len(first) == len(second) == 55
    for hand in (first, second):
        assert sum(op in OF_SMALL for op in hand) == 20
    own = sum(map(weight_bytes, company.ops)) // 2
    assert company.other_bytes + own == 4_000_000
    assert list(floats.ops) == [relu(4)]
    assert floats.other_bytes == 16_000_000


def test_every_pass_deals_otherwise_and_always_alike() -> None:
    ops = [*OF_SMALL, *OF_LARGE]
    companies = [next(gather_nets(ops, {}, 60, pass_index)) for pass_index in (0, 1, 1)]
    hands = [list(map(set, hands_of(company))) for company in companies]
    assert hands[1] == hands[2]
    assert hands[0][0] not in hands[1]
    for first, second in hands:
        assert first | second == set(ops)
        assert sum(op in OF_SMALL for op in first) == 20


def test_operators_of_no_net_find_their_weights_as_cold_as_in_a_net() -> None:
    """Sixty of these have 60 MB of weights, of which much would be in memory where a net's are in a cache."""
    heavy = [pointwise(4, 900 + number, 1000) for number in range(64)]
    (company,) = gather_nets(heavy, {}, 60)
    assert (len(company.ops), company.turns) == (64, 8)
    assert company.other_bytes == 0


def test_those_with_a_good_part_of_a_net_s_weights_read_no_more_in_turns_than_a_net() -> None:
    many = [pointwise(1, 1500 + number, 1000) for number in range(34)]
    usual = [pointwise(4, 300 + number, 600) for number in range(100)]
    alone = list(gather_nets(many, {}, 60))
    assert {company.turns for company in alone} == {2, 3}
    for company in alone:
        own = sum(map(weight_bytes, company.ops)) // (len(company.ops) // company.turns)
        assert own + company.other_bytes == pytest.approx(4_000_000, rel=0.2)
    together = list(gather_nets([*usual, *many], {}, 60))
    assert [company for company in together if company.ops[0] in many] == alone


def test_who_takes_turns_does_not_depend_on_how_many_have_hardly_any_weights() -> None:
    heavy = [pointwise(4, 300 + number, 600) for number in range(101)]
    light = [int8_conv(channels) for channels in range(8, 8 + 300)]
    alone = [company.ops for company in gather_nets(heavy, {}, 60)]
    together = list(gather_nets([*heavy, *light], {}, 60))
    assert [company.ops for company in together if company.ops[0] in heavy] == alone
    for company in together:
        assert len({op in heavy for op in company.ops}) == 1


def test_small_hands_share_a_process_with_those_of_their_size_alone() -> None:
    ops = [pointwise(4, 300 + number, 600) for number in range(401)]  # 120 MB of weights
    companies = list(gather_nets(ops, {}, 60))
    assert {op for company in companies for op in company.ops} == set(ops)
    assert {company.turns for company in companies} == {13, 14}
    for company in companies:
        assert len(company.ops) <= 240
        assert len(company.ops) % company.turns == 0
        assert all(3_000_000 < sum(map(weight_bytes, hand)) < 5_000_000 for hand in hands_of(company))
