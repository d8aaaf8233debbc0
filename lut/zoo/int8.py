"""Write a net as int8 operators, NHWC: Relus fused into convolutions, every blob's name with `_int8`."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

from lut.ops import ArgumentValue
from lut.zoo.architecture import Architecture
from lut.zoo.graph import WORKSPACE, Graph
from lut.zoo.layers import AveragePool, Classifier, Conv, Shuffle, Softmax, Sum, walk_net
from lut.zoo.quantised import Quantised, read_quantisation

__all__ = ["write_int8"]

WEIGHT_ZERO_POINT = 128
SOFTMAX = Quantised(1 / 256)
"""The engine accepts nothing else for probabilities."""


def write_int8(net: Architecture, figures: Iterable[Quantised] | None = None) -> Graph:
    """Write every layer's operator, and fills for the parameters.

    Args:
        net: what to write.
        figures: how each output is quantised, in the operators' order; None for those of the released net.
    """
    writer = _Int8Writer(read_quantisation(net.name) if figures is None else figures)
    for layer in walk_net(net, net.int8):
        match layer:
            case Conv():
                writer.write_conv(layer)
            case Shuffle():
                writer.write_shuffle(layer)
            case Sum():
                writer.write_sum(layer)
            case AveragePool():
                writer.write_average_pool(layer)
            case Classifier():
                writer.write_classifier(layer)
            case Softmax():
                writer.write_softmax(layer)
    return writer.graph


class _Int8Writer:
    """Knows how each blob written so far is quantised; takes the figures in the operators' order."""

    def __init__(self, figures: Iterable[Quantised]) -> None:
        self.graph = Graph()
        self._figures = iter(figures)
        self._quantised: dict[str, Quantised] = {}
        self.graph.add("NCHW2NHWC", ["data"], "data_NHWC", engine=None)
        y = self._quantise("data")
        self.graph.add("Int8Quantize", ["data_NHWC"], "data_int8", y.scale_first(), engine=None)

    def write_conv(self, conv: Conv) -> None:
        y = self._quantise(conv.output)
        shape = (conv.out_channels, conv.kernel, conv.kernel, conv.in_channels // conv.group)
        step = weight_step(self._quantised[conv.source], y, conv.fan_in, conv.relu)
        weight = self._add_weight(conv.weight, shape, step)
        without = f"b_zero_generated_{conv.source}"  # Int8Conv wants a bias in any case
        bias = self._add_bias(conv.bias or without, conv.out_channels, conv.source, step)
        group: dict[str, ArgumentValue] = {"group": conv.group} if conv.group > 1 else {}
        args: dict[str, ArgumentValue] = {
            "kernel": conv.kernel,
            **group,
            **WORKSPACE,
            "stride": conv.stride,
            "pad": conv.pad,
            "order": "NHWC",
            **y.zero_point_first(),
        }
        op_type = "Int8ConvRelu" if conv.relu else "Int8Conv"
        self.graph.add(op_type, [f"{conv.source}_int8", weight, bias], f"{conv.output}_int8", args)

    def write_shuffle(self, shuffle: Shuffle) -> None:
        y = self._share(shuffle.output, shuffle.source)
        args = {"kernel": 1, "group": shuffle.group, **y.scale_first(), "order": "NHWC"}
        self.graph.add("Int8ChannelShuffle", [f"{shuffle.source}_int8"], f"{shuffle.output}_int8", args)

    def write_sum(self, layer: Sum) -> None:
        y = self._quantise(layer.output)
        inputs = [f"{source}_int8" for source in layer.sources]
        self.graph.add("Int8Sum", inputs, f"{layer.output}_int8", {**y.scale_first(), "order": "NHWC"})

    def write_average_pool(self, pool: AveragePool) -> None:
        y = self._share(pool.output, pool.source)
        args = {"order": "NHWC", "kernel": pool.kernel, "stride": 1, **WORKSPACE, **y.scale_first()}
        self.graph.add("Int8AveragePool", [f"{pool.source}_int8"], f"{pool.output}_int8", args)

    def write_classifier(self, layer: Classifier) -> None:
        y = self._quantise(layer.output)
        step = weight_step(self._quantised[layer.source], y, layer.features, relu=False)
        weight = self._add_weight(layer.weight, (layer.classes, layer.features), step)
        bias = self._add_bias(layer.bias, layer.classes, layer.source, step)
        args = {"order": "NHWC", **WORKSPACE, **y.zero_point_first()}
        self.graph.add("Int8FC", [f"{layer.source}_int8", weight, bias], f"{layer.output}_int8", args)

    def write_softmax(self, layer: Softmax) -> None:
        args = {"order": "NHWC", **WORKSPACE, **SOFTMAX.scale_first()}
        self.graph.add("Int8Softmax", [f"{layer.source}_int8"], f"{layer.output}_int8", args)
        self.graph.add("Int8Dequantize", [f"{layer.output}_int8"], layer.output, engine=None)

    def _quantise(self, blob: str) -> Quantised:
        """Give a new blob the next of the figures."""
        self._quantised[blob] = next(self._figures)
        return self._quantised[blob]

    def _share(self, blob: str, source: str) -> Quantised:
        """Give a new blob the figure of its source, where values are only moved or averaged."""
        self._quantised[blob] = self._quantised[source]
        return self._quantised[blob]

    def _add_weight(self, name: str, shape: tuple[int, ...], step: float) -> str:
        """Fill weights evenly over the 256 steps."""
        weight = f"{name}_int8"
        floats = f"{weight}_float"
        low, high = -WEIGHT_ZERO_POINT * step, (255 - WEIGHT_ZERO_POINT) * step
        self.graph.parameters.append(weight)
        self.graph.fill("UniformFill", floats, {"shape": shape, "min": low, "max": high})
        steps = Quantised(step, WEIGHT_ZERO_POINT)
        self.graph.fill("Int8Quantize", weight, steps.scale_first(), [floats])
        return weight

    def _add_bias(self, name: str, size: int, source: str, step: float) -> str:
        """Fill a bias with zeros, in steps of the products that it is added to."""
        bias = f"{name}_int8"
        scale = self._quantised[source].scale * step
        self.graph.parameters.append(bias)
        # The operator copies as many values as the shape says, whether they are there or not.
        args = {"shape": (size,), "values": (0,) * size, **Quantised(scale).scale_first()}
        self.graph.fill("Int8GivenIntTensorFill", bias, args)
        return bias


def weight_step(x: Quantised, y: Quantised, fan_in: int, relu: bool) -> float:
    """Choose the scale of weights so that an output spreads over as many steps as its input does.

    For that weights must spread over ±√(3 / fan_in) of the ratio of the scales, as in Xavier's rule, or
    ±√(6 / fan_in) where a Relu discards half of the outputs. In the engine's terms the product
    x.scale · step / y.scale is at most √6 / 128, whereas from 1 on a convolution fails.
    """
    bound = sqrt((6 if relu else 3) / fan_in)
    return y.scale / x.scale * bound / WEIGHT_ZERO_POINT
