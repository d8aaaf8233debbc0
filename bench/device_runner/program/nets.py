"""Which operators take turns on an engine that keeps a net's activations in one small arena.

There an operator finds its input in the cache whatever its size, and what it finds of its weights is decided
by how much the rest of its net reads between two of its runs. So operators take turns with those of their own
net, and other memory is read for what is measured elsewhere or was measured before.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from random import Random

from bench.device_runner.program.turns import BYTES_OF_ITEM, FEWEST, Company, is_quantized, seat_hands
from lut.ops import OpSpec, bytes_moved, family_of, weight_bytes
from lut.plan import Origin

__all__ = ["gather_nets"]

_FEW, _MOST = 0.25, 1.5
"""A net of which fewer operators are left than the first share of the turns joins the net before it, unless
that makes more than the second share."""

_ALIKE = 2
"""Nets join whose weights differ by no more than this factor: an operator whose weights a net would find in a
large cache is not to be measured beside a net that fills it."""

_IN_PROCESS = 4
"""So many times as many operators of no net are in a process as take turns at most. To start one takes as
long as to measure thirty: three thousand of a space took 20 s, with a fourth of these in each process 27 s.
The weights of so many are 64 MB."""

_USUAL_WEIGHTS = 4_000_000
"""Weights of the net that operators of no net are taken to be in: released nets have 2 to 6 million. Among
four times as many, a convolution took 1.1 times as long, and a fully connected layer twice as long."""

_SHARES = (50_000, 1_000_000)
"""Operators of no net are dealt apart by their weights: fewer than the first, than the second, and more. A
depthwise convolution has few, a fully connected layer many. Together, what a plan had more of would decide
how the others find the caches, so that a part of a space told another time than the whole. Convolutions took
2 % longer where depthwise ones made fifty take turns instead of sixteen; fully connected layers 5 to 20 %
longer, in a noisy hour two thirds, where a round of turns read more of each other's weights."""

_FEWEST = (FEWEST, FEWEST, 2)
"""So many take turns, where there are as many: with few weights, with usual ones, with many. Two that have
many read about as much as a net."""


def gather_nets(
    ops: Iterable[OpSpec], origins: Mapping[str, Origin], turns: int, pass_index: int = 0
) -> Iterator[Company]:
    """Put operators together that may take turns.

    Args:
        ops: the operators.
        origins: the nets of those that are of one, by id.
        turns: about so many take turns, where they are of no net.
        pass_index: they are dealt otherwise in every pass, so that an operator's time depends on no company,
            and each turn can be held against the others.

    Raises:
        ModelError: an operator does not fit its shape rule.
    """
    nets: dict[Origin, list[OpSpec]] = {}
    others: dict[tuple[bool, int], list[OpSpec]] = {}
    for op in ops:
        origin = origins.get(op.id)
        if origin is None:
            quantized = is_quantized(op)
            share = bisect(_SHARES, weight_bytes(op) // BYTES_OF_ITEM[quantized])
            others.setdefault((quantized, share), []).append(op)
        else:
            nets.setdefault(origin, []).append(op)
    for members, weights in _join_few(nets, turns):
        yield seat_hands([members], weights, weight_bytes)
    for (quantized, share), strangers in others.items():
        weights = _USUAL_WEIGHTS * BYTES_OF_ITEM[quantized]
        hands = _deal(strangers, turns, weights, _FEWEST[share], pass_index)
        yield from _seat_together(hands, turns, weights)


def _join_few(nets: Mapping[Origin, list[OpSpec]], turns: int) -> Iterator[tuple[list[OpSpec], int]]:
    """Give the operators of each net, and the bytes of its weights; few operators join the net before."""
    members: list[OpSpec] = []
    weights = 0
    for origin, ops in nets.items():
        few = min(len(ops), len(members)) < _FEW * turns and len(members) + len(ops) <= _MOST * turns
        alike = max(weights, origin.weights) <= _ALIKE * min(weights, origin.weights)
        if members and not (few and alike):
            yield members, weights
            members, weights = [], 0
        members = members + ops
        weights = max(weights, origin.weights)
    if members:
        yield members, weights


def _seat_together(hands: list[list[OpSpec]], turns: int, weights: int) -> Iterator[Company]:
    """Let hands share a process, which takes longer to start than a small hand to measure."""
    left = sorted(hands, key=len)
    while left:
        size = len(left[0])
        together = [hand for hand in left[: max(1, _IN_PROCESS * turns // size)] if len(hand) == size]
        del left[: len(together)]
        yield seat_hands(together, weights, weight_bytes)


def _deal(ops: list[OpSpec], turns: int, weights: int, fewest: int, pass_index: int) -> list[list[OpSpec]]:
    """Deal operators like cards, so that each hand has some of every size, and the weights of a net."""
    ordered = sorted(ops, key=lambda op: (weight_bytes(op), family_of(op), bytes_moved(op), op.id))
    nets = round(sum(map(weight_bytes, ops)) / weights)
    hands = max(ceil(len(ops) / turns), min(nets, len(ops) // fewest))
    random = Random(pass_index)
    dealt: list[list[OpSpec]] = [[] for _ in range(hands)]
    for start in range(0, len(ordered), hands):
        alike = ordered[start : start + hands]
        for hand, op in zip(random.sample(dealt, len(alike)), alike, strict=True):
            hand.append(op)
    return dealt
