"""Inverted residual blocks, and what surrounds them: the plan that FBNet and ChamNet share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bench.op_generators import conv, elementwise, fc, layout, pool, quantize
from bench.op_generators.family import Axis, Family
from lut.errors import ModelError
from lut.ops import OpSpec

__all__ = ["FAMILY", "HALVINGS", "depthwise", "make", "surroundings"]

HALVINGS = 32
"""The resolution at a net's end is this part of its input's: five layers have stride 2."""


@dataclass(frozen=True)
class _Writing:
    """How an exporter writes a depthwise convolution."""

    relu: bool
    has_bias: bool = True
    search: bool = True


_WRITINGS = {
    "int8": (_Writing(relu=False), _Writing(relu=True)),
    "fp32": (
        _Writing(relu=True),
        _Writing(relu=True, search=False),
        _Writing(relu=False, has_bias=False),
    ),
}
"""Every way in which a released net has its depthwise convolutions."""


def make(
    precision: str,
    *,
    height: int,
    width: int,
    in_channels: int,
    out_channels: int,
    kernel: int,
    expansion: int,
    stride: int = 1,
    group: int = 1,
    depthwise_count: int = 1,
    every_writing: bool = True,
) -> Iterator[OpSpec]:
    """Yield a block's operators: expansion, shuffle (of groups), depthwise, projection, sum.

    The depthwise convolution comes in every writing of the released nets, or as in one net in the first; of
    `depthwise_count`, the first has the stride. The expansion is there at 1 too; the sum is where input and
    output fit.
    """
    writings = _WRITINGS[precision] if every_writing else _WRITINGS[precision][:1]
    middle = in_channels * expansion
    yield from conv.make(
        precision,
        height=height,
        width=width,
        in_channels=in_channels,
        out_channels=middle,
        kernel=1,
        group=group,
        relu=True,
    )
    if group > 1:
        yield from layout.shuffle(precision, height=height, width=width, channels=middle, group=group)
    out_height, out_width = (-(-size // stride) for size in (height, width))
    yield from _depthwise(precision, height, width, middle, kernel, stride, writings)
    if depthwise_count > 1:
        yield from _depthwise(precision, out_height, out_width, middle, kernel, 1, writings)
    yield from conv.make(
        precision,
        height=out_height,
        width=out_width,
        in_channels=middle,
        out_channels=out_channels,
        kernel=1,
        group=group,
    )
    if stride == 1 and in_channels == out_channels:
        yield from elementwise.make(precision, height=height, width=width, channels=out_channels)


def depthwise(
    precision: str, height: int, width: int, channels: int, kernel: int, stride: int
) -> Iterator[OpSpec]:
    """Yield a depthwise convolution in every writing."""
    return _depthwise(precision, height, width, channels, kernel, stride, _WRITINGS[precision])


def _depthwise(
    precision: str,
    height: int,
    width: int,
    channels: int,
    kernel: int,
    stride: int,
    writings: Iterable[_Writing],
) -> Iterator[OpSpec]:
    if kernel % 2 == 0:
        raise ModelError(f"kernel {kernel} is even, so that no padding keeps the size: give odd kernels")
    for writing in writings:
        yield from conv.make(
            precision,
            height=height,
            width=width,
            in_channels=channels,
            out_channels=channels,
            kernel=kernel,
            stride=stride,
            group=channels,
            relu=writing.relu,
            has_bias=writing.has_bias,
            search=writing.search,
        )


def surroundings(
    precision: str, resolution: int, stems: Iterable[int], widths: Iterable[int], lasts: Iterable[int]
) -> Iterator[OpSpec]:
    """Yield what comes before and after the blocks.

    Args:
        precision: "int8" or "fp32".
        resolution: height and width of the image, a multiple of 32.
        stems: the output channels that the first convolution may have.
        widths: those of the last block.
        lasts: those of the last convolution.

    Raises:
        ModelError: the resolution is not a multiple of 32.
    """
    if resolution % HALVINGS:
        raise ModelError(
            f"Resolution {resolution} is not a multiple of {HALVINGS}, as five layers of stride 2 expect: "
            f"take {-(-resolution // HALVINGS) * HALVINGS}."
        )
    yield from quantize.make(precision, height=resolution, width=resolution)
    for stem in stems:
        yield from conv.make(
            precision,
            height=resolution,
            width=resolution,
            in_channels=3,
            out_channels=stem,
            kernel=3,
            stride=2,
            relu=True,
        )
    end = resolution // HALVINGS
    lasts = tuple(lasts)
    for width in widths:
        for last in lasts:
            yield from conv.make(
                precision,
                height=end,
                width=end,
                in_channels=width,
                out_channels=last,
                kernel=1,
                relu=True,
            )
    for last in lasts:
        # QNNPACK averages no window of 1x1, and no exporter writes one.
        if end > 1:
            yield from pool.make(precision, height=end, width=end, channels=last, kernel=end)
        yield from fc.make(precision, in_channels=last, classes=1000)


FAMILY = Family(
    op_types=tuple(dict.fromkeys(conv.FAMILY.op_types + layout.SHUFFLE.op_types + elementwise.SUM.op_types)),
    axes=(
        Axis("height"),
        Axis("width"),
        Axis("in_channels"),
        Axis("out_channels"),
        Axis("kernel"),
        Axis("expansion"),
        Axis("stride", 1),
        Axis("group", 1),
        Axis("depthwise_count", 1),
    ),
    make=make,
)
