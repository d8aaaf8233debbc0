"""TFLite models as the operators that engines run."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
import tflite

from lut.errors import ModelError
from lut.frontends import Model, load_model
from tests.lut.frontends.tflite.models import Layer, list_offsets, write_tflite

SAME, VALID = tflite.Padding.SAME, tflite.Padding.VALID
POOL = {"Padding": VALID, "FilterHeight": 2, "FilterWidth": 2, "StrideH": 2, "StrideW": 2}
RELU, RELU6 = tflite.ActivationFunctionType.RELU, tflite.ActivationFunctionType.RELU6
INT8 = tflite.TensorType.INT8

CONV = Layer(
    "CONV_2D",
    ("x", "w", "b"),
    ("y",),
    {
        "Padding": SAME,
        "StrideH": 2,
        "StrideW": 2,
        "DilationHFactor": 1,
        "DilationWFactor": 1,
        "FusedActivationFunction": RELU6,
    },
)
SHAPES = {"x": (1, 15, 15, 4), "w": (8, 3, 3, 4), "b": (8,), "y": (1, 8, 8, 8)}


def write_conv(folder: Path, **options: Any) -> Path:
    return write_tflite(folder / "net.tflite", [CONV], SHAPES, {"w": None, "b": None}, **options)


def describe(model: Model) -> list[str]:
    return [op.describe() for op in model.ops]


def test_a_convolution_of_floats_with_its_activation(tmp_path: Path) -> None:
    model = load_model(write_conv(tmp_path))
    assert describe(model) == [
        "Conv [1,4,15,15] [8,4,3,3] [8] exhaustive_search=1 kernel=3 order=NCHW pad=1 stride=2",
        "Clip [1,8,8,8] max=6.0 min=0.0",
    ]
    (fate,) = model.fates
    assert (fate.op_type, fate.detail, fate.multiply_adds) == ("CONV_2D", "Conv, Clip", 8 * 8 * 8 * 36)


def test_a_quantised_one_takes_and_gives_bytes(tmp_path: Path) -> None:
    model = load_model(write_conv(tmp_path, dtype=INT8))
    assert describe(model) == [
        "Int8ConvRelu [1,15,15,4] [8,3,3,4] [8] kernel=3 order=NHWC pad=1 stride=2",
    ]


def test_images_lie_in_nhwc_so_that_quantising_them_turns_nothing(tmp_path: Path) -> None:
    model = load_model(write_conv(tmp_path), precision="int8")
    assert describe(model) == [
        "Int8Quantize [1,15,15,4]",
        "Int8ConvRelu [1,15,15,4] [8,3,3,4] [8] kernel=3 order=NHWC pad=1 stride=2",
        "Int8Dequantize [1,8,8,8]",
    ]


def test_a_depthwise_convolution_has_a_group_for_each_channel(tmp_path: Path) -> None:
    options = {**CONV.options, "StrideH": 1, "StrideW": 1, "FusedActivationFunction": 0}
    layer = Layer("DEPTHWISE_CONV_2D", ("x", "w", "b"), ("y",), options)
    shapes = {"x": (1, 8, 8, 4), "w": (1, 3, 3, 8), "b": (8,), "y": (1, 8, 8, 8)}
    path = write_tflite(tmp_path / "net.tflite", [layer], shapes, {"w": None, "b": None}, dtype=INT8)
    assert describe(load_model(path)) == [
        "Int8Conv [1,8,8,4] [8,3,3,1] [8] group=4 kernel=3 order=NHWC pad=1 stride=1"
    ]


def test_a_pad_before_a_convolution_without_one_is_the_convolution_s(tmp_path: Path) -> None:
    conv = Layer("CONV_2D", ("p", "w", "b"), ("y",), {**CONV.options, "Padding": VALID})
    layers = [Layer("PAD", ("x", "pads"), ("p",)), conv]
    shapes = {**SHAPES, "pads": (4, 2), "p": (1, 17, 17, 4)}
    constants = {"w": None, "b": None, "pads": [0, 0, 0, 2, 1, 1, 0, 0]}
    model = load_model(write_tflite(tmp_path / "net.tflite", layers, shapes, constants, dtype=INT8))
    assert describe(model) == [
        "Int8ConvRelu [1,15,15,4] [8,3,3,4] [8] kernel=3 order=NHWC pads=(0, 1, 2, 1) stride=2",
    ]
    assert [fate.outcome for fate in model.fates] == ["free", "operators"]


def test_axes_are_counted_in_the_file_s_order(tmp_path: Path) -> None:
    layers = [
        Layer("CONCATENATION", ("x", "x2"), ("c",), {"Axis": 3}),
        Layer("MEAN", ("c", "axes"), ("m",), {"KeepDims": True}),
        Layer("RESHAPE", ("m", "shape"), ("r",)),
        Layer("FULLY_CONNECTED", ("r", "w", ""), ("f",), {"FusedActivationFunction": RELU}),
        Layer("SOFTMAX", ("f",), ("y",)),
    ]
    shapes = {
        "x": (1, 8, 6, 4),
        "x2": (1, 8, 6, 12),
        "c": (1, 8, 6, 16),
        "axes": (2,),
        "m": (1, 1, 1, 16),
        "shape": (2,),
        "r": (1, 16),
        "w": (10, 16),
        "f": (1, 10),
        "y": (1, 10),
    }
    constants = {"axes": [1, 2], "shape": [1, 16], "w": None}
    path = write_tflite(tmp_path / "net.tflite", layers, shapes, constants)
    model = load_model(path)
    assert describe(model) == [
        "Concat [1,4,8,6] [1,12,8,6] order=NCHW",
        "ReduceMean [1,16,8,6] axes=(2, 3) keepdims=1",
        "FC [1,16,1,1] [10,16] [10] order=NCHW",
        "Relu [1,10] order=NCHW",
        "Softmax [1,10] order=NCHW",
    ]
    assert [fate.outcome for fate in model.fates] == [
        "operators",
        "operators",
        "free",
        "operators",
        "operators",
    ]


def test_a_transposed_convolution_takes_its_pads_from_the_sizes(tmp_path: Path) -> None:
    layer = Layer("TRANSPOSE_CONV", ("s", "w", "x"), ("y",), {"Padding": SAME, "StrideH": 2, "StrideW": 2})
    shapes = {"s": (4,), "w": (8, 3, 3, 4), "x": (1, 7, 7, 4), "y": (1, 14, 14, 8)}
    path = write_tflite(tmp_path / "net.tflite", [layer], shapes, {"s": [1, 14, 14, 8], "w": None})
    (op,) = load_model(path).ops
    assert op.describe() == (
        "ConvTranspose [1,4,7,7] [4,8,3,3] kernel=3 order=NCHW pads=(0, 0, 1, 1) stride=2"
    )


def test_what_has_no_operator_is_named_by_its_own_type(tmp_path: Path) -> None:
    layers = [Layer("CUMSUM", ("x", "a"), ("t",)), Layer("RELU", ("t",), ("y",))]
    shapes = {"x": (1, 8), "a": (1,), "t": (1, 8), "y": (1, 8)}
    model = load_model(write_tflite(tmp_path / "net.tflite", layers, shapes, {"a": [1]}))
    (fate,) = model.unmapped
    assert (fate.op_type, fate.node) == ("CUMSUM", "t#2")
    assert fate.detail == "no operator here stands for its type"
    assert describe(model) == ["Relu [1,8] order=NCHW"]


def test_the_reason_why_an_operator_has_none_is_kept(tmp_path: Path) -> None:
    layers = [Layer("STRIDED_SLICE", ("x", "a", "b", "c"), ("t",)), Layer("RELU", ("t",), ("y",))]
    shapes = {"x": (1, 8), "a": (2,), "b": (2,), "c": (2,), "t": (1, 4), "y": (1, 4)}
    constants = {"a": [0, 0], "b": [1, 8], "c": [1, 2]}
    model = load_model(write_tflite(tmp_path / "net.tflite", layers, shapes, constants))
    (fate,) = model.unmapped
    assert (fate.op_type, fate.detail) == ("STRIDED_SLICE", "it takes steps")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty. Fetch it again."),
        (b"no model", "it is not a TFLite model: its fifth to eighth byte are not TFL3."),
        (b"\xff\xff\xff\x7fTFL3", "it is not a TFLite model, or not whole"),
    ],
    ids=["empty", "other", "broken"],
)
def test_bad_files(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert str(caught.value).startswith(f"{path}: {words}")


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    path = write_conv(tmp_path)
    content = path.read_bytes()
    for size in range(8, len(content), 16):
        path.write_bytes(content[:size])
        with suppress(ModelError):  # and nothing else, wherever it is cut
            load_model(path)


def test_loops_and_state_are_refused(tmp_path: Path) -> None:
    shapes = {"x": (1, 8), "y": (1, 8)}
    path = write_tflite(tmp_path / "net.tflite", [Layer("WHILE", ("x",), ("y",))], shapes, {})
    with pytest.raises(ModelError, match=r"decides while the net runs what is computed"):
        load_model(path)
    layers = [Layer("ASSIGN_VARIABLE", ("x",), ()), Layer("RELU", ("x",), ("y",))]
    path = write_tflite(tmp_path / "net.tflite", layers, shapes, {})
    with pytest.raises(ModelError, match=r"ASSIGN_VARIABLE gives nothing: the model keeps state"):
        load_model(path)


def test_shapes_that_are_given_are_those_of_all_behind(tmp_path: Path) -> None:
    model = load_model(write_conv(tmp_path), {"x": (2, 31, 9, 4)})
    assert describe(model) == [
        "Conv [2,4,31,9] [8,4,3,3] [8] exhaustive_search=1 kernel=3 order=NCHW pad=1 stride=2",
        "Clip [2,8,16,5] max=6.0 min=0.0",
    ]
    with pytest.raises(ModelError, match=r"it has no input 'data'; it has 'x'\.$"):
        load_model(write_conv(tmp_path), {"data": (1, 15, 15, 4)})


def test_a_graph_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert load_model(write_conv(tmp_path), signature="0").ops == load_model(write_conv(tmp_path)).ops
    with pytest.raises(ModelError, match=r"it has no signature 'other'; it has '0'\."):
        load_model(write_conv(tmp_path), signature="other")


def test_a_list_that_all_operators_share_is_refused(tmp_path: Path) -> None:
    """A file of 4 MB whose operators read 10^9 inputs between them."""
    builder = flatbuffers.Builder(1024)
    tflite.BufferStart(builder)
    buffers = list_offsets(builder, [tflite.BufferEnd(builder)])
    shared = builder.CreateNumpyVector(np.zeros(1_000_000, np.int32))
    tflite.OperatorStart(builder)
    tflite.OperatorAddInputs(builder, shared)
    operator = tflite.OperatorEnd(builder)
    operators = list_offsets(builder, [operator] * 1000)
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddOperators(builder, operators)
    graphs = list_offsets(builder, [tflite.SubGraphEnd(builder)])
    tflite.OperatorCodeStart(builder)
    codes = list_offsets(builder, [tflite.OperatorCodeEnd(builder)])
    tflite.ModelStart(builder)
    tflite.ModelAddSubgraphs(builder, graphs)
    tflite.ModelAddOperatorCodes(builder, codes)
    tflite.ModelAddBuffers(builder, buffers)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    path = tmp_path / "shared.tflite"
    path.write_bytes(bytes(builder.Output()))
    with pytest.raises(ModelError, match="longer than a file of its size can hold"):
        load_model(path)


def test_a_constant_of_thousands_of_axes_maps_to_nothing(tmp_path: Path) -> None:
    layers = [Layer("MEAN", ("x", "axes"), ("y",), {"KeepDims": 1})]
    shapes = {"x": (1, 4, 4, 8), "axes": (1000,), "y": (1, 1, 1, 8)}
    with pytest.raises(ModelError, match=r"MEAN.*1000 numbers"):
        _ = load_model(write_tflite(tmp_path / "net.tflite", layers, shapes, {"axes": [1] * 1000})).ops


def test_rows_along_the_channels_of_an_image_are_those_of_each_pixel(tmp_path: Path) -> None:
    layers = [
        Layer("CONV_2D", ("x", "k", ""), ("c",), {"Padding": SAME, "StrideH": 1, "StrideW": 1}),
        Layer("FULLY_CONNECTED", ("c", "w", ""), ("f",), {"KeepNumDims": True}),
        Layer("SOFTMAX", ("f",), ("s",)),
        Layer("MAX_POOL_2D", ("s",), ("y",), POOL),
    ]
    shapes = {
        "x": (1, 6, 6, 4),
        "k": (8, 1, 1, 4),
        "c": (1, 6, 6, 8),
        "w": (5, 8),
        "f": (1, 6, 6, 5),
        "s": (1, 6, 6, 5),
        "y": (1, 3, 3, 5),
    }
    path = write_tflite(tmp_path / "net.tflite", layers, shapes, {"k": None, "w": None})
    assert describe(load_model(path)) == [
        "Conv [1,4,6,6] [8,4,1,1] exhaustive_search=1 kernel=1 order=NCHW pad=0 stride=1",
        "FC [1,6,6,8] [5,8] [5] axis=3 order=NCHW",
        "Softmax [1,6,6,5] axis=3 order=NCHW",
        "MaxPool [1,5,6,6] kernel=2 order=NCHW stride=2",
    ]


def test_what_is_transposed_to_channels_last_is_turned_in_memory(tmp_path: Path) -> None:
    layers = [
        Layer("TRANSPOSE", ("x", "perm"), ("t",)),
        Layer("CONV_2D", ("t", "k", ""), ("y",), {"Padding": SAME, "StrideH": 1, "StrideW": 1}),
    ]
    shapes = {"x": (1, 3, 8, 6), "perm": (4,), "t": (1, 8, 6, 3), "k": (4, 1, 1, 3), "y": (1, 8, 6, 4)}
    path = write_tflite(tmp_path / "net.tflite", layers, shapes, {"perm": [0, 2, 3, 1], "k": None})
    assert describe(load_model(path)) == [
        "Transpose [1,3,8,6] axes=(0, 2, 3, 1)",
        "Conv [1,3,8,6] [4,3,1,1] exhaustive_search=1 kernel=1 order=NCHW pad=0 stride=1",
    ]


FUNCTIONS: dict[str, tuple[tuple[str, ...], dict[str, int | float], list[str]]] = {
    "BATCH_MATMUL": (("x", "x2"), {"AdjY": True}, ["BatchMatMul [2,49,64] [2,49,64] trans_b=1"]),
    "GELU": (("x",), {"Approximate": True}, ["Gelu [2,49,64] fast_gelu=1"]),
    "NEG": (("x",), {}, ["Negative [2,49,64]"]),
    "RSQRT": (("x",), {}, ["Rsqrt [2,49,64]"]),
    "SQUARED_DIFFERENCE": (("x", "x2"), {}, ["Sub [2,49,64] [2,49,64]", "Sqr [2,49,64]"]),
    "SUM": (("x", "axes"), {"KeepDims": True}, ["ReduceSum [2,49,64] axes=(2,) keepdims=1"]),
    "TILE": (("x", "times"), {}, ["Tile [2,49,64] axis=1 tiles=3"]),
    "GATHER": (("x", "place"), {"Axis": 1}, ["Slice [2,49,64] ends=(-1, 6, -1) starts=(0, 5, 0)"]),
}


@pytest.mark.parametrize("op_type", FUNCTIONS)
def test_what_transformers_are_made_of(op_type: str, tmp_path: Path) -> None:
    inputs, options, expected = FUNCTIONS[op_type]
    given = {"BATCH_MATMUL": (2, 49, 49), "SUM": (2, 49, 1), "TILE": (2, 147, 64), "GATHER": (2, 64)}
    known = {"x": (2, 49, 64), "x2": (2, 49, 64), "axes": (1,), "times": (3,), "place": ()}
    values = {"axes": [2], "times": [1, 3, 1], "place": 5}
    shapes = {name: known[name] for name in inputs} | {"y": given.get(op_type, (2, 49, 64))}
    constants = {name: values[name] for name in inputs if name in values}
    layers = [Layer(op_type, inputs, ("y",), options)]
    assert describe(load_model(write_tflite(tmp_path / "net.tflite", layers, shapes, constants))) == expected
