"""When two keys mean the same operator: exactly equal, or equal once every spelling is one spelling.

Exact matching is the original's: argument by argument the same text. Tables and models from different
versions of Caffe2 and protobuf then miss each other, though the operators are the same. Canonical
matching reads the arguments and writes them one way:

* text: parsed and printed again, whatever version of protobuf printed it; sorted by name, each once;
* windows: `kernel`, `kernel_h` and `kernel_w`, or `kernels` become `kernels`; so do stride, pad, dilation;
* defaults are left out: stride and dilation 1, pad 0, group 1, the default order, axes 1, zero flags;
* arguments that the operator never looks at are left out: the order of an elementwise operator, the
  window of a channel shuffle.

Shapes and dtypes are compared as they are, and so are arguments that can't be read. What `key` means on
each operator type was read in Caffe2's sources of torch 1.8.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from lut.argument_text import ArgumentValue, format_argument, parse_argument
from lut.errors import ModelError
from lut.ops.window import Window
from lut.records import IGNORED_ARGUMENTS, OpKey, OpSpec

__all__ = ["MATCHES", "Match", "canonical_key"]

_WINDOWED = {"Conv", "Int8Conv", "Int8ConvRelu", "AveragePool", "Int8AveragePool", "Int8AveragePoolRelu"}
_ORDERLESS = {
    "Relu",
    "Sum",
    "Softmax",
    "FC",
    "NCHW2NHWC",
    "NHWC2NCHW",
}
_WINDOW_ARGUMENTS = frozenset(
    [
        *("kernel", "kernels", "kernel_h", "kernel_w"),
        *("stride", "strides", "stride_h", "stride_w"),
        *("dilation", "dilations", "dilation_h", "dilation_w"),
        *("pad", "pads", "pad_t", "pad_l", "pad_b", "pad_r"),
    ]
)
_DEFAULTS: dict[str, ArgumentValue] = {
    "axis": 1,
    "axis_w": 1,
    "dilations": (1, 1),
    "exhaustive_search": 0,
    "float16_compute": 0,
    "global_pooling": 0,
    "group": 1,
    "legacy_pad": 0,
    "pads": (0, 0, 0, 0),
    "shared_buffer": 0,
    "strides": (1, 1),
}
"""Values that an argument has when it is not written, on every operator type that knows it."""

_DEBUG_PREFIX = "goo.gle/debug"
"""Newer protobufs mark text that is for people's eyes; what stands behind the mark is the text."""


def canonical_key(key: OpKey) -> OpKey:
    """Give the key in its one spelling; a key whose arguments can't be read is its own."""
    return key._replace(op_args=_canonical_args(key.op_type, key.op_args))


@lru_cache(maxsize=65536)
def _canonical_args(op_type: str, op_args: tuple[str, ...]) -> tuple[str, ...]:
    try:
        args = dict(sorted(parse_argument(_unmark(text)) for text in op_args))
    except (ValueError, TypeError):
        return op_args
    args = {name: value for name, value in args.items() if name not in IGNORED_ARGUMENTS}
    if op_type in _WINDOWED and not args.get("global_pooling"):
        args = _spell_window(op_type, args)
    for name in _unlooked_at(op_type):
        args.pop(name, None)
    default_order = "NHWC" if op_type.startswith("Int8") else "NCHW"
    return tuple(
        format_argument(name, value)
        for name, value in sorted(args.items())
        if value != _DEFAULTS.get(name) and not (name == "order" and value == default_order)
    )


def _unmark(text: str) -> str:
    if text.startswith(_DEBUG_PREFIX):
        return text.partition(" ")[2]
    return text


def _spell_window(op_type: str, args: dict[str, ArgumentValue]) -> dict[str, ArgumentValue]:
    try:
        window = Window.read(OpSpec(op_type, tuple(args.items()), ()))
    except (ModelError, TypeError, ValueError):
        return args  # no such operator runs; it matches what is spelled like it
    spelled: dict[str, ArgumentValue] = {
        "kernels": window.kernel,
        "strides": window.stride,
        "dilations": window.dilation,
        "pads": window.pads,
    }
    return {name: value for name, value in args.items() if name not in _WINDOW_ARGUMENTS} | spelled


def _unlooked_at(op_type: str) -> frozenset[str]:
    if op_type.endswith("ChannelShuffle"):
        return _WINDOW_ARGUMENTS
    # Quantized operators run in NHWC only; these fp32 ones treat any order alike.
    return frozenset({"order"}) if op_type in _ORDERLESS else frozenset()


@dataclass(frozen=True)
class Match:
    """A way to match: what is made of a key before it is compared.

    `digest`, where it is not None, makes of a key the digest to compare; None stands for the key's own.
    """

    key: Callable[[OpKey], OpKey]
    digest: Callable[[OpKey], bytes] | None


MATCHES: dict[str, Match] = {
    "exact": Match(lambda key: key, None),
    "canonical": Match(canonical_key, lambda key: canonical_key(key).digest),
}
"""The ways to match by name; `exact` is the original's."""
