"""Families: the operators they make fit their rules, run on the engine, and are those of the zoo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.campaign import run_plan
from bench.op_generators import FAMILIES
from lut.errors import ModelError
from lut.frontends import load_model
from lut.ops import OpSpec, infer_outputs
from lut.ops.rules import RULES
from lut.zoo import NETS, PRECISIONS, write_net
from tests.bench.conftest import CONFIG, FaultyHost

_MAP: dict[str, Any] = {"height": 7, "width": 7, "channels": 8}
_CONV: dict[str, Any] = {"height": 14, "width": 14, "in_channels": 8, "out_channels": 16, "kernel": 3}

POINTS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("abs", "erf", "exp", "negative", "rsqrt", "sqr", "sqrt", "tanh"), _MAP),
    "add": _MAP,
    "average_pool": _MAP | {"kernel": 7},
    "batch_matmul": {"heads": 2, "rows": 5, "inner": 8, "columns": 7, "trans_b": True},
    "block": _CONV | {"kernel": 5, "expansion": 3, "group": 2, "stride": 2, "depthwise_count": 2},
    "channel_shuffle": _MAP | {"group": 2},
    "clip": _MAP | {"min": 0.0, "max": 1.0},
    "concat": _MAP | {"other_channels": 5},
    "conv": _CONV | {"stride": 2, "group": 2, "relu": True},
    "conv_transpose": _CONV | {"adjust": 1, "pad": 1},
    "depth_to_space": _MAP,
    "div": _MAP,
    "fc": {"in_channels": 32, "classes": 10},
    "flatten": _MAP,
    "gelu": _MAP | {"fast": True},
    "group_norm": _MAP | {"group": 4},
    "hard_sigmoid": _MAP | {"alpha": 0.25, "beta": 0.5},
    "hard_swish": _MAP,
    "instance_norm": _MAP,
    "layer_norm": {"tokens": 5, "channels": 8},
    "leaky_relu": _MAP | {"alpha": 0.2},
    "max_pool": _MAP | {"kernel": 3, "stride": 2, "pad": 1},
    "mean": _MAP,
    "mul": _MAP,
    "pad": _MAP | {"border": 2},
    "pow": _MAP | {"exponent": 0.5},
    "prelu": _MAP,
    "quantize": {"height": 8, "width": 8},
    "reduce_l2": _MAP,
    "reduce_sum": _MAP,
    "relu": _MAP,
    "reshape": _MAP,
    "resize_bilinear": _MAP | {"scale": 1.5},
    "resize_nearest": _MAP | {"scale": 1.5},
    "rms_norm": {"tokens": 5, "channels": 8},
    "sigmoid": _MAP,
    "slice": _MAP | {"start": 2, "end": 7},
    "sub": _MAP | {"by_channel": False},
    "sum": _MAP,
    "tile": _MAP | {"tiles": 3},
    "transpose": _MAP,
}
"""One point of every family's axes, without some that have defaults."""


FLOAT_ONLY = {family for family in POINTS if not any("Int8" in each for each in FAMILIES[family].op_types)}
"""Families whose operators have no 8-bit kernel."""


def make(family: str, precision: str) -> list[OpSpec]:
    """The operators at the family's point; none in a precision that it refuses."""
    if family in FLOAT_ONLY and precision == "int8":
        return []
    return list(FAMILIES[family].make(precision, **POINTS[family]))


@pytest.mark.parametrize("family", sorted(FLOAT_ONLY))
def test_a_family_without_an_8_bit_kernel_refuses_that_precision(family: str) -> None:
    with pytest.raises(ModelError, match=r"there is no quantized .*: give --precision fp32"):
        list(FAMILIES[family].make("int8", **POINTS[family]))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_makes_the_types_it_names_from_the_axes_it_names(family: str) -> None:
    axes = {axis.name: axis for axis in FAMILIES[family].axes}
    assert set(POINTS[family]) <= set(axes)
    assert [name for name in axes if name not in POINTS[family] and axes[name].default is None] == []
    made = {op.op_type for precision in PRECISIONS for op in make(family, precision)}
    assert made <= set(FAMILIES[family].op_types)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_defaults_of_axes_are_those_of_the_generator(family: str) -> None:
    written = dict(POINTS[family])
    for axis in FAMILIES[family].axes:
        written.setdefault(axis.name, axis.default)
    for precision in ("fp32",) if family in FLOAT_ONLY else PRECISIONS:
        assert list(FAMILIES[family].make(precision, **written)) == make(family, precision)


def test_every_type_of_operator_has_a_family() -> None:
    made = {op_type for family in FAMILIES.values() for op_type in family.op_types}
    # The fused ones differ from the plain in a bound that costs nothing; the other is no layer.
    fused = {op_type for op_type, rule in RULES.items() if rule.unfused and op_type != "Int8ConvRelu"}
    assert set(RULES) - made == fused | {"NHWC2NCHW"}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_family_runs_on_the_engine(precision: str, host: FaultyHost, tmp_path: Path) -> None:
    ops = (op for family in FAMILIES for op in make(family, precision))
    plan = [op for op in ops if host.engine.refusal(op) is None]
    summary = run_plan(plan, host, replace(CONFIG, passes=1), tmp_path / "run.jsonl")
    assert (summary.failed, summary.measured) == (0, len(set(plan)))


def test_an_int8_activation_is_fused_and_an_fp32_one_is_an_operator() -> None:
    assert [op.op_type for op in make("conv", "int8")] == ["Int8ConvRelu"]
    assert [op.op_type for op in make("conv", "fp32")] == ["Conv", "Relu"]


def test_the_families_make_operators_of_the_released_nets(tmp_path: Path) -> None:
    released = {op for name in NETS for op in load_model(write_net(name, "int8", tmp_path)).ops}
    stem = POINTS["conv"] | {"height": 224, "width": 224, "in_channels": 3, "group": 1}
    depthwise = POINTS["conv"] | {
        "height": 56,
        "width": 56,
        "in_channels": 24,
        "out_channels": 24,
        "group": 24,
        "stride": 1,
    }
    made = [
        *FAMILIES["conv"].make("int8", **stem),
        *FAMILIES["conv"].make("int8", **depthwise),
        *FAMILIES["sum"].make("int8", height=56, width=56, channels=24),
        *FAMILIES["fc"].make("int8", in_channels=1504, classes=1000),
        *FAMILIES["channel_shuffle"].make("int8", height=14, width=14, channels=64, group=2),
        *FAMILIES["average_pool"].make("int8", height=7, width=7, channels=1504, kernel=7),
        *FAMILIES["quantize"].make("int8", height=224, width=224, channels=3, classes=1000),
    ]
    assert [op.describe() for op in made if op not in released] == []


@given(
    precision=st.sampled_from(PRECISIONS),
    size=st.integers(1, 60),
    groups=st.integers(1, 8),
    per_group=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    kernel=st.sampled_from([1, 3, 5, 7]),
    stride=st.integers(1, 3),
)
def test_a_padded_convolution_keeps_its_size_up_to_the_stride(
    precision: str, size: int, groups: int, per_group: tuple[int, int], kernel: int, stride: int
) -> None:
    (op,) = FAMILIES["conv"].make(
        precision,
        height=size,
        width=size,
        in_channels=groups * per_group[0],
        out_channels=groups * per_group[1],
        kernel=kernel,
        stride=stride,
        group=groups,
    )
    (output,) = infer_outputs(op)
    expected = -(-size // stride)
    assert sorted(output.shape) == sorted((1, expected, expected, groups * per_group[1]))
