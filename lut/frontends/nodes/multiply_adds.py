"""How many multiply-adds a node makes, by its type and the shapes around it.

Counted is what products of a sum make: convolutions, matrix products, recurrent cells, attention. What works
element by element, such as a normalisation or an activation, makes none. Of a type that is in neither list,
and where a shape is not known, nothing can be told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any, TypeAlias

from lut.errors import ModelError
from lut.frontends.nodes.graph import MALFORMED, Graph, Node
from lut.frontends.nodes.multiplying_nothing import MULTIPLY_NOTHING

__all__ = ["COUNTERS", "count_multiply_adds"]

Shape: TypeAlias = "tuple[int, ...]"

_TFLITE = "tflite."


@dataclass(frozen=True)
class _Shapes:
    """The shapes around a node, by the places of its inputs and outputs. One that is not known is a KeyError.

    Those of TFLite's types are in that format's own order.
    """

    node: Node
    graph: Graph

    def has(self, place: int) -> bool:
        """Tell whether an input is there."""
        return any(self.node.inputs[place : place + 1])

    def of(self, place: int) -> Shape:
        """Give the shape of an input."""
        return self._find(self.node.inputs[place])

    def given(self) -> Shape:
        """Give the shape of the first output."""
        return self._find(self.node.outputs[0])

    def setting(self, name: str, default: Any = 0) -> Any:
        """Give an attribute."""
        return self.node.attributes.get(name, default)

    def _find(self, name: str) -> Shape:
        is_own = self.node.op_type.startswith(_TFLITE)
        return self.graph.own_shape(name) if is_own else self.graph.values[name].shape


Counter: TypeAlias = Callable[[_Shapes], int]


def count_multiply_adds(graph: Graph, node: Node) -> int | None:
    """Count the multiply-adds of a node; None where they can't be told.

    Args:
        graph: what is known of its tensors.
        node: a node by ONNX's types or, where nothing there stands for it, TFLite's after `tflite.`.
    """
    if node.op_type in MULTIPLY_NOTHING:
        return 0
    counter = COUNTERS.get(node.op_type)
    if counter is None:
        return None
    try:
        return counter(_Shapes(node, graph))
    except (ModelError, *MALFORMED):
        return None


def _convolution(weight: int = 1) -> Counter:
    """Each value that it gives is a sum over one kernel, whose number comes first in the weight's shape."""
    return lambda shapes: prod(shapes.given()) * prod(shapes.of(weight)[1:])


def _transposed(source: int = 0) -> Counter:
    """Each value that it reads is multiplied by one kernel; pads don't matter."""
    return lambda shapes: prod(shapes.of(source)) * prod(shapes.of(1)[1:])


def _matrix_product(second: int = 1) -> Counter:
    """Each value that it gives is a sum over the rows of the second factor."""

    def count(shapes: _Shapes) -> int:
        shape = shapes.of(second)
        place = -1 if shapes.setting("transB") or len(shape) == 1 else -2
        if shapes.setting("transBatchB") and place == -2:
            place = 0
        return prod(shapes.given()) * shape[place]

    return count


def _narrow_weight(shapes: _Shapes) -> int:
    """Weights of a few bits are packed, so that their sizes are attributes."""
    return prod(shapes.of(0)) * int(shapes.node.attributes["N"])


def _einsum(shapes: _Shapes) -> int:
    """Multiply the operands from left to right; a label is summed as soon as nothing more has it."""
    terms, _, result = shapes.node.attributes["equation"].replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    operands = [_label(term, shapes.of(place), sizes) for place, term in enumerate(terms.split(","))]
    if len(operands) != len(shapes.node.inputs):
        raise ValueError("an equation has a term for each input")
    labels = [label for operand in operands for label in operand]
    kept = {label for label in labels if label in result or label.isdigit()}
    if "->" not in shapes.node.attributes["equation"]:
        kept = {label for label in labels if labels.count(label) == 1 or label.isdigit()}
    total, so_far = 0, operands[0]
    for place, operand in enumerate(operands[1:], 1):
        total += prod(sizes[label] for label in so_far | operand)
        so_far = (so_far | operand) & kept.union(*operands[place + 1 :])
    return total


