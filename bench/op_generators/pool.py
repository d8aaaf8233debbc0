"""Average and maximum poolings; in the released nets one average over the whole last feature map."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.op_generators.family import Axis, Family, activation, order_of
from lut.ops import OpSpec

__all__ = ["AVERAGE", "MAXIMUM", "make"]


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
        f"Int8{kind}Pool" if precision == "int8" else f"{kind}Pool",
        (activation(precision, height, width, channels),),
        kernel=kernel,
        stride=stride,
        order=order_of(precision),
        **({"pad": pad} if pad else {}),
    )


def _family(kind: str) -> Family:
    space = (Axis("height"), Axis("width"), Axis("channels"))
    window = (Axis("kernel"), Axis("stride", 1), Axis("pad", 0, 0))
    return Family((f"{kind}Pool", f"Int8{kind}Pool"), (*space, *window), partial(make, kind=kind))


AVERAGE = _family("Average")
MAXIMUM = _family("Max")
