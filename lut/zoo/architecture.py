"""What a released net is made of: a stem, inverted residual blocks, a last 1x1 convolution, a classifier.

Both families share this plan, so a net is a few numbers and one `Block` a row (see `chamnet.py` and
`fbnet.py`). The same net was exported several times, by tools that name blobs differently; `Naming` says
how, and has no effect on latency.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CLASSES", "Architecture", "Block", "Naming", "Published"]

CLASSES = 1000
"""Every released net tells ImageNet's classes apart."""


@dataclass(frozen=True)
class Block:
    """An inverted residual: 1x1 expansion, depthwise kxk, linear 1x1, and the input added if it fits.

    `group` > 1 splits both 1x1 convolutions into groups and shuffles channels after the first.
    `depthwise` = 2 stacks two depthwise convolutions.
    """

    name: str
    """Stage and place in it; places that the search left empty are missing from the count."""
    expansion: int
    kernel: int
    out_channels: int
    stride: int
    group: int = 1
    depthwise: int = 1


@dataclass(frozen=True)
class Naming:
    """How one export names its blobs, and what it made of the depthwise convolutions."""

    prefix: str
    """Of every block's name."""
    relu: str = "{}"
    """A Relu's output, from its convolution's name; `{}_bn` means in place."""
    linear: str = "_bn"
    """The ending of a linear convolution's output: "_bn", or "" where batch norm left no trace."""
    linear_is_pwl: bool = False
    """Every linear convolution is called `…_pwl`, not just those whose output is added to the input."""
    depthwise_relu: bool = True
    """Depthwise convolutions are followed by batch norm and Relu, or else neither, nor a bias."""
    engine: str = "DEPTHWISE_3x3,NNPACK"
    """The engines that fp32 convolutions ask for."""
    depthwise_search: bool = True
    """fp32 depthwise convolutions ask for an exhaustive search, like all others."""


@dataclass(frozen=True)
class Published:
    """The authors' figures: millions of multiply-adds and parameters, milliseconds on a Galaxy S8."""

    mega_macs: float
    mega_params: float
    int8_ms: float
    fp32_ms: float


@dataclass(frozen=True)
class Architecture:
    """A released net. `stem` and `last` are the output channels of the first and last convolution."""

    name: str
    resolution: int
    stem: int
    blocks: tuple[Block, ...]
    last: int
    int8: Naming
    fp32: Naming
    published: Published

    @property
    def input_dims(self) -> dict[str, tuple[int, ...]]:
        """The image that the net takes, as both precisions' graphs read it: NCHW."""
        return {"data": (1, 3, self.resolution, self.resolution)}
