"""Walk through a net's architecture, layer by layer, without regard to precision.

The blobs are named as in the fp32 graph; the int8 graph's names follow from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from lut.zoo.architecture import CLASSES, Architecture, Block, Naming

__all__ = ["AveragePool", "Classifier", "Conv", "Layer", "Shuffle", "Softmax", "Sum", "walk_net"]


@dataclass(frozen=True)
class Conv:
    """A convolution with the Relu after it, if there is one; `output` is what the next layer reads."""

    name: str
    source: str
    output: str
    in_channels: int
    out_channels: int
    kernel: int = 1
    stride: int = 1
    group: int = 1
    ending: str = "_bn"
    """What tells the convolution's own output from its name: "_bn", "", or "_conv" if it has no bias."""
    relu: bool = False

    @property
    def weight(self) -> str:
        """The blob with the weights."""
        return f"{self.name}_conv_w"

    @property
    def bias(self) -> str | None:
        """The blob with the bias, if the convolution has one."""
        return None if self.ending == "_conv" else f"{self.name}{self.ending}_b"

    @property
    def before_relu(self) -> str:
        """The convolution's own output."""
        return f"{self.name}{self.ending}"

    @property
    def pad(self) -> int:
        """What keeps the size at stride 1."""
        return self.kernel // 2

    @property
    def depthwise(self) -> bool:
        """Each channel is convolved by itself."""
        return self.group == self.in_channels

    @property
    def fan_in(self) -> int:
        """How many products make up one output value."""
        return self.in_channels // self.group * self.kernel**2


@dataclass(frozen=True)
class Shuffle:
    """Deals the channels of each group out to all groups."""

    source: str
    output: str
    group: int


@dataclass(frozen=True)
class Sum:
    """Adds a block's input to its output."""

    sources: tuple[str, str]
    output: str


@dataclass(frozen=True)
class AveragePool:
    """Averages the whole image to one pixel."""

    source: str
    kernel: int
    output: str = "final_avg"


@dataclass(frozen=True)
class Classifier:
    """The fully connected layer."""

    features: int
    classes: int = CLASSES
    source: str = "final_avg"
    weight: str = "pred_w"
    bias: str = "pred_b"
    output: str = "pred"


@dataclass(frozen=True)
class Softmax:
    """Turns scores into probabilities."""

    source: str = "pred"
    output: str = "softmax"


Layer: TypeAlias = Conv | Shuffle | Sum | AveragePool | Classifier | Softmax


def walk_net(net: Architecture, naming: Naming) -> Iterator[Layer]:
    """Yield the net's layers in the order in which they run."""
    stem = Conv("conv0", "data", naming.relu.format("conv0"), 3, net.stem, kernel=3, stride=2, relu=True)
    yield stem
    source, channels = stem.output, net.stem
    for block in net.blocks:
        layers = walk_block(block, naming, source, channels)
        yield from layers
        source, channels = layers[-1].output, block.out_channels
    last = f"{source}_1x1"
    yield Conv(last, source, naming.relu.format(last), channels, net.last, relu=True)
    yield AveragePool(naming.relu.format(last), net.resolution // 32)  # five layers have stride 2
    yield Classifier(net.last)
    yield Softmax()


def walk_block(block: Block, naming: Naming, source: str, channels: int) -> list[Layer]:
    """List the layers of an inverted residual that reads `channels` channels from `source`."""
    stem = f"{naming.prefix}{block.name}"
    middle = channels * block.expansion
    residual = block.stride == 1 and block.out_channels == channels

    name = f"{stem}_pw"
    relu = naming.relu.format(name)
    layers: list[Layer] = [Conv(name, source, relu, channels, middle, group=block.group, relu=True)]
    if block.group > 1:
        layers.append(Shuffle(layers[-1].output, f"{stem}_shuffle", block.group))
    for index in range(block.depthwise):
        name = f"{stem}_dw" if block.depthwise == 1 else f"{stem}_dw{index + 1}"
        stride = block.stride if index == 0 else 1
        layers.append(make_depthwise(name, layers[-1].output, middle, block.kernel, stride, naming))

    name = f"{stem}_pwl" if residual or naming.linear_is_pwl else stem
    project = Conv(
        name,
        layers[-1].output,
        f"{name}{naming.linear}",
        middle,
        block.out_channels,
        group=block.group,
        ending=naming.linear,
    )
    layers.append(project)
    if residual:
        layers.append(Sum((project.output, source), stem))
    return layers


def make_depthwise(name: str, source: str, channels: int, kernel: int, stride: int, naming: Naming) -> Conv:
    """Make a depthwise convolution, with bias and Relu or with neither."""
    if naming.depthwise_relu:
        output, ending = naming.relu.format(name), "_bn"
    else:
        output, ending = f"{name}_conv", "_conv"
    return Conv(
        name,
        source,
        output,
        channels,
        channels,
        kernel,
        stride,
        group=channels,
        ending=ending,
        relu=naming.depthwise_relu,
    )
