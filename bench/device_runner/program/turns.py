"""Which operators take turns with each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil
from typing import TypeVar

from lut.ops import OpSpec, bytes_moved, family_of

__all__ = [
    "ALIKE",
    "BYTES_OF_ITEM",
    "FEWEST",
    "LEAST_TURNS",
    "Company",
    "cut_evenly",
    "is_quantized",
    "order_for_turns",
    "seat_hands",
    "split_into_companies",
]

_Item = TypeVar("_Item")

LEAST_TURNS = 2
"""The program takes a single turn for an operator that is measured by itself, with all in its caches."""

FEWEST = 8
"""Operators of no net that take turns, where there are as many: what one of them reads must not be all."""

BYTES_OF_ITEM = {True: 1, False: 4}
"""Of a quantized operator's values, and of another's."""

_SMALL_BYTES = 96 << 10
"""Half of the time of the smallest released nets, of 42 to 51 operators, is in operators that move no more;
of those of 58 to 88 it is a fifth at most."""

_OF_SMALL, _OF_FLOATS = 0.75, 0.5

ALIKE = 8
"""Operators of one family that stay together. A net of sixty operators has about so many sums and so many
depthwise convolutions of a kind; each finds in the caches what the one before it left there of their code."""


def order_for_turns(ops: Iterable[OpSpec]) -> list[OpSpec]:
    """Order operators so that neighbours are what an operator would meet in a net.

    They move about as many bytes, since a small operator matters most in small nets, which leave more of it
    in the caches; and some of each family are together.

    Raises:
        ModelError: an operator does not fit its shape rule.
    """
    families: defaultdict[str, list[tuple[int, str, OpSpec]]] = defaultdict(list)
    for op in ops:
        families[family_of(op)].append((bytes_moved(op), op.id, op))
    clusters: list[Sequence[tuple[int, str, OpSpec]]] = []
    for members in families.values():
        members.sort(key=lambda member: member[:2])
        clusters += cut_evenly(members, ceil(len(members) / ALIKE))
    clusters.sort(key=lambda cluster: cluster[len(cluster) // 2][:2])
    return [op for cluster in clusters for _, _, op in cluster]


def cut_evenly(items: Sequence[_Item], count: int) -> Iterator[Sequence[_Item]]:
    """Cut items into so many parts, of which none is longer than another by more than one."""
    for number in range(count):
        yield items[len(items) * number // count : len(items) * (number + 1) // count]


@dataclass(frozen=True)
class Company:
    """Operators that take turns with each other, a given number at a time, in this order.

    `other_bytes` of other memory are read in every round, for what the operators lack of a net's traffic.
    """

    ops: Sequence[OpSpec]
    turns: int
    other_bytes: int = 0


def seat_hands(
    hands: Sequence[Sequence[OpSpec]], usual_bytes: int, count_bytes: Callable[[OpSpec], int]
) -> Company:
    """Let hands of one size take turns, each for itself, in one process.

    Args:
        hands: the operators that take turns with each other.
        usual_bytes: of a net; other memory is read for what a hand lacks of it in the mean.
        count_bytes: counts those of an operator.
    """
    ops = list(chain.from_iterable(hands))
    own = sum(map(count_bytes, ops)) // len(hands)
    return Company(ops, max(LEAST_TURNS, len(hands[0])), max(0, usual_bytes - own))


def split_into_companies(ops: Iterable[OpSpec], turns: int) -> Iterator[Company]:
    """Put operators together that may take turns; a company is ordered only when it is asked for.

    Those of floats do so in groups half as large, since each moves four times the bytes; and small ones in
    groups three quarters as large, since the nets they matter in have fewer operators. Where there are too
    few of either size, all of a precision are together.

    Raises:
        ModelError: an operator does not fit its shape rule.
    """
    floats: list[OpSpec] = []
    small: list[OpSpec] = []
    large: list[OpSpec] = []
    for op in ops:
        if is_quantized(op):
            (small if bytes_moved(op) <= _SMALL_BYTES else large).append(op)
        else:
            floats.append(op)
    few = _take_share(turns, _OF_SMALL)
    if turns > 1 and len(small) >= few and len(large) >= turns:
        companies = [(small, few), (large, turns)]
    else:
        companies = [(small + large, turns)]
    for together, count in (*companies, (floats, _take_share(turns, _OF_FLOATS))):
        if together:
            yield Company(order_for_turns(together), count)


def _take_share(turns: int, share: float) -> int:
    return 1 if turns == 1 else max(LEAST_TURNS, round(turns * share))


def is_quantized(op: OpSpec) -> bool:
    """Tell whether an operator is one of a net in 8 bits, which changes the layout where floats enter it."""
    return op.op_type.startswith("Int8") or op.op_type in ("NCHW2NHWC", "NHWC2NCHW")
