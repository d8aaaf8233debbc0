"""FBNet's space at 224 pixels in 8 bits: 22 layers, 9 blocks each.

A block is an inverted residual: 1x1 expansion, channel shuffle if its convolutions are grouped, depthwise
convolution, linear 1x1 convolution, and the sum with its input where shapes allow. The ninth block skips
the layer; where the layer changes the shape, skipping takes a 1x1 convolution.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from lut.ops import FLOAT, INT32, UINT8, OpSpec, TensorSpec
from lut.spaces.block_space import BlockSpace
from lut.spaces.fbnet_layers import BLOCKS, FbnetBlock, FbnetLayer, list_layers, surroundings
from lut.spaces.options import SpaceOption

__all__ = ["make_space", "walk_block", "walk_head", "walk_tail"]

RESOLUTION = 224
CLASSES = 1000
SKIP = "skip"

_FIXED = surroundings(RESOLUTION)
_LAYERS = list_layers(RESOLUTION)


def make_space(
    last: Annotated[
        int,
        SpaceOption("--last", "Channels of the last convolution. Default: 1984; in FBNet-A 1504."),
    ] = _FIXED.lasts[-1],
    depthwise_relu: Annotated[
        bool,
        SpaceOption(
            "--depthwise-relu",
            "Depthwise convolutions have a ReLU, as in FBNet-A.",
            kind="flag",
        ),
    ] = False,
) -> BlockSpace:
    """Build the space; the options say what each argument is."""
    head, tail = tuple(walk_head()), tuple(walk_tail(last))
    return BlockSpace(
        name="fbnet",
        layers=tuple(layer.name for layer in _LAYERS),
        blocks=(*(block.name for block in BLOCKS), SKIP),
        choices=tuple(
            (*(tuple(walk_block(layer, block, depthwise_relu)) for block in BLOCKS), tuple(walk_skip(layer)))
            for layer in _LAYERS
        ),
        fixed=head + tail,
        before=len(head),
    )


def walk_block(layer: FbnetLayer, block: FbnetBlock, depthwise_relu: bool = False) -> Iterator[OpSpec]:
    """Yield a block's operators in the order they run."""
    middle = block.expansion * layer.in_channels
    size = layer.size // layer.stride
    yield _conv(layer.size, layer.in_channels, middle, group=block.group, relu=True)
    if block.group > 1:
        yield OpSpec.of(
            "Int8ChannelShuffle", [_image(layer.size, middle)], group=block.group, kernel=1, order="NHWC"
        )
    yield _conv(
        layer.size,
        middle,
        middle,
        kernel=block.kernel,
        stride=layer.stride,
        group=middle,
        relu=depthwise_relu,
    )
    yield _conv(size, middle, layer.out_channels, group=block.group)
    if layer.keeps_shape:
        output = _image(size, layer.out_channels)
        yield OpSpec.of("Int8Sum", [output, output], order="NHWC")


def walk_skip(layer: FbnetLayer) -> Iterator[OpSpec]:
    """Yield what skipping a layer costs: nothing, or the convolution that changes the shape."""
    if not layer.keeps_shape:
        yield _conv(layer.size, layer.in_channels, layer.out_channels, stride=layer.stride, relu=True)


def walk_head() -> Iterator[OpSpec]:
    """Yield the operators before the first layer."""
    yield OpSpec.of("NCHW2NHWC", [TensorSpec((1, 3, RESOLUTION, RESOLUTION), FLOAT)])
    yield OpSpec.of("Int8Quantize", [TensorSpec((1, RESOLUTION, RESOLUTION, 3), FLOAT)])
    yield _conv(RESOLUTION, 3, _FIXED.stem, kernel=3, stride=2, relu=True)


def walk_tail(last: int) -> Iterator[OpSpec]:
    """Yield the operators after the last layer, whose last convolution has `last` channels."""
    layer = _LAYERS[-1]
    size = layer.size // layer.stride
    yield _conv(size, layer.out_channels, last, relu=True)
    yield OpSpec.of("Int8AveragePool", [_image(size, last)], kernel=size, stride=1, order="NHWC")
    weight = TensorSpec((CLASSES, last), UINT8)
    bias = TensorSpec((CLASSES,), INT32)
    yield OpSpec.of("Int8FC", [_image(1, last), weight, bias], order="NHWC")
    scores = TensorSpec((1, CLASSES), UINT8)
    yield OpSpec.of("Int8Softmax", [scores], order="NHWC")
    yield OpSpec.of("Int8Dequantize", [scores])


def _image(size: int, channels: int) -> TensorSpec:
    return TensorSpec((1, size, size, channels), UINT8)


def _conv(
    size: int,
    in_channels: int,
    out_channels: int,
    *,
    kernel: int = 1,
    stride: int = 1,
    group: int = 1,
    relu: bool = False,
) -> OpSpec:
    args: dict[str, int | str] = {"kernel": kernel, "stride": stride, "pad": kernel // 2, "order": "NHWC"}
    if group > 1:
        args["group"] = group
    weight = TensorSpec((out_channels, kernel, kernel, in_channels // group), UINT8)
    inputs = [_image(size, in_channels), weight, TensorSpec((out_channels,), INT32)]
    return OpSpec.of("Int8ConvRelu" if relu else "Int8Conv", inputs, **args)
