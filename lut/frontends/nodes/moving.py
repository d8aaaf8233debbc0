"""Nodes that move values: joins, cuts, other shapes, other orders, pads, enlarging."""

from __future__ import annotations

import numpy as np

from lut.errors import ModelError
from lut.frontends.nodes.constants import read_numbers, read_pads
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.net import MappedNet, Mapper
from lut.frontends.writer import order_sizes
from lut.ops import UINT8, ArgumentValue

__all__ = ["MAPPERS"]


def _join(net: MappedNet, node: Node) -> None:
    sources = net.take_with_constants(node)
    axis = node.attributes.get("axis", 1)
    is_channels = net.writer.is_image(sources[0]) and axis % 4 == 1
    place: dict[str, ArgumentValue] = (
        net.writer.spell_order(sources[0]) if is_channels else {"axis": net.writer.axis(sources[0], axis)}
    )
    net.writer.add("Concat", sources, net.give(node), **place)


def _shuffle(net: MappedNet, node: Node) -> None:
    source = net.take_input(node)
    order = net.writer.spell_order(source) if net.dtype_of(node) == UINT8 else {}
    net.writer.add(
        "ChannelShuffle", [source], net.give(node), group=node.attributes["group"], kernel=1, **order
    )


def _split(net: MappedNet, node: Node) -> None:
    """Each part is a slice, however many are cut off at once."""
    source = net.take_input(node)
    shape = net.shape(node.inputs[0])
    axis = node.attributes.get("axis", 0) % len(shape)
    count = len(node.outputs)
    _ = node.attributes.get("num_outputs")  # which are as many as are listed
    sizes = read_numbers(net.graph, node, "split", 1)
    if sizes is None and node.inputs[1:2] and node.inputs[1]:
        raise ModelError("the sizes of its parts are computed while the net runs")
    if sizes is None:
        equal = -(-shape[axis] // count)
        sizes = tuple(min(equal, shape[axis] - equal * place) for place in range(count))
    if len(sizes) != count or sum(sizes) != shape[axis]:
        raise ModelError(f"its parts of {list(sizes)} don't make up {shape[axis]}")
    start = 0
    for place, size in enumerate(sizes):
        if node.outputs[place]:
            _cut(net, source, net.give(node, place), axis, start, start + size)
        start += size


def _slice(net: MappedNet, node: Node) -> None:
    before, after = net.shape(node.inputs[0]), net.graph.graph.value(node.outputs[0]).shape
    starts, axes, steps = (
        read_numbers(net.graph, node, name, place)
        for name, place in (("starts", 1), ("axes", 3), ("steps", 4))
    )
    _ = node.inputs[2:3], node.attributes.get("ends")  # the shapes say where it ends
    if starts is None or (steps is not None and set(steps) != {1}):
        raise ModelError("it takes steps, or starts that are computed from the net's input")
    if len(after) != len(before):
        raise ModelError("it takes a dimension away")
    places = [axis % len(before) for axis in axes or range(len(starts))]
    begins, ends = [0] * len(before), [-1] * len(before)
    for axis, size in enumerate(before):
        if size != after[axis]:
            start = starts[places.index(axis)]
            begins[axis] = max(0, start + size) if start < 0 else min(start, size)
            ends[axis] = begins[axis] + after[axis]
    source = net.take_input(node)
    cuts = {"starts": net.writer.turn(source, begins), "ends": net.writer.turn(source, ends)}
    net.writer.add("Slice", [source], net.give(node), **cuts)


def _cut(net: MappedNet, source: str, output: str, axis: int, start: int, end: int) -> None:
    rank = len(net.writer.tensors[source].shape)
    starts = net.writer.turn(source, [start if place == axis else 0 for place in range(rank)])
    ends = net.writer.turn(source, [end if place == axis else -1 for place in range(rank)])
    net.writer.add("Slice", [source], output, starts=starts, ends=ends)


def _reshape(net: MappedNet, node: Node) -> None:
    source = net.take_input(node, image=False)
    # The shape of what it gives says all that is told by these.
    _ = node.inputs[1:2], [node.attributes.get(name) for name in ("allowzero", "axes", "axis", "shape")]
    shape = net.graph.graph.own_shape(node.outputs[0])
    net.writer.add("Reshape", [source], net.give(node, image=False), shape=shape)


def _transpose(net: MappedNet, node: Node) -> str | None:
    as_they_are = False if net.graph.graph.channels_last else None
    source = net.take_input(node, as_they_are)
    rank = len(net.writer.tensors[source].shape)
    perm = tuple(node.attributes.get("perm", reversed(range(rank))))
    output = net.give(node, image=as_they_are)
    is_image = not net.writer.holds_rows[output]
    # What the n-th dimension of the result is among those of the source, both in the order they lie in.
    lying = order_sizes(perm, net.dtype_of(node)) if is_image else perm
    axes = tuple(net.writer.axis(source, axis) for axis in lying)
    if axes == tuple(range(rank)):
        net.writer.rename(source, output, net.writer.tensors[source].shape)
        return "its result lies as its input does"
    net.writer.add("Transpose", [source], output, axes=axes)
    return None


def _repeat(net: MappedNet, node: Node) -> str | None:
    """Repeat along one dimension after the other; Expand has the sizes of the result, Tile the times."""
    source = net.take_input(node, image=False)
    _ = node.inputs[1:2]
    after = net.graph.graph.own_shape(node.outputs[0])
    before = net.writer.tensors[source].shape
    source = net.view(source, (1,) * (len(after) - len(before)) + before)
    output = net.give(node, image=False)
    pairs = list(zip(net.writer.tensors[source].shape, after, strict=True))
    repeated = [axis for axis, (one, many) in enumerate(pairs) if one != many]
    if not repeated:
        net.writer.rename(source, output, after)
        return "its output is its input"
    for axis in repeated:
        one, many = pairs[axis]
        if many % one or (one > 1 and node.op_type != "Tile"):
            raise ModelError(f"it makes {list(after)} of {list(before)}")
        written = output if axis == repeated[-1] else f"{output}:{axis}"
        net.writer.add("Tile", [source], written, axis=axis, tiles=many // one)
        source = written
    return None


def _pick(net: MappedNet, node: Node) -> str | None:
    """Take places along a dimension that follow each other, which is a cut."""
    places = net.graph.numbers(node.inputs[1])
    if places is None or places.size == 0:
        raise ModelError("the places that it takes are computed from the net's input")
    source, output = net.take_input(node, image=False), net.give(node, image=False)
    shape = net.writer.tensors[source].shape
    axis = node.attributes.get("axis", 0) % len(shape)
    first, count = int(places.reshape(-1)[0]) % shape[axis], places.size
    if any(int(place) % shape[axis] != first + at for at, place in enumerate(places.reshape(-1))):
        raise ModelError("it takes places that don't follow each other")
    after = (*shape[:axis], *places.shape, *shape[axis + 1 :])
    if count == shape[axis]:
        net.writer.rename(source, output, after)
        return "it gives its input in other dimensions"
    _cut(net, source, f"{output}:cut", axis, first, first + count)
    net.writer.rename(f"{output}:cut", output, after)
    return None


def _pad(net: MappedNet, node: Node) -> None:
    pads = read_pads(net.graph, node)
    if pads is None or min(pads, default=0) < 0:
        raise ModelError("it pads with something other than zeros, or cuts off")
    source = net.take_input(node)
    rank = len(pads) // 2
    before, after = net.writer.turn(source, pads[:rank]), net.writer.turn(source, pads[rank:])
    net.writer.add("Pad", [source], net.give(node), before=before, after=after)


def _depth_to_space(net: MappedNet, node: Node) -> None:
    if node.attributes.get("mode", "DCR") != "DCR":
        raise ModelError("it takes channels in the order CRD; only DCR is known")
    source = net.take_input(node)
    block = node.attributes["blocksize"]
    net.writer.add(
        "DepthToSpace", [source], net.give(node), block_size=block, **net.writer.spell_order(source)
    )


def _resize(net: MappedNet, node: Node) -> None:
    mode = node.attributes.get("mode", "nearest")
    kind = {"linear": "Bilinear", "bilinear": "Bilinear", "nearest": "Nearest"}.get(mode)
    if kind is None:
        raise ModelError(f"it resizes by {mode!r}; known are linear and nearest")
    source = net.take_input(node)
    before, after = net.writer.image(source), net.graph.graph.value(node.outputs[0]).shape
    if len(after) != 4 or after[:2] != before[:2]:
        raise ModelError("it resizes other dimensions than height and width")
    scales = {
        "height_scale": _find_scale(before[2], after[2]),
        "width_scale": _find_scale(before[3], after[3]),
    }
    is_whole = not any(each % one for each, one in zip(after[2:], before[2:], strict=True))
    _check_resize(net.graph.graph.opset, node, kind, is_whole=is_whole)
    net.writer.add(f"Resize{kind}", [source], net.give(node), **scales, **net.writer.spell_order(source))


def _find_scale(before: int, after: int) -> float:
    """Give the factor from which an engine computes just this size: it multiplies and cuts off in float32."""
    scale = after / before
    if int(np.float32(before) * np.float32(scale)) < after:
        scale = float(np.nextafter(np.float32(scale), np.float32(np.inf)))
    return scale


def _check_resize(opset: int, node: Node, kind: str, *, is_whole: bool) -> None:
    """Refuse a Resize that takes other pixels than the operators here: bilinear ones take those at the
    centres, nearest ones those whose place is cut off; of whole factors, rounding centres gives the same.

    Raises:
        ModelError: it does; the reason names its way.
    """
    is_old = node.op_type == "Upsample" or opset < 11
    way = node.attributes.get("coordinate_transformation_mode", "asymmetric" if is_old else "half_pixel")
    rounds = node.attributes.get("nearest_mode", "floor" if is_old else "round_prefer_floor")
    is_centred = way in ("half_pixel", "pytorch_half_pixel")
    if kind == "Bilinear" and not is_centred:
        raise ModelError(f"it places pixels by {way!r}; only half_pixel is measured here")
    takes_same = (way, rounds) == ("asymmetric", "floor") or (
        is_whole and is_centred and rounds in ("round_prefer_floor", "round_prefer_ceil")
    )
    if kind == "Nearest" and not takes_same:
        raise ModelError(f"it takes the nearest pixel by {way!r} and {rounds!r}, which is not measured here")
    # Sizes and scales are in the shape of what it gives; a region is for a way that is refused.
    _ = node.inputs[1:4], [node.attributes.get(name) for name in _IN_THE_SHAPE]


_IN_THE_SHAPE = ("axes", "extrapolation_value", "keep_aspect_ratio_policy", "scales")


MAPPERS: dict[str, Mapper] = {
    "ChannelShuffle": _shuffle,
    "Concat": _join,
    "DepthToSpace": _depth_to_space,
    "Expand": _repeat,
    "Flatten": _reshape,
    "Gather": _pick,
    "Pad": _pad,
    "Reshape": _reshape,
    "Resize": _resize,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _reshape,
    "Tile": _repeat,
    "Transpose": _transpose,
    "Unsqueeze": _reshape,
    "Upsample": _resize,
}
