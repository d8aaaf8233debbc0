"""Operators of every type, drawn at random: first a kind, then as many sizes of it as a test needs.

A kind is what the kernel that runs depends on, written down here independently of the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from lut.ops import FLOAT, INT32, UINT8, ArgumentValue, OpSpec, TensorSpec, normalise_value

__all__ = ["DRAWN", "Kind", "draw_kind", "draw_op"]

Kind = dict[str, Any]
Shape = tuple[int, ...]
Args = dict[str, ArgumentValue]
Draw = Callable[[str, Kind, Random], tuple[list[Shape], Args]]

_PAIRS = [(1, 1), (2, 2), (1, 2)]


def quantized(op_type: str) -> bool:
    return op_type.startswith("Int8")


def plain(op_type: str) -> str:
    """The type without its precision, nor a ReLU that is fused into it."""
    name = op_type.removeprefix("Int8")
    return name.removesuffix("Relu") if name not in ("Relu", "LeakyRelu", "PRelu") else name


def draw_kind(op_type: str, random: Random) -> Kind:
    """Everything but sizes; equal for operators that belong into one family."""
    made = DRAWN[plain(op_type)][0](op_type, random)
    return {"type": ("Int8" if quantized(op_type) else "") + plain(op_type)} | made


def draw_op(op_type: str, kind: Kind, random: Random) -> OpSpec:
    """An operator of that kind, in some size and some spelling."""
    shapes, args = DRAWN[plain(op_type)][1](op_type, kind, random)
    low = quantized(op_type) and plain(op_type) != "Quantize"
    dtypes = [UINT8, UINT8, INT32] if low and plain(op_type) in ("Conv", "ConvTranspose", "FC") else None
    inputs = [
        TensorSpec(shape, dtypes[index] if dtypes else UINT8 if low else FLOAT)
        for index, shape in enumerate(shapes)
    ]
    return OpSpec.of(op_type, inputs, **args)


def nothing(_op_type: str, _random: Random) -> Kind:
    return {}


def order(op_type: str, random: Random) -> str:
    return "NHWC" if quantized(op_type) else random.choice(["NCHW", "NHWC"])


def feature_map(kind: Kind, channels: int, space: tuple[int, int]) -> Shape:
    return (1, *space, channels) if kind["order"] == "NHWC" else (1, channels, *space)


def any_shape(random: Random) -> Shape:
    return tuple(random.randint(1, 24) for _ in range(random.randint(1, 4)))


def space(random: Random) -> tuple[int, int]:
    """An image that is about square: others are of other families."""
    height = random.randint(12, 40)
    return height, random.randint(height, height + height // 8)


def written_order(op_type: str, kind: Kind, random: Random) -> Args:
    """The order, which may be left out where it is the default."""
    default = kind["order"] == "NCHW" or op_type.startswith("Int8Resize")
    return {} if default and random.random() < 0.5 else {"order": kind["order"]}


def spelled_pair(name: str, pair: tuple[int, int], default: int, random: Random) -> Args:
    ways: list[Args] = [{f"{name}s": pair}, {f"{name}_h": pair[0], f"{name}_w": pair[1]}]
    if pair[0] == pair[1]:
        ways.append({name: pair[0]})
    if pair == (default, default):
        ways.append({})
    return random.choice(ways)


def spelled_window(kind: Kind, random: Random) -> Args:
    pads = kind["pads"]
    ways: list[Args] = [
        {"pads": pads},
        {f"pad_{side}": size for side, size in zip("tlbr", pads, strict=True)},
    ]
    if len({*pads}) == 1:
        ways.append({"pad": pads[0]})
    if not any(pads):
        ways.append({})
    return (
        spelled_pair("kernel", kind["kernel"], 0, random)
        | spelled_pair("stride", kind["stride"], 1, random)
        | (spelled_pair("dilation", kind["dilation"], 1, random) if "dilation" in kind else {})
        | random.choice(ways)
    )


def window(random: Random) -> Kind:
    kernel = random.choice([(2, 2), (3, 3), (5, 5), (2, 3)])
    pads = random.choice([(0,) * 4, (kernel[0] // 2,) * 4, (0, 1, 0, 1)])
    return {"kernel": kernel, "stride": random.choice(_PAIRS), "pads": pads}


def conv_kind(op_type: str, random: Random) -> Kind:
    return window(random) | {
        "dilation": random.choice(_PAIRS),
        "order": order(op_type, random),
        "group": random.choice([1, 2, 3, "depthwise"]),
        "bias": quantized(op_type) or random.random() < 0.5,
    }


def draw_conv(op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    """Twice as many channels as groups at least, or it is depthwise."""
    group = random.randint(2, 60) if kind["group"] == "depthwise" else kind["group"]
    many = (1, 1) if kind["group"] == "depthwise" else (random.randint(2, 40), random.randint(2, 40))
    shapes = [feature_map(kind, group * many[0], space(random))]
    kernel = kind["kernel"]
    inner = (*kernel, many[0]) if kind["order"] == "NHWC" else (many[0], *kernel)
    shapes.append((group * many[1], *inner))
    if kind["bias"]:
        shapes.append((group * many[1],))
    grouped: Args = {} if group == 1 and random.random() < 0.5 else {"group": group}
    return shapes, spelled_window(kind, random) | grouped | written_order(op_type, kind, random)


def transposed_kind(op_type: str, random: Random) -> Kind:
    kind = conv_kind(op_type, random)
    del kind["dilation"]
    if kind["order"] == "NHWC":
        kind["group"] = 1
    return kind | {"adjs": random.choice([(0, 0), tuple(side - 1 for side in kind["stride"])])}


def draw_transposed(op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    shapes, args = draw_conv(op_type, kind, random)
    group = args.get("group", 1)
    assert isinstance(group, int)
    channels = shapes[0][3] if kind["order"] == "NHWC" else shapes[0][1]
    per_group = 1 if kind["group"] == "depthwise" else random.randint(2, 40)
    kernel = kind["kernel"]
    shapes[1] = (channels, *kernel, per_group) if kind["order"] == "NHWC" else (channels, per_group, *kernel)
    return [*shapes[:2], *([(per_group * group,)] * kind["bias"])], args | spelled_pair(
        "adj", kind["adjs"], 0, random
    )


def pool_kind(op_type: str, random: Random) -> Kind:
    if random.random() < 0.3:
        return {"order": order(op_type, random), "global": random.choice(["flag", "kernel"])}
    return window(random) | {"order": order(op_type, random)}


def draw_pool(op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    size = space(random)
    shapes = [feature_map(kind, random.randint(1, 300), size)]
    args = written_order(op_type, kind, random)
    if kind.get("global") == "flag":
        return shapes, args | {"global_pooling": 1}
    if kind.get("global") == "kernel":
        return shapes, args | spelled_pair("kernel", size, 0, random)
    return shapes, args | spelled_window(kind, random)


def draw_any(_op_type: str, _kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    return [any_shape(random)], random.choice([{}, {"order": "NHWC"}])


def draw_map(_op_type: str, _kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    return [(1, random.randint(1, 60), *space(random))], {}


def draw_sum(_op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    return [any_shape(random)] * kind["inputs"], {}


def draw_leaky(_op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    default = kind["alpha"] == normalise_value(0.01)
    return [any_shape(random)], {} if default and random.random() < 0.5 else {"alpha": kind["alpha"]}


def draw_softmax(_op_type: str, _kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    shape = (random.randint(1, 9), *any_shape(random))
    return [shape], random.choice([{}, {"axis": random.randint(-len(shape), len(shape) - 1)}])


def draw_dense(_op_type: str, _kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    shape = (random.randint(1, 9), *any_shape(random))
    axis = random.randint(1, len(shape) - 1)
    columns = 1
    for size in shape[axis:]:
        columns *= size
    rows = random.randint(1, 200)
    args: Args = {} if axis == 1 and random.random() < 0.5 else {"axis": axis}
    return [shape, (rows, columns), (rows,)], args


def draw_concat(op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    shape = (1, random.randint(1, 60), random.randint(1, 60), random.randint(1, 60))
    axis = random.randint(0, 3)
    ways: list[Args] = [{"axis": axis}]
    if axis in (1, 3):
        ways.append({"order": "NCHW" if axis == 1 else "NHWC"})
    if axis == (0 if quantized(op_type) else 1):
        ways.append({})
    if not quantized(op_type):
        ways.append({"axis": axis - 4})
    shapes = [(*shape[:axis], random.randint(1, 60), *shape[axis + 1 :]) for _ in range(kind["inputs"])]
    return shapes, random.choice(ways)


def draw_slice(op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    if kind["cuts"] > 1:
        shape = tuple(random.randint(2, 12) for _ in range(random.randint(kind["cuts"], 4)))
        cut = random.sample(range(len(shape)), kind["cuts"])
        starts = tuple(random.randrange(1, size) if at in cut else 0 for at, size in enumerate(shape))
        return [shape], {"starts": starts, "ends": (-1,) * len(shape)}
    shape = any_shape(random)
    at = random.randrange(len(shape))
    start = random.randrange(shape[at])
    end = random.choice([-1, random.randint(start + 1, shape[at])])
    if quantized(op_type) and random.random() < 0.5:
        return [shape], {"dim": at, "start_idx": start, "end_idx": end}
    behind = len(shape) - at - 1
    args: Args = {
        "starts": (0,) * at + (start,) + (0,) * behind,
        "ends": (-1,) * at + (end,) + (-1,) * behind,
    }
    return [shape], args


def draw_flatten(_op_type: str, _kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    shape = any_shape(random)
    return [shape], random.choice([{}, {"axis": random.randint(0, len(shape))}])


def draw_reshape(_op_type: str, _kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    shape = any_shape(random)
    return [shape], {"shape": random.choice([(-1,), shape, (1, -1), (*shape[::-1], 1)])}


def transpose_kind(_op_type: str, random: Random) -> Kind:
    axes = list(range(random.randint(2, 6)))
    random.shuffle(axes)
    return {"axes": tuple(axes)}


def draw_transpose(_op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    axes = kind["axes"]
    default = axes == tuple(reversed(range(len(axes))))
    shape = tuple(random.randint(1, 30 if len(axes) < 5 else 6) for _ in axes)
    return [shape], {} if default and random.random() < 0.5 else {"axes": axes}


def shuffle_kind(op_type: str, random: Random) -> Kind:
    return {"order": order(op_type, random), "group": random.choice([2, 3, 4])}


def draw_shuffle(op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    shape = feature_map(kind, kind["group"] * random.randint(1, 30), space(random))
    kernel: Args = {"kernel": 1} if quantized(op_type) or random.random() < 0.5 else {}
    return [shape], {"group": kind["group"]} | kernel | written_order(op_type, kind, random)


def resize_kind(op_type: str, random: Random) -> Kind:
    scales = random.choice([1.0, 1.5, 2.0]), random.choice([1.0, 1.5, 2.0])
    return {"order": order(op_type, random), "scales": scales}


def draw_resize(op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    names = ("height_scale", "width_scale")
    args: Args = {
        name: scale
        for name, scale in zip(names, kind["scales"], strict=True)
        if scale != 1.0 or random.random() < 0.5
    }
    shape = feature_map(kind, random.randint(1, 60), space(random))
    return [shape], args | written_order(op_type, kind, random)


def draw_tile(_op_type: str, _kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    shape = any_shape(random)
    args: Args = {"tiles": random.randint(1, 9), "axis": random.randint(-len(shape), len(shape) - 1)}
    return [shape], args


def hard_sigmoid_kind(_op_type: str, random: Random) -> Kind:
    return {"alpha": random.choice([0.2, 1 / 6]), "beta": random.choice([0.5, 0.25])}


def draw_hard_sigmoid(_op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    defaults = {"alpha": 0.2, "beta": 0.5}
    args = {
        name: value for name, value in kind.items() if name in defaults and value != defaults[name]
    } | random.choice([{}, {"beta": kind["beta"]}])
    return [any_shape(random)], args


def draw_clip(_op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    return [any_shape(random)], {"min": kind["min"], "max": kind["max"]}


def broadcast_kind(_op_type: str, random: Random) -> Kind:
    """What of the second input is repeated, by dimensions from the last as -1."""
    return {"repeated": random.choice([(), (-2, -3), (-1,), (-1, -2, -3), (-4,)])}


def draw_broadcast(_op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    """Dimensions of size 1 before all others need not be written."""
    rank = random.randint(-min(kind["repeated"], default=-3), 5)
    first = tuple(random.randint(2, 12) for _ in range(rank))
    second = tuple(1 if place - len(first) in kind["repeated"] else size for place, size in enumerate(first))
    if second[0] == 1 and random.random() < 0.5:  # not a spelling: shapes are compared as they are
        second = second[1:]
    return [first, second], random.choice([{}, {"order": "NHWC"}])


def matmul_kind(_op_type: str, random: Random) -> Kind:
    return {"trans_a": random.randint(0, 1), "trans_b": random.randint(0, 1)}


def draw_matmul(_op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    batch = tuple(random.randint(1, 4) for _ in range(random.randint(0, 2)))
    rows, inner, columns = (random.randint(1, 30) for _ in range(3))
    first = (inner, rows) if kind["trans_a"] else (rows, inner)
    second = (columns, inner) if kind["trans_b"] else (inner, columns)
    args: Args = {
        name: flag for name, flag in kind.items() if name != "type" and (flag or random.random() < 0.5)
    }
    return [(*batch, *first), (*batch, *second)], args


def draw_gelu(_op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    fast = kind["fast_gelu"]
    return [any_shape(random)], {"fast_gelu": fast} if fast or random.random() < 0.5 else {}


def draw_pow(_op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    return [any_shape(random)], {"exponent": kind["exponent"]}


def rms_kind(_op_type: str, random: Random) -> Kind:
    return {"parameters": random.randint(1, 2)}


def draw_rows(op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    shape = (random.randint(1, 9), *any_shape(random), random.randint(2, 40))
    axis = random.choice([-1, len(shape) - 1, 1])
    affine: Args = {"elementwise_affine": 1} if op_type == "LayerNorm" else {}
    written: Args = {} if axis == 1 and random.random() < 0.5 else {"axis": axis}
    return [shape, *[shape[axis:]] * kind.get("parameters", 2)], affine | written


def group_norm_kind(op_type: str, random: Random) -> Kind:
    group = {"group": random.choice([1, 2, 32])} if op_type == "GroupNorm" else {}
    return {"order": order(op_type, random)} | group


def draw_group_norm(op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    channels = kind.get("group", 1) * random.randint(1, 20)
    default = kind.get("group", 32) == 32 and random.random() < 0.5
    args: Args = {} if default or op_type != "GroupNorm" else {"group": kind["group"]}
    height = random.randint(4, 40)
    shapes = [feature_map(kind, channels, (height, height)), (channels,), (channels,)]
    return shapes, args | written_order(op_type, kind, random)


def prelu_kind(op_type: str, random: Random) -> Kind:
    return {"order": order(op_type, random), "slopes": random.choice(["one", "channels"])}


def draw_prelu(op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    channels = random.randint(2, 60)
    slopes = 1 if kind["slopes"] == "one" else channels
    return [feature_map(kind, channels, space(random)), (slopes,)], written_order(op_type, kind, random)


def block_kind(op_type: str, random: Random) -> Kind:
    return {"order": order(op_type, random), "block_size": random.choice([2, 3])}


def draw_block(op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    channels = kind["block_size"] ** 2 * random.randint(1, 9)
    args: Args = {"block_size": kind["block_size"]}
    return [feature_map(kind, channels, space(random))], args | written_order(op_type, kind, random)


def draw_pad(_op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    shape = any_shape(random)
    before, after = (tuple(random.randint(0, 3) for _ in shape) for _ in range(2))
    default = kind["value"] == 0.0 and random.random() < 0.5
    return [shape], {"before": before, "after": after} | ({} if default else {"value": kind["value"]})


def mean_kind(_op_type: str, random: Random) -> Kind:
    return {"axes": random.choice([(-1,), (-2, -1), (-3, -2)]), "keepdims": random.choice([0, 1])}


def draw_mean(_op_type: str, kind: Kind, random: Random) -> tuple[list[Shape], Args]:
    shape = tuple(random.randint(1, 20) for _ in range(random.randint(3, 4)))
    axes = random.choice([kind["axes"], tuple(axis + len(shape) for axis in kind["axes"])])
    kept = kind["keepdims"] == 1 and random.random() < 0.5
    return [shape], {"axes": axes} | ({} if kept else {"keepdims": kind["keepdims"]})


DRAWN: dict[str, tuple[Callable[[str, Random], Kind], Draw]] = {
    "Abs": (nothing, draw_any),
    "Add": (broadcast_kind, draw_broadcast),
    "AveragePool": (pool_kind, draw_pool),
    "BatchMatMul": (matmul_kind, draw_matmul),
    "ChannelShuffle": (shuffle_kind, draw_shuffle),
    "Clip": (
        lambda _op_type, random: {"min": random.choice([0.0, -1.0]), "max": random.choice([1.0, 6.0])},
        draw_clip,
    ),
    "Concat": (lambda _op_type, random: {"inputs": random.randint(1, 3)}, draw_concat),
    "Conv": (conv_kind, draw_conv),
    "ConvTranspose": (transposed_kind, draw_transposed),
    "DepthToSpace": (block_kind, draw_block),
    "Dequantize": (nothing, draw_any),
    "Div": (broadcast_kind, draw_broadcast),
    "Erf": (nothing, draw_any),
    "Exp": (nothing, draw_any),
    "FC": (nothing, draw_dense),
    "Flatten": (nothing, draw_flatten),
    "Gelu": (lambda _op_type, random: {"fast_gelu": random.randint(0, 1)}, draw_gelu),
    "GroupNorm": (group_norm_kind, draw_group_norm),
    "HardSigmoid": (hard_sigmoid_kind, draw_hard_sigmoid),
    "HardSwish": (nothing, draw_any),
    "InstanceNorm": (group_norm_kind, draw_group_norm),
    "LayerNorm": (nothing, draw_rows),
    "LeakyRelu": (
        lambda _op_type, random: {"alpha": normalise_value(random.choice([0.01, 0.1, 0.3, 0.25]))},
        draw_leaky,
    ),
    "MaxPool": (pool_kind, draw_pool),
    "Mul": (broadcast_kind, draw_broadcast),
    "NCHW2NHWC": (nothing, draw_map),
    "NHWC2NCHW": (nothing, draw_map),
    "Negative": (nothing, draw_any),
    "PRelu": (prelu_kind, draw_prelu),
    "Pad": (lambda _op_type, random: {"value": random.choice([0.0, 1.0])}, draw_pad),
    "Pow": (lambda _op_type, random: {"exponent": random.choice([0.5, 2.0, 3.0])}, draw_pow),
    "Quantize": (nothing, draw_any),
    "RMSNorm": (rms_kind, draw_rows),
    "ReduceL2": (mean_kind, draw_mean),
    "ReduceMean": (mean_kind, draw_mean),
    "ReduceSum": (mean_kind, draw_mean),
    "Relu": (nothing, draw_any),
    "Reshape": (nothing, draw_reshape),
    "ResizeBilinear": (resize_kind, draw_resize),
    "ResizeNearest": (resize_kind, draw_resize),
    "Rsqrt": (nothing, draw_any),
    "Sigmoid": (nothing, draw_any),
    "Slice": (lambda _op_type, random: {"cuts": random.randint(1, 3)}, draw_slice),
    "Softmax": (nothing, draw_softmax),
    "Sqr": (nothing, draw_any),
    "Sqrt": (nothing, draw_any),
    "Sub": (broadcast_kind, draw_broadcast),
    "Sum": (
        lambda op_type, random: {"inputs": 2 if quantized(op_type) else random.randint(2, 4)},
        draw_sum,
    ),
    "Tanh": (nothing, draw_any),
    "Tile": (nothing, draw_tile),
    "Transpose": (transpose_kind, draw_transpose),
}
"""How to draw a kind, and an operator of it, by the type's plain name."""
