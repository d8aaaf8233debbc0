"""Convolutions of any kernel, stride, group and dilation; depthwise is a group as large as the channels."""

from __future__ import annotations

from collections.abc import Iterator

from bench.op_generators.family import Axis, Family, activation, bias, fit_group, order_of, weight
from lut.errors import ModelError
from lut.ops import OpSpec, infer_outputs

__all__ = ["FAMILY", "make"]


def make(
    precision: str,
    *,
    height: int,
    width: int,
    in_channels: int,
    out_channels: int,
    kernel: int,
    stride: int = 1,
    group: int = 1,
    dilation: int = 1,
    relu: bool = False,
    has_bias: bool = True,
    search: bool = True,
) -> Iterator[OpSpec]:
    """Yield a convolution padded to keep its size at stride 1, fused with or followed by a ReLU.

    The arguments written are those of the released nets: `group` and `dilation` only above 1, and in
    fp32, where `search` is set, `exhaustive_search`, which asks for the fastest algorithm where there is
    a choice. Quantized convolutions have a bias in any case.
    """
    if group > 1:
        fit_group(group, in_channels=in_channels, out_channels=out_channels)
    if precision == "int8" and not has_bias:
        raise ModelError("a quantized convolution always has a bias: leave has_bias true")
    inputs = [
        activation(precision, height, width, in_channels),
        weight(precision, out_channels, kernel, in_channels // group),
    ]
    if has_bias:
        inputs.append(bias(precision, out_channels))
    args: dict[str, int | str] = {
        "kernel": kernel,
        "stride": stride,
        "pad": dilation * (kernel // 2),
        "order": order_of(precision),
    }
    if group > 1:
        args["group"] = group
    if dilation > 1:
        args["dilation"] = dilation
    if precision == "int8":
        yield OpSpec.of("Int8ConvRelu" if relu else "Int8Conv", inputs, **args)
        return
    if search:
        args["exhaustive_search"] = 1
    conv = OpSpec.of("Conv", inputs, **args)
    yield conv
    if relu:
        yield OpSpec.of("Relu", infer_outputs(conv), order="NCHW")


FAMILY = Family(
    op_types=("Conv", "Int8Conv", "Int8ConvRelu", "Relu"),
    axes=(
        Axis("height"),
        Axis("width"),
        Axis("in_channels"),
        Axis("out_channels"),
        Axis("kernel"),
        Axis("stride", 1),
        Axis("group", 1),
        Axis("dilation", 1),
        Axis("relu", False, False),
        Axis("has_bias", True, False),
        Axis("search", True, False),
    ),
    make=make,
)
