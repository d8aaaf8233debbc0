"""One small operator of every family, and of the kinds of convolution, in both precisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bench.op_generators import FAMILIES, PRECISIONS, Axis
from lut.errors import ModelError
from lut.ops import OpSpec

__all__ = ["list_samples"]

_SMALL = {
    "height": 7,
    "width": 6,
    "channels": 16,
    "in_channels": 16,
    "out_channels": 24,
    "kernel": 3,
    "group": 2,
    "expansion": 2,
    "classes": 10,
    "tokens": 5,
    "heads": 2,
    "rows": 5,
    "inner": 8,
    "columns": 6,
    "other_channels": 8,
    "start": 3,
    "end": 11,
}
"""The value of an axis that has no default, by its name."""

_KINDS: dict[str, tuple[dict[str, Any], ...]] = {
    "average_pool": ({"kernel": 7, "width": 7},),
    "batch_matmul": ({"trans_b": True},),
    "conv": (
        {"kernel": 1},
        {"stride": 2, "relu": True},
        {"group": 4},
        {"group": 16, "out_channels": 16},
        {"group": 16, "out_channels": 16, "kernel": 5, "stride": 2},
        {"dilation": 2},
    ),
    "gelu": ({"fast": True},),
}
"""Further points of families whose kinds have kernels of their own, by what differs from the small one."""


def list_samples(is_run: Callable[[OpSpec], bool]) -> list[OpSpec]:
    """List operators that an engine runs, each once."""
    return [op for op in dict.fromkeys(_walk()) if is_run(op)]


def _walk() -> Iterator[OpSpec]:
    for name, family in FAMILIES.items():
        small = {axis.name: _choose(axis) for axis in family.axes}
        for changes in ({}, *_KINDS.get(name, ())):
            for precision in PRECISIONS:
                try:
                    yield from family.make(precision, **small | changes)
                except ModelError:  # a family of one precision refuses the other
                    continue


def _choose(axis: Axis) -> Any:
    """Choose a value of an axis: its default, or the small one, or the least."""
    return _SMALL.get(axis.name, axis.least) if axis.default is None else axis.default
