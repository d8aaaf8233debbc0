"""Normalisations that no operator before them takes in."""

from __future__ import annotations

from lut.errors import ModelError
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.idle import is_after_training
from lut.frontends.nodes.net import MappedNet, Mapper
from lut.ops import FLOAT, TensorSpec

__all__ = ["MAPPERS"]


def _by_batch(net: MappedNet, node: Node) -> None:
    """After training it is a factor and a summand for each channel."""
    if not is_after_training(net.graph, node):
        raise ModelError("it is exported in training, where it takes means of its input")
    # Means, variances and what keeps these from being 0 change the values of constants alone.
    _ = node.inputs[1:5], [node.attributes.get(name) for name in _OF_BATCHES]
    shape = net.shape(node.inputs[0])
    if len(shape) == 4:
        net.writer.scale_channels(net.take_input(node), net.give(node))
        return
    source, output = net.take_input(node), net.give(node)
    channels = TensorSpec((shape[1],) + (1,) * (len(shape) - 2), net.dtype_of(node))
    for kind, written in (("Mul", f"{output}:scaled"), ("Add", output)):
        net.writer.add(kind, [source], written, {f"{written}_constant": channels})
        source = written


_OF_BATCHES = ("epsilon", "has_bias", "is_test", "momentum", "spatial", "training_mode")


def _by_rows(kind: str) -> Mapper:
    """Write a normalisation of what lies along the last dimensions."""

    def write(net: MappedNet, node: Node) -> None:
        _ = node.inputs[1:3], node.attributes.get("epsilon"), node.attributes.get("stash_type")
        net.run_as(kind)
        source = net.take_input(node, image=False)
        shape = net.writer.tensors[source].shape
        axis = node.attributes.get("axis", -1) % len(shape)
        output = net.give(node, image=False)
        names = [f"{output}_w"] if kind == "RMSNorm" else [f"{output}_w", f"{output}_b"]
        parameters = dict.fromkeys(names, TensorSpec(shape[axis:], FLOAT))
        flags = {"elementwise_affine": 1} if kind == "LayerNorm" else {}
        net.writer.add(kind, [source], output, parameters, axis=axis, **flags)

    return write


def _by_channels(kind: str) -> Mapper:
    """Write a normalisation of each channel of a feature map, or of each group of channels."""

    def write(net: MappedNet, node: Node) -> None:
        _ = node.inputs[1:3], node.attributes.get("epsilon"), node.attributes.get("stash_type")
        net.run_as(kind)
        source, output = net.take_input(node), net.give(node)
        written, shape = output, net.writer.tensors[source].shape
        if len(shape) == 3:  # pixels in one dimension
            source, written = net.view(source, (*shape, 1), is_image=True), f"{output}:map"
        _, channels, _, _ = net.writer.image(source)
        parameters = dict.fromkeys((f"{output}_w", f"{output}_b"), TensorSpec((channels,), FLOAT))
        groups = {"group": node.attributes["num_groups"]} if kind == "GroupNorm" else {}
        net.writer.add(kind, [source], written, parameters, **groups, **net.writer.spell_order(source))
        if written != output:
            net.writer.rename(written, output, shape)

    return write


MAPPERS: dict[str, Mapper] = {
    "BatchNormalization": _by_batch,
    "GroupNormalization": _by_channels("GroupNorm"),
    "InstanceNormalization": _by_channels("InstanceNorm"),
    "LayerNormalization": _by_rows("LayerNorm"),
    "RMSNormalization": _by_rows("RMSNorm"),
}
