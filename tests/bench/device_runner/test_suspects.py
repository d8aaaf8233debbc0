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


def test_operators_of_one_size_make_all_their_passes_in_one_process() -> None:
    block = Block({op: range(2) for op in [*FIRST, *SECOND]})
    share = choose_share(block, Suspects(), CONFIG)
    assert share.passes == (0, 1)


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
