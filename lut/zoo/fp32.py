"""Write a net as fp32 operators, NCHW."""

from __future__ import annotations

from lut.ops import ArgumentValue
from lut.zoo.architecture import Architecture, Naming
from lut.zoo.graph import WORKSPACE, Graph
from lut.zoo.layers import AveragePool, Classifier, Conv, Shuffle, Softmax, Sum, walk_net

__all__ = ["write_fp32"]

ORDERED: dict[str, ArgumentValue] = {"order": "NCHW", **WORKSPACE}


def write_fp32(net: Architecture) -> Graph:
    """Write every layer's operators, and fills for the parameters."""
    graph = Graph()
    for layer in walk_net(net, net.fp32):
        match layer:
            case Conv():
                write_conv(graph, layer, net.fp32)
            case Shuffle():
                args: dict[str, ArgumentValue] = {"kernel": 1, "group": layer.group}
                graph.add("ChannelShuffle", [layer.source], layer.output, args)
            case Sum():
                graph.add("Sum", layer.sources, layer.output)
            case AveragePool():
                args = {"order": "NCHW", "kernel": layer.kernel, "stride": 1, **WORKSPACE}
                graph.add("AveragePool", [layer.source], layer.output, args)
            case Classifier():
                weight = add_weight(graph, layer.weight, (layer.classes, layer.features))
                bias = add_bias(graph, layer.bias, layer.classes)
                graph.add("FC", [layer.source, weight, bias], layer.output, ORDERED)
            case Softmax():
                graph.add("Softmax", [layer.source], layer.output, ORDERED)
    return graph


def write_conv(graph: Graph, conv: Conv, naming: Naming) -> None:
    """Write a convolution, and its Relu as an operator of its own."""
    shape = (conv.out_channels, conv.in_channels // conv.group, conv.kernel, conv.kernel)
    inputs = [conv.source, add_weight(graph, conv.weight, shape)]
    if conv.bias is not None:
        inputs.append(add_bias(graph, conv.bias, conv.out_channels))
    graph.add("Conv", inputs, conv.before_relu, conv_arguments(conv, naming), naming.engine)
    if conv.relu:
        graph.add("Relu", [conv.before_relu], conv.output, ORDERED)


def conv_arguments(conv: Conv, naming: Naming) -> dict[str, ArgumentValue]:
    """Give a convolution's arguments in the exporter's order."""
    if conv.depthwise and not naming.depthwise_search:
        return {
            "kernel": conv.kernel,
            "pad": conv.pad,
            "group": conv.group,
            "order": "NCHW",
            "stride": conv.stride,
        }
    group = {"group": conv.group} if conv.group > 1 else {}
    return {
        "kernel": conv.kernel,
        **group,
        **WORKSPACE,
        "exhaustive_search": 1,
        "stride": conv.stride,
        "pad": conv.pad,
        "order": "NCHW",
    }


def add_weight(graph: Graph, name: str, shape: tuple[int, ...]) -> str:
    """Fill weights by Xavier's rule, which takes a depthwise kernel's fan-in right (MSRAFill does not).

    From one layer to the next activations then shrink a little, yet stay far from denormals, on which
    processors are slow.
    """
    graph.parameters.append(name)
    graph.fill("XavierFill", name, {"shape": shape})
    return name


def add_bias(graph: Graph, name: str, size: int) -> str:
    """Fill a bias with zeros."""
    graph.parameters.append(name)
    graph.fill("ConstantFill", name, {"shape": (size,), "value": 0.0})
    return name
