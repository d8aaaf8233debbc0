"""Which operators take turns with each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import ceil

from lut.families import family_of
from lut.ops import bytes_moved
from lut.records import OpSpec

__all__ = ["is_quantized", "order_for_turns", "turns_of"]

_ALIKE = 8
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
    clusters = []
    for members in families.values():
        members.sort(key=lambda member: member[:2])
        count = ceil(len(members) / _ALIKE)
        clusters += [
            members[len(members) * number // count : len(members) * (number + 1) // count]
            for number in range(count)
        ]
    clusters.sort(key=lambda cluster: cluster[len(cluster) // 2][:2])
    return [op for cluster in clusters for _, _, op in cluster]


def turns_of(turns: int, *, quantized: bool) -> int:
    """Give how many operators take turns: of floats half as many, since each moves more bytes."""
    return turns if quantized or turns == 1 else max(2, turns // 2)


def is_quantized(op: OpSpec) -> bool:
    """Tell whether an operator is one of a net in 8 bits, which changes the layout where floats enter it."""
    return op.op_type.startswith("Int8") or op.op_type in ("NCHW2NHWC", "NHWC2NCHW")
