"""Which tensors of a TFLite model are feature maps, whose channels lie last there."""

from __future__ import annotations

from collections.abc import Sequence

from lut.frontends.nodes import Reach, tell_images
from lut.frontends.tflite.reading import TfliteGraph, TfliteOperator, TfliteTensor

__all__ = ["find_images"]

_OF_IMAGES = {
    *("AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "L2_POOL_2D"),
    *("LOCAL_RESPONSE_NORMALIZATION", "MAX_POOL_2D", "PRELU", "RESIZE_BILINEAR"),
    *("RESIZE_NEAREST_NEIGHBOR", "SPACE_TO_DEPTH", "TRANSPOSE_CONV"),
}
"""Operators whose inputs and outputs are feature maps if they have four dimensions."""

_REARRANGING = {
    *("BROADCAST_TO", "EXPAND_DIMS", "GATHER", "GATHER_ND", "PACK", "RESHAPE", "SCATTER_ND", "SQUEEZE"),
    *("TILE", "TRANSPOSE", "UNPACK"),
}
"""Operators behind which a dimension need not mean what it did before."""

_ALONG_THE_LAST = {"BATCH_MATMUL", "FULLY_CONNECTED", "SOFTMAX"}
"""Operators whose inputs are rows along the last dimension."""


def find_images(graph: TfliteGraph) -> frozenset[str]:
    """Return the names of the feature maps."""
    return tell_images(_reach(graph, op) for op in graph.operators)


def _reach(graph: TfliteGraph, op: TfliteOperator) -> Reach:
    tensors = [graph.tensors[number] for number in (*op.inputs, *op.outputs) if number >= 0]
    names = [tensor.name for tensor in tensors if not tensor.is_constant and len(tensor.shape or ()) == 4]
    given = {graph.tensors[number].name for number in op.outputs if number >= 0}
    is_along, rearranges = op.op_type in _ALONG_THE_LAST, op.op_type in _REARRANGING
    return Reach(
        names,
        of_images=op.op_type in _OF_IMAGES or (op.op_type == "MEAN" and _pools(tensors)),
        rows=names if is_along else given.intersection(names) if rearranges else (),
        keeps=not is_along and not rearranges,
    )


def _pools(tensors: Sequence[TfliteTensor]) -> bool:
    """Tell whether a mean is that of all pixels."""
    image, axes = tensors[0], tensors[1].values if len(tensors) > 1 else None
    is_image = len(image.shape or ()) == 4
    return is_image and axes is not None and {int(axis) % 4 for axis in axes.reshape(-1)} == {1, 2}
