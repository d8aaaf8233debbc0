"""Which operators of no net take turns on an engine that keeps all activations apart.

There an operator's time depends on how much all others move between two of its runs, and on how many of them
run the same code. So each hand of operators moves as much as a net does, has operators of all sizes, and
has several of a rare family or none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from random import Random

from bench.device_runner.program.turns import (
    ALIKE,
    BYTES_OF_ITEM,
    FEWEST,
    LEAST_TURNS,
    Company,
    cut_evenly,
    is_quantized,
    seat_hands,
)
from lut.ops import OpSpec, bytes_moved, family_of

__all__ = ["split_strangers"]

_USUAL_TRAFFIC = 12_000_000
"""Bytes that the operators of a net in 8 bits move: those of released nets of 60 operators."""

_RARE = 4
"""A family is rare where a hand would have fewer of it. A small operator that is the only one of its kind
takes 1.4 times as long."""

Sized = tuple[int, str, OpSpec]


def split_strangers(ops: Iterable[OpSpec], turns: int) -> Iterator[Company]:
    """Deal operators of no net like cards, and let each hand take turns.

    Args:
        ops: the operators.
        turns: a hand has no more of them, and half as many of floats.

    Raises:
        ModelError: an operator does not fit its shape rule.
    """
    by_precision: dict[bool, list[OpSpec]] = {True: [], False: []}
    for op in ops:
        by_precision[is_quantized(op)].append(op)
    for quantized, members in by_precision.items():
        if not members:
            continue
        most = turns if quantized else max(LEAST_TURNS, ceil(turns / 2))
        traffic = _USUAL_TRAFFIC * BYTES_OF_ITEM[quantized]
        hands = _deal(members, most, traffic)
        for size in sorted({len(hand) for hand in hands}):
            yield seat_hands([hand for hand in hands if len(hand) == size], traffic, bytes_moved)


def _deal(ops: list[OpSpec], turns: int, traffic: int) -> list[list[OpSpec]]:
    """Deal operators into hands of one size that move as much each; some are larger by one."""
    random = Random(0)
    families: defaultdict[str, list[Sized]] = defaultdict(list)
    for op in ops:
        families[family_of(op)].append((bytes_moved(op), op.id, op))
    whole = sum(map(_sum_sizes, families.values()))
    count = max(ceil(len(ops) / turns), min(round(whole / traffic), len(ops) // FEWEST), 1)
    common: list[Sized] = []
    clusters: list[Sequence[Sized]] = []
    for members in families.values():
        members.sort()
        if len(members) < _RARE * count:
            clusters += _cut(members, len(ops) // count // 2, traffic // 2)
        else:
            common += members
    hands: list[list[Sized]] = [[] for _ in range(count)]
    room = [len(part) for part in cut_evenly(ops, count)]
    _seat(clusters, hands, room)
    # Each hand takes every so manieth of the others, so that it has some of every size.
    places = sorted(
        ((turn + random.random()) / seats, number)
        for number, seats in enumerate(room)
        for turn in range(seats)
    )
    for (_, number), member in zip(places, sorted(common), strict=True):
        hands[number].append(member)
    return [[op for _, _, op in sorted(hand)] for hand in hands]


def _cut(members: list[Sized], most: int, traffic: int) -> Iterator[Sequence[Sized]]:
    """Cut a rare family, in the order of size, into clusters that leave room in a hand for others."""
    mean = sum(size for size, _, _ in members) / len(members)
    few = max(1, min(ALIKE, most, int(traffic / max(1, mean))))
    return cut_evenly(members, max(1, round(len(members) / few)))


def _seat(clusters: list[Sequence[Sized]], hands: list[list[Sized]], room: list[int]) -> None:
    """Put each cluster into a hand with the most room; one that no hand has room for is split."""
    waiting = sorted(clusters, key=_sum_sizes)
    while waiting:
        cluster = waiting.pop()
        fitting = [number for number, seats in enumerate(room) if seats >= len(cluster)]
        if fitting:
            chosen = min(fitting, key=lambda number: (-room[number], _sum_sizes(hands[number])))
        else:
            chosen = max(range(len(room)), key=room.__getitem__)
            waiting.append(cluster[room[chosen] :])
            cluster = cluster[: room[chosen]]
        hands[chosen] += cluster
        room[chosen] -= len(cluster)


def _sum_sizes(members: Sequence[Sized]) -> int:
    return sum(size for size, _, _ in members)
