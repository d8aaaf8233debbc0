"""What the next process of a run measures."""

from __future__ import annotations

from bench.device_runner.block import Block
from bench.device_runner.suspects import Suspects, choose_share
from lut.entries import RunConfig
from lut.plan import Origin
from tests.bench.conftest import int8_conv
from tests.lut.samples import measured

CONFIG = RunConfig(turns=60)
FIRST = [int8_conv(channels) for channels in range(8, 28)]
SECOND = [int8_conv(channels) for channels in range(408, 428)]
ORIGINS = {op.id: Origin("small", 20, 100_000) for op in FIRST} | {
    op.id: Origin("large", 20, 3_000_000) for op in SECOND
}


def test_operators_of_nets_make_all_their_passes_in_one_process() -> None:
    block = Block({op: range(2) for op in [*FIRST, *SECOND]}, ORIGINS)
    share = choose_share(block, Suspects(), CONFIG)
    assert share.passes == (0, 1)


def test_operators_of_no_net_are_visited_once_each_before_any_is_visited_again() -> None:
    """Small operators of Caffe2 took a fifth longer where two thousand shared a process."""
    few = RunConfig(turns=8)
    block = Block({op: range(2) for op in [*FIRST, *SECOND]})
    visits = []
    while len(block):
        share = choose_share(block, Suspects(), few)
        assert len(share.ops) <= 4 * 8
        visits += [(pass_index, op.id) for op in share.ops for pass_index in share.passes]
        for pass_index, op_id in visits[-len(share.ops) * len(share.passes) :]:
            block.strike_off(measured(block[op_id], pass_index=pass_index))
    assert visits == sorted(visits, key=lambda visit: visit[0])
    assert len(visits) == len(set(visits)) == 2 * 40


def test_every_net_is_visited_once_before_any_is_visited_again() -> None:
    block = Block({op: range(2) for op in [*FIRST, *SECOND]}, ORIGINS)
    visits = []
    while len(block):
        share = choose_share(block, Suspects(), CONFIG, by_nets=True)
        visits.append((ORIGINS[share.ops[0].id].name, share.passes))
        for op in share.ops:
            for pass_index in share.passes:
                block.strike_off(measured(op, pass_index=pass_index))
    assert visits == [("small", (0,)), ("large", (0,)), ("small", (1,)), ("large", (1,))]
