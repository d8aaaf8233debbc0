"""Shape rules against the engine: a run whose shapes differ from ours ends with a Failure.

The families' own operators are run in `op_generators/test_families.py`; here are the spellings and edges
that no family makes.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.campaign import run_plan
from bench.engines import build_nets
from lut.ops import FLOAT, INT32, UINT8, ArgumentValue, OpSpec, TensorSpec
from tests.bench.conftest import CONFIG, FaultyHost

Shape = tuple[int, ...]


def int8(op_type: str, *shapes: Shape, **args: ArgumentValue) -> OpSpec:
    """A quantized operator; the third input of one with weights is its bias."""
    tensors = [TensorSpec(shape, INT32 if index == 2 else UINT8) for index, shape in enumerate(shapes)]
    return OpSpec.of(f"Int8{op_type}", tensors, **args)


def nhwc(op_type: str, *shapes: Shape, **args: ArgumentValue) -> OpSpec:
    return int8(op_type, *shapes, order="NHWC", **args)


def fp32(op_type: str, *shapes: Shape, **args: ArgumentValue) -> OpSpec:
    return OpSpec.of(op_type, [TensorSpec(shape, FLOAT) for shape in shapes], **args)


MAP, FLOAT_MAP = (1, 14, 14, 32), (1, 32, 14, 14)
BIAS = (32,)

OPS = [
    nhwc("MaxPool", (1, 7, 7, 4096), kernel=3, stride=2),
    nhwc("MaxPool", MAP, global_pooling=1),
    nhwc("MaxPoolRelu", (1, 14, 14, 33), kernel=3),
    nhwc("AveragePool", MAP, global_pooling=1),
    nhwc("AveragePoolRelu", MAP, kernels=(3, 2), strides=(2, 1), pads=(1, 0, 0, 1)),
    fp32("AveragePool", FLOAT_MAP, global_pooling=1),
    fp32("AveragePool", FLOAT_MAP, kernel=1, stride=2),
    fp32("MaxPool", MAP, kernel=3, stride=2, pad=1, order="NHWC"),
    int8("Relu", (32,)),
    int8("LeakyRelu", MAP),
    fp32("LeakyRelu", FLOAT_MAP, alpha=1.5),
    int8("Sigmoid", (5,)),
    nhwc("AddRelu", MAP, MAP),
    nhwc("SumRelu", MAP, MAP),
    int8("Add", MAP, MAP),
    fp32("Sum", FLOAT_MAP, FLOAT_MAP, FLOAT_MAP),
    int8("Concat", MAP, MAP, axis=2),
    int8("Concat", (1, 32), (2, 32)),
    int8("Concat", (1, 32, 14, 14), (1, 3, 14, 14), order="NCHW"),
    fp32("Concat", FLOAT_MAP, FLOAT_MAP, FLOAT_MAP, axis=-1),
    fp32("Concat", FLOAT_MAP, FLOAT_MAP),
    fp32("Concat", FLOAT_MAP, FLOAT_MAP, order="NHWC"),
    int8("Slice", MAP, starts=(0, 0, 0, 0), ends=(-1, -1, -1, -3)),
    int8("Slice", MAP, starts=(0, 0, 0, 0), ends=(-1, -1, -1, -1)),
    int8("Slice", MAP, dim=3, start_idx=4, end_idx=20),
    fp32("Slice", FLOAT_MAP, starts=(0, 0, 0, 0), ends=(-1, -3, -1, -1)),
    int8("Flatten", MAP, axis=0),
    int8("Flatten", MAP, axis=4),
    fp32("Flatten", FLOAT_MAP, axis=4),
    int8("Reshape", MAP, shape=(0, 196, -1)),
    fp32("Reshape", FLOAT_MAP, shape=(1, 4, 8, 196)),
    int8("Transpose", MAP),
    fp32("Transpose", FLOAT_MAP),
    int8("ResizeNearest", (1, 10, 10, 3), height_scale=0.7, width_scale=1.3),
    int8("ResizeNearest", (1, 10, 10, 3), height_scale=2.9, width_scale=0.15),
    fp32("ResizeNearest", (1, 3, 10, 10), height_scale=0.7, width_scale=1.3),
    fp32("ResizeNearest", (1, 10, 10, 3), height_scale=2.0, width_scale=2.0, order="NHWC"),
    nhwc("ConvTranspose", MAP, (32, 3, 3, 16), (16,), kernel=3, stride=2, pad=1, adj=1),
    nhwc("ConvTranspose", (1, 7, 7, 4), (4, 2, 2, 16), (16,), kernel=2, stride=4),
    nhwc("ConvTranspose", MAP, (32, 1, 3, 16), (16,), kernels=(1, 3), strides=(2, 1), adjs=(1, 0)),
    fp32("ConvTranspose", FLOAT_MAP, (32, 8, 4, 4), (16,), kernel=4, stride=2, pad=1, group=2),
    fp32("ConvTranspose", FLOAT_MAP, (32, 16, 4, 4), kernel=4, stride=2, pad=1),
    fp32("ConvTranspose", MAP, (32, 4, 4, 16), (16,), kernel=4, stride=2, pad=1, order="NHWC"),
    nhwc("Conv", MAP, (32, 3, 3, 32), BIAS, kernel=3, pad=2, dilation=2),
    nhwc("Conv", MAP, (32, 3, 3, 1), BIAS, kernel=3, pad=2, dilation=2, group=32),
    nhwc("Conv", MAP, (64, 3, 3, 1), (64,), kernel=3, stride=2, pad=1, group=32),
    nhwc("Conv", MAP, (32, 2, 2, 1), BIAS, kernel=2, stride=2, group=32),
    nhwc("Conv", MAP, (32, 1, 3, 32), BIAS, kernels=(1, 3), strides=(1, 2), pads=(0, 1, 0, 1)),
    nhwc("Conv", MAP, (32, 3, 3, 32), BIAS, kernel=3, pad=5),
    fp32("Conv", FLOAT_MAP, (32, 32, 3, 3), BIAS, kernel=3, pad=2, dilation=2, exhaustive_search=1),
    fp32("Conv", FLOAT_MAP, (32, 1, 3, 3), BIAS, kernel=3, pad=2, dilation=2, group=32),
    fp32("Conv", FLOAT_MAP, (32, 8, 3, 3), kernel=3, pad=1, group=4, exhaustive_search=1),
    fp32("Conv", FLOAT_MAP, (64, 1, 3, 3), (64,), kernel=3, pad=1, group=32),
    fp32("Conv", FLOAT_MAP, (32, 1, 3, 3), BIAS, kernel=3, stride=3, pad=1, group=32),
    fp32("Conv", MAP, (32, 3, 3, 1), BIAS, kernel=3, pad=1, group=32, order="NHWC"),
    int8("FC", (8, 64), (10, 64), (10,)),
    nhwc("FC", (1, 7, 7, 64), (10, 3136), (10,)),
    nhwc("ChannelShuffle", MAP, group=32, kernel=1),
    fp32("ChannelShuffle", FLOAT_MAP, group=4),
    fp32("ChannelShuffle", MAP, group=4, kernel=1, order="NHWC"),
    nhwc("Softmax", (4, 4, 4, 10)),
]


def test_the_engine_gives_the_shapes_of_the_rules(host: FaultyHost, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    summary = run_plan(OPS, host, replace(CONFIG, passes=1), journal)
    lines = map(json.loads, journal.read_text().splitlines())
    failures = [(line["op_type"], line["op_args"], line["reason"]) for line in lines if "reason" in line]
    assert failures == []
    assert summary.measured == len(OPS)


@pytest.mark.parametrize("args", [{"dilation": 2, "pad": 2}, {"group": 4, "pad": 1}])
def test_fp32_kernels_that_don_t_refuse_are_not_asked_for(args: dict[str, ArgumentValue]) -> None:
    weight = (32, 32 // int(str(args.get("group", 1))), 3, 3)
    op = fp32("Conv", FLOAT_MAP, weight, BIAS, kernel=3, **args)
    assert "DEPTHWISE" not in build_nets(op).predict_net.op[0].engine
