"""Nets read, written, and seen as lists of operators."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.caffe2_pb2 import Argument, NetDef
from lut.errors import ModelError
from lut.frontends import write_netdef
from lut.frontends.netdef import list_ops, parameter_specs, read_netdef
from lut.ops import FLOAT, INT32, UINT8, OpSpec, TensorSpec
from lut.zoo import build_net
from tests.lut.samples import net_of

NET = net_of(("Relu", ["x"], ["y"], {"order": "NCHW"}), ("Softmax", ["y"], ["z"], {}), inputs=["x"])


@pytest.mark.parametrize("ending", [".pb", ".pbtxt"])
def test_what_is_written_is_read(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{ending}"
    for net in (NET, build_net("FBNet-96", "int8").predict_net):
        write_netdef(net, path)
        assert read_netdef(path) == net


def test_the_text_form_may_hold_what_is_never_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "model.pbtxt"
    path.write_text('op { type: "Relu" input: "x" output: "y" debug_info: "line 3" is_gradient_op: false }')
    assert read_netdef(path).op[0].type == "Relu"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.pb", b"\x0a\xff", "is not a Caffe2 network definition (Error parsing message"),
        (
            "a.pb",
            b"\x12\x05\x22\x03\xff\xfe\xfd",
            "is not a Caffe2 network definition (b'\\xff\\xfe\\xfd' is not text)",
        ),
        (
            "a.pb",
            b"\x12\x05\x2a\x03\x0a\x01\xff",
            "is not a Caffe2 network definition (b'\\xff' is not text)",
        ),
        ("a.pbtxt", b"op {", "is not a Caffe2 network definition (1:4 : "),
        ("a.pbtxt", b"\xff", "is not a Caffe2 network definition ('utf-8' codec can't decode byte 0xff"),
        ("a.pbtxt", b"op {" * 3000, "is not a Caffe2 network definition (maximum recursion depth exceeded"),
    ],
)
def test_broken_files_are_named(name: str, data: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelError, match=rf"^{re.escape(f'{tmp_path / name} {reason}')}"):
        read_netdef(tmp_path / name)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.pb can't be read: No such file or directory\.$"):
        read_netdef(tmp_path / "model.pb")


@given(data=st.data())
def test_a_damaged_net_is_refused_or_understood(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    raw = bytearray(net_of(("FC", ["x", "w", "b"], ["y"], {"axis": 1}), inputs=["x"]).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.pb"
    path.write_bytes(raw)
    known = {"x": TensorSpec((1, 8)), "w": TensorSpec((4, 8)), "b": TensorSpec((4,))}
    try:
        list_ops(read_netdef(path), known)
        parameter_specs(read_netdef(path))
    except ModelError:
        pass


# --- Init nets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fill", "dtype"),
    [
        ("ConstantFill", FLOAT),
        ("GaussianFill", FLOAT),
        ("GivenTensorBoolFill", 5),
        ("GivenTensorByteStringToUInt8Fill", UINT8),
        ("GivenTensorDoubleFill", 13),
        ("GivenTensorFill", FLOAT),
        ("GivenTensorInt16Fill", 9),
        ("GivenTensorInt64Fill", 10),
        ("GivenTensorIntFill", INT32),
        ("GivenTensorStringFill", 4),
        ("Int8GivenIntTensorFill", INT32),
        ("Int8GivenTensorFill", UINT8),
        ("MSRAFill", FLOAT),
        ("UniformFill", FLOAT),
        ("UniformIntFill", INT32),
        ("XavierFill", FLOAT),
    ],
)
def test_every_fill_operator_gives_shape_and_type(fill: str, dtype: int) -> None:
    init = net_of((fill, [], ["w"], {"shape": (2, 3), "Y_scale": 0.5, "values": (1, 2)}))
    assert parameter_specs(init) == {"w": TensorSpec((2, 3), dtype)}


def test_a_fill_may_say_its_type_take_anothers_shape_or_make_one_value() -> None:
    init = net_of(
        ("ConstantFill", [], ["w"], {"shape": (2, 3)}),
        ("ConstantFill", ["w"], ["like_w"], {"dtype": INT32}),
        ("GivenTensorFill", [], ["one"], {"values": (0.5,)}),
        ("Int8Quantize", ["w"], ["w_int8"], {"Y_scale": 0.5, "Y_zero_point": 0}),
    )
    assert parameter_specs(init) == {
        "w": TensorSpec((2, 3)),
        "like_w": TensorSpec((2, 3), INT32),
        "one": TensorSpec(()),
        "w_int8": TensorSpec((2, 3), UINT8),
    }


@pytest.mark.parametrize(
    ("net", "sentence"),
    [
        (
            net_of(("ConstantFill", ["a"], ["w"], {})),
            "ConstantFill of 'w' is shaped like 'a', which is not there.",
        ),
        (
            net_of(("ConstantFill", ["a"], ["w"], {"input_as_shape": 1})),
            "ConstantFill of 'w' takes its shape from a blob's values, which are never read. "
            "Write the shape as the argument `shape`.",
        ),
        (
            net_of(("XavierFill", [], ["w"], {"shape": 5})),
            "XavierFill of 'w' has the shape 5; expected whole numbers.",
        ),
        (
            net_of(("XavierFill", [], ["w"], {"shape": ("a",)})),
            "XavierFill of 'w' has the shape ('a',); expected whole numbers.",
        ),
        (
            net_of(("XavierFill", [], ["w"], {"dtype": "x"})),
            "XavierFill of 'w' has the dtype 'x'; expected a number.",
        ),
        (net_of(("XavierFill", [], [], {"shape": (1,)})), "XavierFill has no output."),
        (
            net_of(("Int8Quantize", ["w"], ["v"], {})),
            "Int8Quantize needs 'w', which neither an earlier operator, nor the init net, "
            "nor the input dims give.",
        ),
    ],
)
def test_init_nets_that_are_not_understood(net: NetDef, sentence: str) -> None:
    with pytest.raises(ModelError) as caught:
        parameter_specs(net)
    assert str(caught.value) == sentence


# --- A net as operators --------------------------------------------------------------------------


def test_operators_in_the_nets_order() -> None:
    x = TensorSpec((1, 4))
    assert list_ops(NET, {"x": x}) == (OpSpec.of("Relu", [x], order="NCHW"), OpSpec.of("Softmax", [x]))


def test_in_place_operators_and_names_met_again() -> None:
    net = net_of(("NCHW2NHWC", ["x"], ["x"], {}), ("Relu", ["x"], ["x"], {}))
    first, second = list_ops(net, {"x": TensorSpec((1, 3, 8, 9))})
    assert first.inputs == (TensorSpec((1, 3, 8, 9)),)
    assert second.inputs == (TensorSpec((1, 8, 9, 3)),)


def test_the_known_shapes_are_left_as_they_are() -> None:
    known = {"x": TensorSpec((1, 3, 8, 9))}
    list_ops(net_of(("NCHW2NHWC", ["x"], ["x"], {})), known)
    assert known == {"x": TensorSpec((1, 3, 8, 9))}


@pytest.mark.parametrize(
    ("net", "sentence"),
    [
        (
            net_of(("Relu", ["x"], ["y"], {}), ("Lstm", ["y"], ["z"], {})),
            "operator 1 ('z'): Lstm is an operator type that has no rule. Known: ",
        ),
        (
            net_of(("Relu", ["y"], ["z"], {})),
            "operator 0 ('z'): Relu needs 'y', which neither an earlier operator, nor the init net, "
            "nor the input dims give.",
        ),
        (
            net_of(("Sum", ["x"], ["z"], {})),
            "operator 0 ('z'): Sum [1,4]: it has 1 inputs where 2 to 64 are expected.",
        ),
        (net_of(("Relu", ["x"], ["y", "z"], {})), "operator 0 ('y'): Relu has 2 outputs, its rule knows 1."),
    ],
)
def test_an_operator_that_does_not_fit_is_named_by_its_place(net: NetDef, sentence: str) -> None:
    with pytest.raises(ModelError) as caught:
        list_ops(net, {"x": TensorSpec((1, 4))})
    assert str(caught.value).startswith(sentence)


def test_an_operators_own_name_comes_before_its_outputs() -> None:
    net = net_of(("Lstm", [], ["y"], {}))
    net.op[0].name = "mine"
    with pytest.raises(ModelError, match=r"^operator 0 \('mine'\): "):
        list_ops(net, {})
    with pytest.raises(ModelError, match=r"^operator 0 \(''\): "):
        list_ops(net_of(("Lstm", [], [], {})), {})


def test_an_argument_of_a_kind_unknown_here_is_without_value() -> None:
    net = net_of(("Relu", ["x"], ["y"], {}))
    net.op[0].arg.append(Argument(name="subnet"))
    (op,) = list_ops(net, {"x": TensorSpec((1, 4))})
    assert op.args == (("subnet", ()),)
