"""What engines do to a graph before they run it: fold, drop, and take several nodes as one operator."""

from __future__ import annotations

from collections.abc import Callable
from math import isclose

from lut.errors import ModelError
from lut.frontends.nodes.constants import read_bounds
from lut.frontends.nodes.folding import fold, fold_pad
from lut.frontends.nodes.graph import MALFORMED, Node
from lut.frontends.nodes.idle import RESHAPES, drop_idle
from lut.frontends.nodes.patterns import find_gelu, find_group_norm
from lut.frontends.nodes.rewriting import Rewriting

__all__ = ["simplify"]


def simplify(graph: Rewriting) -> None:
    """Apply all of it, in an order in which each finds what those before it leave.

    Raises:
        ModelError: a node is not as its type says, so that nothing can be told of those around it.
    """
    _leave_out_unread(graph)
    for step in _STEPS:
        for node in graph:
            if not graph.holds(node) or node.refusal:
                continue
            try:
                step(graph, node)
            except MALFORMED as error:
                raise ModelError(
                    f"its node {node.name!r} ({node.op_type}) is malformed ({type(error).__name__}: "
                    f"{error}). Export the model again"
                ) from error


def _leave_out_unread(graph: Rewriting) -> None:
    """Take out what no output of the net depends on: engines never run it."""
    for node in reversed(list(graph)):
        if not any(map(graph.is_read, node.outputs)):
            graph.leave_out(node, "nothing reads what it gives")


def _compute_constants(graph: Rewriting, node: Node) -> None:
    dynamic, _ = graph.split_constants(node)
    if node.op_type in ("Shape", "Size"):
        graph.forget(node, "the shapes of a net's tensors don't change")
    elif not dynamic and not node.op_type.startswith("Random"):
        graph.forget(node, "its values don't depend on the input: they are computed once")


def _drop_reshapes(graph: Rewriting, node: Node) -> None:
    """Fully connected layers take the rows of a matrix wherever dimensions end."""
    if node.op_type not in RESHAPES:
        return
    if graph.split_constants(node)[0] != [node.inputs[0]]:
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
        and not node.refusal
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
    is_split &= not graph.graph.channels_last
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


_STEPS: tuple[Callable[[Rewriting, Node], None], ...] = (
    _compute_constants,
    drop_idle,
    _find_shuffle,
    _find_hard_sigmoid,
    _find_hard_swish,
    find_gelu,
    find_group_norm,
    fold,
    fold_pad,
    _drop_reshapes,
)
