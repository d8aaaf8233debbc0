"""Average and maximum poolings, means and sums; in the released nets one average at the end."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.op_generators.family import Axis, Family, activation, name_type, order_of, require_floats
from lut.ops import OpSpec

__all__ = ["AVERAGE", "L2", "MAXIMUM", "MEAN", "TOTAL", "make", "reduce"]


def make(
    precision: str,
    kind: str = "Average",
    *,
    height: int,
    width: int,
    channels: int,
    kernel: int,
    stride: int = 1,
    pad: int = 0,
) -> Iterator[OpSpec]:
    """Yield a pooling; its padding is written only where there is one."""
    yield OpSpec.of(
        name_type(precision, f"{kind}Pool"),
        (activation(precision, height, width, channels),),
        kernel=kernel,
        stride=stride,
        order=order_of(precision),
        **({"pad": pad} if pad else {}),
    )


def reduce(precision: str, kind: str, *, height: int, width: int, channels: int) -> Iterator[OpSpec]:
    """Yield the mean of each channel, as squeeze and excitation takes it, or another reduction."""
    require_floats(precision, kind)
    axes = (1, 2) if precision == "int8" else (2, 3)
    yield OpSpec.of(
        name_type(precision, kind), (activation(precision, height, width, channels),), axes=axes, keepdims=1
    )


def _family(kind: str) -> Family:
    window = (Axis("kernel"), Axis("stride", 1), Axis("pad", 0, 0))
    return Family((f"{kind}Pool", f"Int8{kind}Pool"), (*_SPACE, *window), partial(make, kind=kind))


_SPACE = (Axis("height"), Axis("width"), Axis("channels"))

AVERAGE = _family("Average")
MAXIMUM = _family("Max")
MEAN = Family(("ReduceMean", "Int8ReduceMean"), _SPACE, partial(reduce, kind="ReduceMean"))
TOTAL = Family(("ReduceSum",), _SPACE, partial(reduce, kind="ReduceSum"))
L2 = Family(("ReduceL2",), _SPACE, partial(reduce, kind="ReduceL2"))
