"""Nets of inverted residuals: MobileNetV2 and V3, MnasNet, EfficientNet-Lite; and MobileNetV1 before them."""

from __future__ import annotations

from dataclasses import dataclass

from lut.zoo.common.graph import GraphBuilder, Tensor

__all__ = [
    "Stage",
    "build_efficientnet_lite0",
    "build_mnasnet_a1",
    "build_mobilenet_v1",
    "build_mobilenet_v2",
    "build_mobilenet_v3_large",
    "build_mobilenet_v3_small",
]


@dataclass(frozen=True)
class Stage:
    """Blocks in a row, of which the first has the stride. `expansion` is a factor of the input's channels."""

    expansion: int
    channels: int
    blocks: int
    stride: int
    kernel: int = 3
    squeezes: bool = False


@dataclass(frozen=True)
class Row:
    """A block of MobileNetV3, as the paper's tables 1 and 2 have it; `expanded` counts channels."""

    kernel: int
    expanded: int
    channels: int
    squeezes: bool
    activation: str
    stride: int


def round_channels(count: float, step: int = 8) -> int:
    """Round to a multiple of 8, but never down by more than a tenth: what all of these nets do."""
    rounded = max(step, int(count + step / 2) // step * step)
    return rounded + step if rounded < 0.9 * count else rounded


def add_block(
    net: GraphBuilder,
    x: Tensor,
    row: Row,
    squeezed: int,
    gate: str,
) -> Tensor:
    """Add an inverted residual; no expansion where the channels are as many already."""
    y = x
    if row.expanded != x.channels:
        y = net.conv(y, row.expanded, activation=row.activation)
    y = net.conv(y, row.expanded, row.kernel, row.stride, group=row.expanded, activation=row.activation)
    if row.squeezes:
        y = net.squeeze_excite(y, squeezed, gate)
    y = net.conv(y, row.channels)
    return net.add(x, y) if row.stride == 1 and row.channels == x.channels else y


def _build_stages(net: GraphBuilder, stages: tuple[Stage, ...], activation: str) -> Tensor:
    """Build a net of stages between 32 and 1280 channels.

    A squeeze has a quarter of the block's input channels, and a sigmoid as its gate.
    """
    x = net.conv(net.image, 32, 3, 2, activation=activation)
    for stage in stages:
        for number in range(stage.blocks):
            row = Row(
                stage.kernel,
                stage.expansion * x.channels,
                stage.channels,
                stage.squeezes,
                activation,
                stage.stride if number == 0 else 1,
            )
            x = add_block(net, x, row, max(1, x.channels // 4), "Sigmoid")
    return net.classify(net.average(net.conv(x, 1280, activation=activation)))


def build_mobilenet_v1(net: GraphBuilder) -> Tensor:
    """Howard et al., 2017 (arXiv 1704.04861), table 1."""
    x = net.conv(net.image, 32, 3, 2, activation="Relu")
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    channels = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
    for stride, count in zip(strides, channels, strict=True):
        x = net.conv(x, x.channels, 3, stride, group=x.channels, activation="Relu")
        x = net.conv(x, count, activation="Relu")
    return net.classify(net.average(x))


def build_mobilenet_v2(net: GraphBuilder) -> Tensor:
    """Sandler et al., 2018 (arXiv 1801.04381), table 2."""
    stages = (
        Stage(1, 16, 1, 1),
        Stage(6, 24, 2, 2),
        Stage(6, 32, 3, 2),
        Stage(6, 64, 4, 2),
        Stage(6, 96, 3, 1),
        Stage(6, 160, 3, 2),
        Stage(6, 320, 1, 1),
    )
    return _build_stages(net, stages, "Relu6")


def build_mnasnet_a1(net: GraphBuilder) -> Tensor:
    """Tan et al., 2019 (arXiv 1807.11626), figure 7."""
    stages = (
        Stage(1, 16, 1, 1),
        Stage(6, 24, 2, 2),
        Stage(3, 40, 3, 2, kernel=5, squeezes=True),
        Stage(6, 80, 4, 2),
        Stage(6, 112, 2, 1, squeezes=True),
        Stage(6, 160, 3, 2, kernel=5, squeezes=True),
        Stage(6, 320, 1, 1),
    )
    return _build_stages(net, stages, "Relu")


def build_efficientnet_lite0(net: GraphBuilder) -> Tensor:
    """EfficientNet-B0 (arXiv 1905.11946) without squeezes and with ReLU6, as its authors publish it."""
    stages = (
        Stage(1, 16, 1, 1),
        Stage(6, 24, 2, 2),
        Stage(6, 40, 2, 2, kernel=5),
        Stage(6, 80, 3, 2),
        Stage(6, 112, 3, 1, kernel=5),
        Stage(6, 192, 4, 2, kernel=5),
        Stage(6, 320, 1, 1),
    )
    return _build_stages(net, stages, "Relu6")


_LARGE = (
    Row(3, 16, 16, False, "Relu", 1),
    Row(3, 64, 24, False, "Relu", 2),
    Row(3, 72, 24, False, "Relu", 1),
    Row(5, 72, 40, True, "Relu", 2),
    Row(5, 120, 40, True, "Relu", 1),
    Row(5, 120, 40, True, "Relu", 1),
    Row(3, 240, 80, False, "HardSwish", 2),
    Row(3, 200, 80, False, "HardSwish", 1),
    Row(3, 184, 80, False, "HardSwish", 1),
    Row(3, 184, 80, False, "HardSwish", 1),
    Row(3, 480, 112, True, "HardSwish", 1),
    Row(3, 672, 112, True, "HardSwish", 1),
    Row(5, 672, 160, True, "HardSwish", 2),
    Row(5, 960, 160, True, "HardSwish", 1),
    Row(5, 960, 160, True, "HardSwish", 1),
)

_SMALL = (
    Row(3, 16, 16, True, "Relu", 2),
    Row(3, 72, 24, False, "Relu", 2),
    Row(3, 88, 24, False, "Relu", 1),
    Row(5, 96, 40, True, "HardSwish", 2),
    Row(5, 240, 40, True, "HardSwish", 1),
    Row(5, 240, 40, True, "HardSwish", 1),
    Row(5, 120, 48, True, "HardSwish", 1),
    Row(5, 144, 48, True, "HardSwish", 1),
    Row(5, 288, 96, True, "HardSwish", 2),
    Row(5, 576, 96, True, "HardSwish", 1),
    Row(5, 576, 96, True, "HardSwish", 1),
)


def build_mobilenet_v3_large(net: GraphBuilder) -> Tensor:
    """Howard et al., 2019 (arXiv 1905.02244), table 1."""
    return _build_mobilenet_v3(net, _LARGE, 960, 1280)


def build_mobilenet_v3_small(net: GraphBuilder) -> Tensor:
    """Howard et al., 2019 (arXiv 1905.02244), table 2."""
    return _build_mobilenet_v3(net, _SMALL, 576, 1024)


def _build_mobilenet_v3(net: GraphBuilder, rows: tuple[Row, ...], last: int, features: int) -> Tensor:
    x = net.conv(net.image, 16, 3, 2, activation="HardSwish")
    for row in rows:
        x = add_block(net, x, row, round_channels(row.expanded / 4), "HardSigmoid")
    x = net.average(net.conv(x, last, activation="HardSwish"))
    return net.flatten(net.conv(net.conv(x, features, activation="HardSwish"), 1000))
