"""In which order operators come."""

from __future__ import annotations

from itertools import groupby

from bench.sampling.candidates import gather_candidates
from bench.sampling.queues import draw_order
from lut.ops import family_of
from lut.plan import Part
from tests.bench.conftest import int8_conv, softmax

OPS = [
    *(int8_conv(channels) for channels in range(8, 808, 8)),
    *(softmax(classes) for classes in range(1, 21)),
]
SPACE = gather_candidates(map(Part, OPS))


def family_named(op_id: str) -> str:
    return family_of(SPACE.part(op_id).op)


def test_chance_takes_each_operator_once_and_eight_of_a_family_together() -> None:
    drawn = draw_order(SPACE, 0)
    assert sorted(drawn) == sorted(op.id for op in OPS)
    lengths = [len(list(group)) for _, group in groupby(drawn, family_named)]
    assert all(length % 8 in (0, 4) for length in lengths)
    assert len(lengths) > 2


def test_the_seed_decides() -> None:
    assert draw_order(SPACE, 1) == draw_order(SPACE, 1)
    assert draw_order(SPACE, 1) != draw_order(SPACE, 2)
