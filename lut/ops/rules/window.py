"""Sliding windows: the spatial arguments that convolutions and poolings share.

Caffe2 takes each of them in several spellings: `kernel`, `kernel_h` and `kernel_w`, or `kernels`; the
same for `stride` and `dilation`; `pad`, `pad_t` `pad_l` `pad_b` `pad_r`, or `pads`. Where a net writes
several, it takes the list, then the single number, then the single sides, and these only if all are
there (ConvPoolOpBase): so do we, or our shapes were not the engine's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lut.errors import ModelError
from lut.ops.arguments import parse_argument
from lut.ops.spec import OpSpec, TensorSpec

__all__ = ["Layout", "Window", "read_layout"]

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """The order of batch, channels and space in a 4-dimensional shape: NCHW or NHWC."""

    order: str

    def split(self, shape: tuple[int, ...]) -> tuple[int, int, Pair]:
        """Give (batch, channels, (height, width))."""
        if self.order == "NHWC":
            batch, height, width, channels = shape
        else:
            batch, channels, height, width = shape
        return batch, channels, (height, width)

    def join(self, batch: int, channels: int, space: Pair, dtype: int) -> TensorSpec:
        """Give the tensor with these sizes."""
        shape = (batch, *space, channels) if self.order == "NHWC" else (batch, channels, *space)
        return TensorSpec(shape, dtype)


_LAYOUTS = {order: Layout(order) for order in ("NCHW", "NHWC")}


def read_layout(op: OpSpec, default: str = "NCHW") -> Layout:
    """Read the argument `order`; quantized operators know NHWC only."""
    order = op.arg("order", default)
    if order not in _LAYOUTS:
        raise ModelError(f"order is {order!r}; it must be NCHW or NHWC")
    if op.op_type.startswith("Int8") and order != "NHWC":
        raise ModelError("quantized operators run in order NHWC only: write order=NHWC")
    return _LAYOUTS[order]


@dataclass(frozen=True, slots=True)
class Window:
    """Kernel, stride, dilation as (height, width); pads as (top, left, bottom, right)."""

    kernel: Pair
    stride: Pair
    dilation: Pair
    pads: tuple[int, int, int, int]

    @classmethod
    def read(cls, op: OpSpec) -> Window:
        """Read the window's arguments.

        Raises:
            ModelError: no kernel, a value out of range, or the deprecated `legacy_pad`.
        """
        return _read_window(op.key.op_args)

    def slide(self, space: Pair) -> Pair:
        """Give the output's (height, width) for an input of that (height, width)."""
        top, left, bottom, right = self.pads
        height = _count_steps(space[0] + top + bottom, self.kernel[0], self.stride[0], self.dilation[0])
        width = _count_steps(space[1] + left + right, self.kernel[1], self.stride[1], self.dilation[1])
        if height < 1 or width < 1:
            raise ModelError(
                f"the kernel {self.kernel} does not fit an input of {space} with pads {self.pads}"
            )
        return height, width


def _count_steps(size: int, kernel: int, stride: int, dilation: int) -> int:
    return (size - dilation * (kernel - 1) - 1) // stride + 1


@lru_cache(maxsize=65536)
def _read_window(op_args: tuple[str, ...]) -> Window:
    """Read the window that these arguments describe; a space's many operators have few different ones."""
    op = OpSpec("", tuple(map(parse_argument, op_args)), ())
    if op.arg("legacy_pad", 0):
        raise ModelError("legacy_pad is not supported: write the pads out")
    return Window(
        kernel=_read_pair(op, "kernel", None),
        stride=_read_pair(op, "stride", 1),
        dilation=_read_pair(op, "dilation", 1),
        pads=_read_pads(op),
    )


def _read_pair(op: OpSpec, name: str, default: int | None) -> Pair:
    pair = _read_sizes(op, name, ("_h", "_w"), default)
    if len(pair) != 2 or not all(isinstance(size, int) and size >= 1 for size in pair):
        raise ModelError(f"{name} is {pair}; expected one or two whole numbers from 1")
    return pair[0], pair[1]


def _read_pads(op: OpSpec) -> tuple[int, int, int, int]:
    pads = _read_sizes(op, "pad", ("_t", "_l", "_b", "_r"), 0)
    if len(pads) != 4 or not all(isinstance(size, int) and size >= 0 for size in pads):
        raise ModelError(f"pads are {pads}; expected four numbers from 0: top, left, bottom, right")
    return pads[0], pads[1], pads[2], pads[3]


def _read_sizes(op: OpSpec, name: str, sides: tuple[str, ...], default: int | None) -> tuple[Any, ...]:
    """Give what is written, as many values as there are sides; whether they are sizes is not checked."""
    listed = op.arg(name + "s")
    if listed is not None:
        return listed if isinstance(listed, tuple) else (listed,)
    single = op.arg(name)
    apart = tuple(op.arg(name + side) for side in sides)
    if single is None and None not in apart:
        return apart
    return (default if single is None else single,) * len(sides)
