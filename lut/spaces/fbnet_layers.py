"""FBNet's space as a table: 22 layers in a row, and the blocks that a search chooses from in each.

Widths and strides follow FBNet's paper; those of the nets for 96x96 images follow the released FBNet-96.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["BLOCKS", "RESOLUTIONS", "FbnetBlock", "FbnetLayer", "Surroundings", "list_layers", "surroundings"]

RESOLUTIONS = (224, 96)
"""Those of the released nets: height and width of the image."""


@dataclass(frozen=True)
class FbnetLayer:
    """A place for a block: what comes in, what goes out. `size` is the input's height and width.

    Layers are equal when a block costs the same in both, whatever their names.
    """

    name: str = field(compare=False)
    in_channels: int
    out_channels: int
    size: int
    stride: int

    @property
    def keeps_shape(self) -> bool:
        """The output has the input's shape: a block ends in a sum, and skipping costs nothing."""
        return self.stride == 1 and self.in_channels == self.out_channels


@dataclass(frozen=True)
class FbnetBlock:
    """An inverted residual: depthwise kernel, expansion of the channels, groups of its 1x1 convolutions."""

    kernel: int
    expansion: int
    group: int = 1

    @property
    def name(self) -> str:
        """Such as `k3_e1_g2`."""
        return f"k{self.kernel}_e{self.expansion}" + (f"_g{self.group}" if self.group > 1 else "")


BLOCKS = tuple(
    FbnetBlock(kernel, expansion, group)
    for kernel in (3, 5)
    for expansion, group in ((1, 1), (1, 2), (3, 1), (6, 1))
)
"""Eight of the nine blocks; the ninth skips the layer."""


@dataclass(frozen=True)
class Surroundings:
    """The part of a net that is not searched for: channels of stem, stages and last convolution."""

    stem: int
    stages: tuple[int, ...]
    lasts: tuple[int, ...]
    """Each of those that a released net has."""


_WIDE = Surroundings(16, (16, 24, 32, 64, 112, 184, 352), (1504, 1984))
_NARROW = Surroundings(8, (8, 16, 16, 24, 40, 72, 128), (1416,))
_NARROW_UP_TO = 96

_DEPTHS_AND_STRIDES = ((1, 1), (4, 2), (4, 2), (4, 2), (4, 1), (4, 2), (1, 1))
"""How many layers a stage has, and the stride of its first."""


def surroundings(resolution: int) -> Surroundings:
    """Give the fixed part of the nets for images of that resolution."""
    return _NARROW if resolution <= _NARROW_UP_TO else _WIDE


def list_layers(resolution: int) -> tuple[FbnetLayer, ...]:
    """List the 22 layers of the nets for images of that resolution, in order."""
    fixed = surroundings(resolution)
    layers = []
    channels, size = fixed.stem, resolution // 2
    stages = zip(fixed.stages, _DEPTHS_AND_STRIDES, strict=True)
    for stage, (out_channels, (depth, first_stride)) in enumerate(stages):
        for index in range(depth):
            stride = 1 if index else first_stride
            layers.append(FbnetLayer(f"{stage}_{index}", channels, out_channels, size, stride))
            channels, size = out_channels, size // stride
    return tuple(layers)
