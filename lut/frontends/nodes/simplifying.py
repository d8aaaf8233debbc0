"""What engines do to a graph before they run it: fold, drop, and take several nodes as one operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isclose

from lut.frontends.nodes.constants import is_by_channel, read_bounds, read_pads
from lut.frontends.nodes.graph import Node
from lut.frontends.nodes.rewriting import Rewriting

__all__ = ["simplify"]

_WEIGHTED = {"BatchNormalization", "Conv", "ConvTranspose", "Gemm", "MatMul"}
"""Operators with parameters, into which factors and summands of channels are folded."""

_RESHAPES = {"Flatten", "Reshape", "Squeeze", "Unsqueeze"}
_FOLDED = {"Add", "BatchNormalization", "Div", "Mul", "Sub"}


def simplify(graph: Rewriting) -> None:
    """Apply all of it, in an order in which each finds what those before it leave."""
    for step in _STEPS:
        for node in graph:
            if graph.writer_of(node.outputs[0]) is node:
                step(graph, node)


def _compute_constants(graph: Rewriting, node: Node) -> None:
    dynamic, _ = graph.split_constants(node)
    if node.op_type in ("Shape", "Size"):
        graph.forget(node, "the shapes of a net's tensors don't change")
    elif not dynamic and not node.op_type.startswith("Random"):
        graph.forget(node, "its values don't depend on the input: they are computed once")


def _drop_idle(graph: Rewriting, node: Node) -> None:
    if node.op_type == "Dropout":
        graph.drop(node, "it does nothing after training")
    elif node.op_type == "Identity" or (
        node.op_type in ("Concat", "Sum", "Max", "Min") and len(node.inputs) == 1
    ):
        graph.drop(node, "it gives its input")
    elif node.op_type in (*_RESHAPES, "Cast", "Expand", "Resize", "Slice", "Upsample") and _gives_its_input(
        graph, node
    ):
        graph.drop(node, "its output is its input")


def _gives_its_input(graph: Rewriting, node: Node) -> bool:
    values = graph.graph.values
    before, after = values.get(node.inputs[0]), values.get(node.outputs[0])
    return before is not None and before == after


def _drop_reshapes(graph: Rewriting, node: Node) -> None:
    """Fully connected layers take the rows of a matrix wherever dimensions end."""
    if node.op_type not in _RESHAPES:
        return
    readers = graph.readers_of(node.outputs[0])
    if not readers or node.outputs[0] in graph.outputs:
        return
    shape, before = graph.shape(node.outputs[0]), graph.shape(node.inputs[0])
    if (
        len(shape) == 2
        and before[:1] == shape[:1]
        and all(_is_dense_layer(graph, each, node) for each in readers)
    ):
        graph.drop(node, "the fully connected layer takes its input as a row in any case")


def _is_dense_layer(graph: Rewriting, node: Node, before: Node) -> bool:
    return (
        node.op_type in ("Gemm", "MatMul")
        and node.inputs[0] == before.outputs[0]
        and node.inputs[1] in graph.constants
        and not node.attributes.get("transA")
    )


def _find_shuffle(graph: Rewriting, last: Node) -> None:
    """Take channels that are split in two dimensions, which change places, as a shuffle of channels."""
    swap = graph.writer_of(last.inputs[0]) if last.op_type == "Reshape" else None
    split = graph.writer_of(swap.inputs[0]) if swap is not None and swap.op_type == "Transpose" else None
    if swap is None or split is None or split.op_type != "Reshape":
        return
    if graph.only_reader(split.outputs[0]) != swap or graph.only_reader(swap.outputs[0]) != last:
        return
    whole, apart = graph.shape(split.inputs[0]), graph.shape(split.outputs[0])
    # Some exporters join height and width meanwhile.
    is_split = (
        len(whole) == 4 and len(apart) in (4, 5) and apart[0] == whole[0] and apart[1] * apart[2] == whole[1]
    )
    order = (0, 2, 1, 3, 4)[: len(apart)]
    if is_split and graph.shape(last.outputs[0]) == whole and swap.attributes.get("perm") == order:
        shuffle = Node(last.name, "ChannelShuffle", split.inputs[:1], last.outputs, {"group": apart[1]})
        graph.put(last, [split, swap], shuffle)


def _find_hard_sigmoid(graph: Rewriting, last: Node) -> None:
    """Take (x + 3, between 0 and 6, divided by 6) as a HardSigmoid; `last` divides."""
    clip = _is_scaled(graph, last, 1 / 6)
    shift = graph.writer_of(clip.inputs[0]) if clip is not None else None
    if (
        clip is None
        or shift is None
        or not _is_shift(graph, clip, shift)
        or graph.only_reader(clip.outputs[0]) != last
    ):
        return
    sigmoid = Node(
        last.name, "HardSigmoid", _variable(graph, shift), last.outputs, {"alpha": 1 / 6, "beta": 0.5}
    )
    graph.put(last, [shift, clip], sigmoid)


def _find_hard_swish(graph: Rewriting, last: Node) -> None:
    """Take a HardSigmoid times its input, or x (x + 3, between 0 and 6) / 6, as a HardSwish."""
    if last.op_type == "Mul":
        for gate, other in (last.inputs, last.inputs[::-1]):
            sigmoid = graph.writer_of(gate)
            if sigmoid is not None and sigmoid.op_type == "HardSigmoid" and sigmoid.inputs[0] == other:
                is_sixth = isclose(sigmoid.attributes.get("alpha", 0.2), 1 / 6, rel_tol=1e-3)
                if is_sixth and isclose(sigmoid.attributes.get("beta", 0.5), 0.5):
                    if graph.only_reader(gate) == last:
                        graph.put(last, [sigmoid], Node(last.name, "HardSwish", (other,), last.outputs))
                    return
    product = _is_scaled(graph, last, 1 / 6)
    if product is None or product.op_type != "Mul" or graph.only_reader(product.outputs[0]) != last:
        return
    for gate, other in (product.inputs, product.inputs[::-1]):
        clip = graph.writer_of(gate)
        shift = graph.writer_of(clip.inputs[0]) if clip is not None else None
        if clip is None or shift is None or not _is_shift(graph, clip, shift):
            continue
        if _variable(graph, shift) == (other,) and graph.only_reader(gate) == product:
            graph.put(last, [shift, clip, product], Node(last.name, "HardSwish", (other,), last.outputs))
            return


def _is_scaled(graph: Rewriting, node: Node, factor: float) -> Node | None:
    """Give what writes the input of a node that multiplies by a factor, written so or as a division."""
    if node.op_type not in ("Div", "Mul") or len(node.inputs) != 2:
        return None
    dynamic, fixed = graph.split_constants(node)
    if len(dynamic) != 1 or (node.op_type == "Div" and dynamic[0] != node.inputs[0]):
        return None
    number = graph.number(fixed[0])
    if number is None or not number:
        return None
    return (
        graph.writer_of(dynamic[0])
        if isclose(number if node.op_type == "Mul" else 1 / number, factor, rel_tol=1e-3)
        else None
    )


def _is_shift(graph: Rewriting, clip: Node, shift: Node) -> bool:
    """Tell whether the second adds 3 and the first alone keeps that between 0 and 6."""
    _, fixed = graph.split_constants(shift)
    return (
        clip.op_type == "Clip"
        and read_bounds(graph, clip) == (0.0, 6.0)
        and shift.op_type == "Add"
        and len(fixed) == 1
        and graph.number(fixed[0]) == 3.0
        and graph.only_reader(shift.outputs[0]) == clip
    )


def _variable(graph: Rewriting, node: Node) -> tuple[str, ...]:
    return tuple(graph.split_constants(node)[0])


def _fold(graph: Rewriting, node: Node) -> None:
    """Fold what multiplies and adds constants for each channel into the operator with weights before it."""
    takes = node.op_type in _WEIGHTED and len(node.inputs) > 1 and node.inputs[1] in graph.constants
    if not takes:
        return
    while (behind := graph.only_reader(node.outputs[0])) is not None and _is_foldable(graph, node, behind):
        folded = (
            "batch normalisation"
            if behind.op_type == "BatchNormalization"
            else f"its {behind.op_type} by constants"
        )
        adds = behind.op_type in ("Add", "BatchNormalization", "Sub")
        reason = f"folded into {node.name!r}: {folded} changes weights and bias only"
        node = graph.join(node, behind, reason, **({"has_bias": True} if adds else {}))


def _is_foldable(graph: Rewriting, node: Node, behind: Node) -> bool:
    if behind.op_type not in _FOLDED:
        return False
    dynamic, fixed = graph.split_constants(behind)
    if len(dynamic) != 1 or (behind.op_type == "Div" and dynamic[0] != behind.inputs[0]):
        return False
    if behind.op_type == "BatchNormalization":
        return True
    return is_by_channel(graph.shape(fixed[0]), graph.shape(node.outputs[0]))


def _fold_pad(graph: Rewriting, node: Node) -> None:
    """Pad within the convolution that alone reads the padded tensor."""
    reader = graph.only_reader(node.outputs[0]) if node.op_type == "Pad" else None
    if reader is None or reader.op_type != "Conv" or reader.inputs[0] != node.outputs[0]:
        return
    pads = read_pads(graph, node)
    is_spatial = pads is not None and len(pads) == 8 and not any(pads[place] for place in (0, 1, 4, 5))
    if (
        pads is None
        or not is_spatial
        or min(pads) < 0
        or reader.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID")
    ):
        return
    own = reader.attributes.get("pads", (0, 0, 0, 0))
    added = tuple(a + b for a, b in zip(own, (pads[2], pads[3], pads[6], pads[7]), strict=True))
    attributes = {**reader.attributes, "auto_pad": "NOTSET", "pads": added}
    graph.put(reader, [], replace(reader, attributes=attributes))
    graph.drop(node, f"folded into {reader.name!r}, which pads by itself")


_STEPS: tuple[Callable[[Rewriting, Node], None], ...] = (
    _compute_constants,
    _drop_idle,
    _find_shuffle,
    _find_hard_sigmoid,
    _find_hard_swish,
    _fold,
    _fold_pad,
    _drop_reshapes,
)
