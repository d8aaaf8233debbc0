"""What each of TFLite's operators is among the nodes of ONNX."""

from __future__ import annotations

from math import prod
from typing import Any

from lut.errors import ModelError
from lut.frontends.tflite import arithmetic, layers
from lut.frontends.tflite.arithmetic import plain
from lut.frontends.tflite.options import activation_of
from lut.frontends.tflite.reading import TfliteOperator
from lut.frontends.tflite.writing import Translate, Translation

__all__ = ["TRANSLATIONS"]


def _prelu(net: Translation, op: TfliteOperator) -> None:
    slope = net.sizes(op.inputs[1])
    if slope[-1:] != (prod(slope),):
        raise ModelError("its slope is not one number, nor one for each channel")
    weight = net.weigh(op.inputs[1], (prod(slope), 1, 1))
    net.add(op, "PRelu", [net.name(op.inputs[0]), weight])


def _join(net: Translation, op: TfliteOperator) -> None:
    rank = len(net.sizes(op.outputs[0]))
    net.add(
        op,
        "Concat",
        [net.spread(op, number) for number in op.inputs],
        activation_of(op.options),
        axis=net.turn_axis(op, op.options.get("Axis"), rank),
    )


def _reduce(kind: str) -> Translate:
    def write(net: Translation, op: TfliteOperator) -> None:
        rank = len(net.sizes(op.inputs[0]))
        axes = tuple(sorted(net.turn_axis(op, axis, rank) for axis in net.numbers(op.inputs[1])))
        keepdims = int(op.options.get("KeepDims"))
        net.add(op, kind, [net.name(op.inputs[0])], axes=axes, keepdims=keepdims)

    return write


def _pad(net: Translation, op: TfliteOperator) -> None:
    pairs = net.numbers(op.inputs[1])
    rank = len(net.sizes(op.inputs[0]))
    places = sorted(range(rank), key=lambda axis: net.turn_axis(op, axis, rank))
    pads = [pairs[2 * axis] for axis in places] + [pairs[2 * axis + 1] for axis in places]
    net.add(op, "Pad", [net.name(op.inputs[0]), net.constant(pads)])


def _resize(mode: str) -> Translate:
    def write(net: Translation, op: TfliteOperator) -> None:
        way = "asymmetric"
        if op.options.are_there:
            centred, aligned = op.options.get("HalfPixelCenters"), op.options.get("AlignCorners")
            way = "align_corners" if aligned else "half_pixel" if centred else way
        # Of whole factors, the pixel whose place is cut off is the one that rounding gives.
        rounds = "round_prefer_floor" if way == "half_pixel" else "floor"
        attributes: dict[str, Any] = {"mode": mode, "coordinate_transformation_mode": way}
        if mode == "nearest":
            attributes["nearest_mode"] = rounds
        net.add(op, "Resize", [net.name(op.inputs[0])], **attributes)

    return write


def _slice(net: Translation, op: TfliteOperator) -> None:
    """SLICE has begins and sizes, STRIDED_SLICE begins, ends and steps; where it ends the shapes say."""
    rank = len(net.sizes(op.inputs[0]))
    starts = net.numbers(op.inputs[1])
    if op.op_type == "STRIDED_SLICE":
        if set(net.numbers(op.inputs[3])) != {1}:
            raise ModelError("it takes steps")
        op.options.ignore("EndMask")
        mask = op.options.get("BeginMask") if op.options.are_there else 0
        starts = [0 if mask >> axis & 1 else start for axis, start in enumerate(starts)]
    places = sorted(range(rank), key=lambda axis: net.turn_axis(op, axis, rank))
    ordered = net.constant([starts[axis] for axis in places])
    axes = net.constant(list(range(rank)))
    net.add(op, "Slice", [net.name(op.inputs[0]), ordered, ordered, axes])


def _softmax(net: Translation, op: TfliteOperator) -> None:
    op.options.ignore("Beta")
    net.add(op, "Softmax", [net.name(op.inputs[0])], axis=-1)


def _split(net: Translation, op: TfliteOperator) -> None:
    op.options.ignore("NumSplits")
    source, axis = (op.inputs[1], op.inputs[0]) if op.op_type == "SPLIT" else (op.inputs[0], op.inputs[2])
    rank = len(net.sizes(source))
    inputs = [net.name(source)]
    if op.op_type == "SPLIT_V":
        inputs.append(net.constant(net.numbers(op.inputs[1])))
    net.add(op, "Split", inputs, axis=net.turn_axis(op, net.numbers(axis)[0], rank))


def _transpose(net: Translation, op: TfliteOperator) -> None:
    net.add(op, "Transpose", [net.name(op.inputs[0])], perm=tuple(net.numbers(op.inputs[1])))


def _depth_to_space(net: Translation, op: TfliteOperator) -> None:
    net.add(op, "DepthToSpace", [net.name(op.inputs[0])], blocksize=op.options.get("BlockSize"))


def _gather(net: Translation, op: TfliteOperator) -> None:
    op.options.ignore("BatchDims")
    rank = len(net.sizes(op.inputs[0]))
    net.add(op, "Gather", [net.name(number) for number in op.inputs], axis=op.options.get("Axis") % rank)


TRANSLATIONS: dict[str, Translate] = {
    **arithmetic.TRANSLATIONS,
    **layers.TRANSLATIONS,
    "CONCATENATION": _join,
    "DEPTH_TO_SPACE": _depth_to_space,
    "DEQUANTIZE": plain("DequantizeLinear"),
    "EXPAND_DIMS": plain("Unsqueeze"),
    "BROADCAST_TO": plain("Expand"),
    "GATHER": _gather,
    "MEAN": _reduce("ReduceMean"),
    "PAD": _pad,
    "PRELU": _prelu,
    "QUANTIZE": plain("QuantizeLinear"),
    "RESHAPE": plain("Reshape"),
    "RESIZE_BILINEAR": _resize("linear"),
    "RESIZE_NEAREST_NEIGHBOR": _resize("nearest"),
    "SHAPE": plain("Shape", "OutType"),
    "SLICE": _slice,
    "SOFTMAX": _softmax,
    "SPLIT": _split,
    "SPLIT_V": _split,
    "SQUEEZE": plain("Squeeze"),
    "STRIDED_SLICE": _slice,
    "SUM": _reduce("ReduceSum"),
    "TILE": plain("Tile"),
    "TRANSPOSE": _transpose,
}