def _label(term: str, shape: Shape, sizes: dict[str, int]) -> set[str]:
    """Give the labels of an operand, with numbers from the last on for those that `...` stands for."""
    before, dots, after = term.partition("...")
    many = len(shape) - len(before) - len(after)
    if many < 0 or (many and not dots):
        raise ValueError(f"{term!r} does not fit {shape}")
    labels = [*before, *(str(place) for place in range(many - 1, -1, -1)), *after]
    for label, size in zip(labels, shape, strict=True):
        sizes[label] = max(size, sizes.get(label, 1))
    return set(labels)


def _recurrent(shapes: _Shapes) -> int:
    """Each step of each sequence multiplies by all weights, those of both directions."""
    return prod(shapes.of(0)[:2]) * (prod(shapes.of(1)) + prod(shapes.of(2)))


def _cells(*weights: int) -> Counter:
    """Each step of a recurrent operator of TFLite multiplies by the weights at these places."""
    return lambda shapes: (
        prod(shapes.of(0)[:-1]) * sum(prod(shapes.of(place)) for place in weights if shapes.has(place))
    )


_LSTM = (*range(1, 9), 16)
"""Weights of four gates for the input, four for the state before, and of the projection."""


def _lstm_cell(shapes: _Shapes) -> int:
    """The older kernel of a cell has five inputs, and one weight for all gates."""
    places = (2,) if len(shapes.node.inputs) == 5 else _LSTM
    return _cells(*places)(shapes)


def _attention(shapes: _Shapes) -> int:
    """The product of Q and K, and that of the weights with V; K and V may be of fewer heads."""
    query, key, value = (shapes.of(place) for place in range(3))
    if len(query) == 4:
        batch, heads, rows, size = query
        columns, last = key[2], value[3]
    else:
        batch, rows, hidden = query
        heads = shapes.node.attributes["q_num_heads"]
        columns, size = key[1], hidden // heads
        last = value[2] // shapes.node.attributes["kv_num_heads"]
    if shapes.has(4):
        columns += shapes.of(4)[2]
    return int(batch * heads * rows * columns * (size + last))


