"""Reshapes at an operator's ends: dropped, since a net does them in place."""

from __future__ import annotations

import json

import numpy as np

from bench.engines import XNNPACK
from bench.engines.xnnpack.graph import FLOAT as KIND
from bench.engines.xnnpack.graph import Graph
from bench.engines.xnnpack.reshapes import drop_outer_reshapes
from lut.ops import FLOAT, UINT8, OpSpec, TensorSpec

SHUFFLE = OpSpec.of("ChannelShuffle", [TensorSpec((1, 112, 56, 56), FLOAT)], group=4, kernel=1)


def lower(op: OpSpec) -> list[str]:
    """Write an operator, without the first line."""
    return XNNPACK.lower(op).second.decode().splitlines()[1:]


def test_a_channel_shuffle_is_one_transposition() -> None:
    assert lower(SHUFFLE) == [
        "value input f32 0.0 0 0 5 1 56 56 4 28",
        "value output f32 0.0 0 0 5 1 56 56 28 4",
        "node transpose 5 0 1 2 4 3 0 2 0 1",
    ]


def test_outputs_are_still_reported_as_the_operator_s() -> None:
    assert json.loads(XNNPACK.lower(SHUFFLE).first)[0]["shape"] == [1, 112, 56, 56]


def test_conversions_around_a_softmax_stay() -> None:
    lines = lower(OpSpec.of("Int8Softmax", [TensorSpec((1, 10, 1, 1), UINT8)]))
    assert [line.split()[1] for line in lines if line.startswith("node")] == ["convert", "softmax", "convert"]


def test_an_operator_that_only_reshapes_still_does() -> None:
    lines = lower(OpSpec.of("Flatten", [TensorSpec((1, 8, 2, 2), FLOAT)]))
    assert [line.split()[1] for line in lines if line.startswith("node")] == ["reshape"]


def test_an_input_that_is_read_elsewhere_too_keeps_its_dimensions() -> None:
    graph = Graph()
    x, output = graph.activation("input", KIND, (2, 3)), graph.activation("output", KIND, (6,))
    flat, doubled = graph.activation("inner", KIND, (6,)), graph.activation("inner", KIND, (2, 3))
    flat_doubled = graph.activation("inner", KIND, (6,))
    graph.node("reshape", x, flat, ints=(6,))
    graph.node("add", x, x, doubled)
    graph.node("reshape", doubled, flat_doubled, ints=(6,))
    graph.node("add", flat, flat_doubled, output)
    before = graph.to_text()
    drop_outer_reshapes(graph)
    assert graph.to_text() == before


def test_what_is_read_elsewhere_too_is_not_the_output() -> None:
    graph = Graph()
    x, output = graph.activation("input", KIND, (2, 3)), graph.activation("output", KIND, (6,))
    doubled = graph.activation("inner", KIND, (2, 3))
    other = graph.activation("output", KIND, (2, 3))
    graph.node("add", x, x, doubled)
    graph.node("reshape", doubled, output, ints=(6,))
    graph.node("clamp", doubled, other, floats=(0.0, 1.0))
    before = graph.to_text()
    drop_outer_reshapes(graph)
    assert graph.to_text() == before


def test_values_that_are_given_go_where_the_operator_reads_them() -> None:
    op = OpSpec.of("ChannelShuffle", [TensorSpec((1, 4, 1, 1), FLOAT)], group=2, kernel=1)
    given = XNNPACK.lower(op, [np.arange(4.0).reshape(1, 4, 1, 1)])
    data = [line for line in given.second.decode().splitlines() if line.startswith("data")]
    assert data == [f"data 0 {np.arange(4, dtype='<f4').tobytes().hex()}"]
