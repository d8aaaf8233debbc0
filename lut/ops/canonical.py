"""When two keys mean the same operator: exactly equal, or equal once every spelling is one spelling.

Exact matching is the original's: argument by argument the same text. Tables and models from different
versions of Caffe2 and protobuf then miss each other, though the operators are the same. Canonical
matching reads the arguments and writes them one way:

* text: parsed and printed again, whatever version of protobuf printed it; sorted by name, each once;
* windows: `kernel`, `kernel_h` and `kernel_w`, or `kernels` become `kernels`; so do stride, pad, dilation;
* what else has several spellings: negative axes, the order of a join, which is its axis;
* defaults are left out: stride and dilation 1, pad 0, group 1, the default order, zero flags;
* arguments that the operator never looks at are left out: the order of an elementwise operator, the
  window of a channel shuffle.

All that is known of a type is read in its rule (`lut.ops.rules`); of a type without one, only the text is
made one. Shapes and dtypes are compared as they are, but for the order of inputs that may change places, and
so are arguments that can't be read. What `key` means on each operator type was read in Caffe2's sources of
torch 1.8.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from lut.errors import ModelError
from lut.ops.arguments import ArgumentValue, format_argument, parse_argument
from lut.ops.rules import RULES, Arguments, Rule, Window
from lut.ops.spec import IGNORED_ARGUMENTS, OpKey, OpSpec

__all__ = ["MATCHES", "WINDOW_ARGUMENTS", "Match", "canonical_arguments", "canonical_key"]

WINDOW_ARGUMENTS = frozenset(
    [
        *("kernel", "kernels", "kernel_h", "kernel_w"),
        *("stride", "strides", "stride_h", "stride_w"),
        *("dilation", "dilations", "dilation_h", "dilation_w"),
        *("pad", "pads", "pad_t", "pad_l", "pad_b", "pad_r"),
    ]
)
_WINDOW_DEFAULTS: dict[str, ArgumentValue] = {
    "dilations": (1, 1),
    "legacy_pad": 0,
    "pads": (0, 0, 0, 0),
    "strides": (1, 1),
}
_FLAG_DEFAULTS: dict[str, ArgumentValue] = {"exhaustive_search": 0, "float16_compute": 0, "shared_buffer": 0}
"""Hints to the engine, which any operator may carry."""

_DEBUG_PREFIX = "goo.gle/debug"
"""Newer protobufs mark text that is for people's eyes; the text follows the mark."""


def canonical_key(key: OpKey) -> OpKey:
    """Give the key in its one spelling; a key whose arguments can't be read is its own."""
    rank = len(key.input_shapes[0]) if key.input_shapes else 0
    key = key._replace(op_args=_canonical_args(key.op_type, key.op_args, rank))
    rule = RULES.get(key.op_type)
    if rule is None or not rule.order_free or len(key.input_shapes) != len(key.input_dtypes):
        return key
    inputs = sorted(zip(key.input_shapes, key.input_dtypes, strict=True))
    return key._replace(
        input_shapes=tuple(shape for shape, _ in inputs), input_dtypes=tuple(dtype for _, dtype in inputs)
    )


def canonical_arguments(op: OpSpec) -> tuple[tuple[str, ArgumentValue], ...]:
    """Give the arguments that the operator looks at in their one spelling, sorted by name."""
    return tuple(map(parse_argument, canonical_key(op.key).op_args))


@lru_cache(maxsize=65536)
def _canonical_args(op_type: str, op_args: tuple[str, ...], rank: int) -> tuple[str, ...]:
    try:
        args = dict(sorted(parse_argument(_unmark(text)) for text in op_args))
    except (ValueError, TypeError):
        return op_args
    args = {name: value for name, value in args.items() if name not in IGNORED_ARGUMENTS}
    rule = RULES.get(op_type)
    if rule is not None:
        args = _spell(op_type, rule, args, rank)
    return tuple(format_argument(name, value) for name, value in sorted(args.items()))


def _spell(op_type: str, rule: Rule, args: Arguments, rank: int) -> Arguments:
    args = rule.spell(args, rank)
    defaults = dict(rule.defaults) | _FLAG_DEFAULTS
    if rule.has_window:
        defaults |= _WINDOW_DEFAULTS
        if not args.get("global_pooling"):
            args = _spell_window(op_type, args)
    else:
        args = {name: value for name, value in args.items() if name not in WINDOW_ARGUMENTS}
    if rule.has_groups:
        defaults["group"] = 1
    if rule.orders:
        defaults["order"] = rule.orders[0]
    else:
        args.pop("order", None)
    return {name: value for name, value in args.items() if not _is(value, defaults.get(name))}


def _is(value: ArgumentValue, default: ArgumentValue | None) -> bool:
    """Tell whether a value is the default in its type too: the engine refuses 1.0 for 1."""
    return repr(value) == repr(default)


def _unmark(text: str) -> str:
    if text.startswith(_DEBUG_PREFIX):
        return text.partition(" ")[2]
    return text


def _spell_window(op_type: str, args: Arguments) -> Arguments:
    try:
        window = Window.read(OpSpec(op_type, tuple(args.items()), ()))
    except (ModelError, TypeError, ValueError):
        return args  # no such operator runs; it matches what is spelled like it
    spelled: Arguments = {
        "kernels": window.kernel,
        "strides": window.stride,
        "dilations": window.dilation,
        "pads": window.pads,
    }
    return {name: value for name, value in args.items() if name not in WINDOW_ARGUMENTS} | spelled


@dataclass(frozen=True)
class Match:
    """A way to match: what is made of a key before it is compared.

    `digest`, where it is not None, turns a key into the digest to compare; None means the key's own.
    """

    key: Callable[[OpKey], OpKey]
    digest: Callable[[OpKey], bytes] | None


MATCHES: dict[str, Match] = {
    "exact": Match(lambda key: key, None),
    "canonical": Match(canonical_key, lambda key: canonical_key(key).digest),
}
"""The ways to match by name; `exact` is the original's."""