def _packed_attention(past: int) -> Counter:
    """ORT's attention: one weight makes Q, K and V of its input."""

    def count(shapes: _Shapes) -> int:
        (batch, rows, columns), (_, width) = shapes.of(0), shapes.of(1)
        query, _, value = map(int, shapes.setting("qkv_hidden_sizes", (width // 3,) * 3))
        whole = rows + (shapes.of(past)[3] if shapes.has(past) else 0)
        return batch * rows * (columns * width + whole * (query + value))

    return count


def _multi_head_attention(shapes: _Shapes) -> int:
    """ORT's attention on Q, K and V; K with V, or all three, may come as one tensor of rank 5."""
    query = shapes.of(0)
    batch, rows = query[:2]
    hidden = query[2] if len(query) == 3 else query[2] * query[4]
    columns, last = rows, hidden
    if shapes.has(1):
        key = shapes.of(1)
        columns = key[2] if len(key) == 4 else key[1]
    if shapes.has(2):
        value = shapes.of(2)
        last = value[1] * value[3] if len(value) == 4 else value[2]
    if shapes.has(6):
        columns += shapes.of(6)[2]
    return batch * rows * columns * (hidden + last)


def _batched_product(shapes: _Shapes) -> int:
    """Whichever factors are transposed: of MxK, KxN and MxN the sizes of all three give K."""
    first, second, given = (prod(shape[-2:]) for shape in (shapes.of(0), shapes.of(1), shapes.given()))
    rows = isqrt(first * second // given)
    if rows * rows * given != first * second:
        raise ValueError("no factors of these sizes have such a product")
    return prod(shapes.given()) * rows


def _volume(source: int | None) -> Counter:
    """Weights of volumes are depth, height, width and two of channels, those of the other side last."""
    return lambda shapes: (
        prod(shapes.given() if source is None else shapes.of(source)) * prod(shapes.of(1)[:4])
    )


def _filters(shapes: _Shapes) -> int:
    return shapes.of(0)[0] * (prod(shapes.of(1)) + prod(shapes.of(2)))


_MS = "com.microsoft."

COUNTERS: dict[str, Counter] = {
    **dict.fromkeys(("Conv", "ConvInteger", "DeformConv", f"{_MS}FusedConv"), _convolution()),
    **dict.fromkeys((f"{_MS}NhwcConv", f"{_MS}NhwcFusedConv", "com.ms.internal.nhwc.Conv"), _convolution()),
    **dict.fromkeys(
        ("QLinearConv", f"{_MS}QLinearConv", "com.ms.internal.nhwc.QLinearConv"), _convolution(3)
    ),
    **dict.fromkeys(("ConvTranspose", f"{_MS}ConvTransposeWithDynamicPads"), _transposed()),
    **dict.fromkeys(("Gemm", "MatMul", "MatMulInteger"), _matrix_product()),
    **dict.fromkeys((f"{_MS}FusedGemm", f"{_MS}FusedMatMul", f"{_MS}TransposeMatMul"), _matrix_product()),
    **dict.fromkeys((f"{_MS}DynamicQuantizeMatMul", f"{_MS}MatMulIntegerToFloat"), _matrix_product()),
    **dict.fromkeys((f"{_MS}MatMulInteger16", f"{_MS}FusedMatMulActivation"), _matrix_product()),
    **dict.fromkeys((f"{_MS}MatMulBnb4", f"{_MS}MatMulNBits"), _narrow_weight),
    **dict.fromkeys(("QLinearMatMul", f"{_MS}QGemm"), _matrix_product(3)),
    **dict.fromkeys(("GRU", "LSTM", "RNN", f"{_MS}DynamicQuantizeLSTM"), _recurrent),
    "Attention": _attention,
    "Einsum": _einsum,
    f"{_MS}Attention": _packed_attention(4),
    f"{_MS}MultiHeadAttention": _multi_head_attention,
    f"{_MS}QAttention": _packed_attention(8),
    f"{_TFLITE}BATCH_MATMUL": _batched_product,
    f"{_TFLITE}BIDIRECTIONAL_SEQUENCE_LSTM": _cells(*_LSTM, *range(18, 26), 33, *range(40, 48)),
    f"{_TFLITE}BIDIRECTIONAL_SEQUENCE_RNN": _cells(1, 2, 5, 6, 10, 11),
    f"{_TFLITE}CONV_2D": _convolution(),
    f"{_TFLITE}CONV_3D": _volume(None),
    f"{_TFLITE}CONV_3D_TRANSPOSE": _volume(2),
    f"{_TFLITE}DEPTHWISE_CONV_2D": lambda shapes: prod(shapes.given()) * prod(shapes.of(1)[1:3]),
    f"{_TFLITE}FULLY_CONNECTED": _convolution(),
    f"{_TFLITE}LSTM": _lstm_cell,
    f"{_TFLITE}RNN": _cells(1, 2),
    f"{_TFLITE}SVDF": _filters,
    f"{_TFLITE}TRANSPOSE_CONV": lambda shapes: prod(shapes.of(2)) * prod(shapes.of(1)[:3]),
    f"{_TFLITE}UNIDIRECTIONAL_SEQUENCE_LSTM": _cells(*_LSTM),
    f"{_TFLITE}UNIDIRECTIONAL_SEQUENCE_RNN": _cells(1, 2),
}
"""How each type with weights, or with two factors, is counted."""
