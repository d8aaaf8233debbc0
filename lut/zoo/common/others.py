"""ResNets, SqueezeNet and ShuffleNetV2."""

from __future__ import annotations

from lut.zoo.common.graph import GraphBuilder, Tensor

__all__ = ["build_resnet18", "build_resnet50", "build_shufflenet_v2", "build_squeezenet"]


def build_resnet18(net: GraphBuilder) -> Tensor:
    """He et al., 2015 (arXiv 1512.03385), table 1."""
    x = net.max_pool(net.conv(net.image, 64, 7, 2, activation="Relu"))
    for stage, channels in enumerate((64, 128, 256, 512)):
        for number in range(2):
            stride = 2 if stage and not number else 1
            y = net.conv(x, channels, 3, stride, activation="Relu")
            y = net.conv(y, channels, 3)
            x = net.activate(net.add(_project(net, x, channels, stride), y), "Relu")
    return net.classify(net.average(x))


def build_resnet50(net: GraphBuilder) -> Tensor:
    """He et al., 2015 (arXiv 1512.03385), table 1; the first convolution of a stage has the stride."""
    x = net.max_pool(net.conv(net.image, 64, 7, 2, activation="Relu"))
    for stage, (channels, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for number in range(blocks):
            stride = 2 if stage and not number else 1
            y = net.conv(x, channels, 1, stride, activation="Relu")
            y = net.conv(y, channels, 3, activation="Relu")
            y = net.conv(y, 4 * channels)
            x = net.activate(net.add(_project(net, x, 4 * channels, stride), y), "Relu")
    return net.classify(net.average(x))


def _project(net: GraphBuilder, x: Tensor, channels: int, stride: int) -> Tensor:
    """Give a block's input in the shape of its output."""
    return x if stride == 1 and x.channels == channels else net.conv(x, channels, 1, stride)


def build_squeezenet(net: GraphBuilder) -> Tensor:
    """SqueezeNet 1.1, by the authors of arXiv 1602.07360, in whose repository it is."""
    x = net.conv(net.image, 64, 3, 2, pad=0, activation="Relu")
    for squeezed, expanded, pools in (
        (16, 64, True),
        (16, 64, False),
        (32, 128, True),
        (32, 128, False),
        (48, 192, True),
        (48, 192, False),
        (64, 256, False),
        (64, 256, False),
    ):
        if pools:
            x = net.max_pool(x, pad=0, ceil=True)
        y = net.conv(x, squeezed, activation="Relu")
        x = net.join(net.conv(y, expanded, activation="Relu"), net.conv(y, expanded, 3, activation="Relu"))
    x = net.conv(x, 1000, activation="Relu")
    return net.flatten(net.average(x))


def build_shufflenet_v2(net: GraphBuilder) -> Tensor:
    """Ma et al., 2018 (arXiv 1807.11164), table 5, 1x."""
    x = net.max_pool(net.conv(net.image, 24, 3, 2, activation="Relu"))
    for channels, blocks in ((116, 4), (232, 8), (464, 4)):
        for number in range(blocks):
            x = _halve(net, x, channels) if number == 0 else _mix(net, x)
    return net.classify(net.average(net.conv(x, 1024, activation="Relu")))


def _halve(net: GraphBuilder, x: Tensor, channels: int) -> Tensor:
    """Add a block of stride 2, whose two branches read all channels."""
    half = channels // 2
    left = net.conv(net.conv(x, x.channels, 3, 2, group=x.channels), half, activation="Relu")
    return net.shuffle(net.join(left, _branch(net, x, half, 2)), 2)


def _mix(net: GraphBuilder, x: Tensor) -> Tensor:
    """Add a block of stride 1, of whose channels one half stays as it is."""
    kept, changed = net.split(x)
    return net.shuffle(net.join(kept, _branch(net, changed, changed.channels, 1)), 2)


def _branch(net: GraphBuilder, x: Tensor, channels: int, stride: int) -> Tensor:
    y = net.conv(x, channels, activation="Relu")
    return net.conv(net.conv(y, channels, 3, stride, group=channels), channels, activation="Relu")
