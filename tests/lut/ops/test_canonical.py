"""Canonical matching: one operator in every spelling is one key; different operators stay apart."""

from pathlib import Path

import pytest

from lut.ops import UINT8, ArgumentValue, OpKey, OpSpec, TensorSpec
from lut.ops.canonical import canonical_key
from lut.records import LutRecord
from lut.table import LutTable, load_table
from lut.table.formats.json_lut import write
from tests.lut.samples import CONV, RELU, int8_conv

SHAPES = CONV.key.input_shapes
DTYPES = CONV.key.input_dtypes


def conv(*args: str) -> OpKey:
    return OpKey("Int8Conv", args, SHAPES, DTYPES)


@pytest.mark.parametrize(
    "args",
    [
        ('name: "kernels"\nints: 3\nints: 3\n', 'name: "pads"\nints: 1\nints: 1\nints: 1\nints: 1\n'),
        ('name: "kernel_h"\ni: 3\n', 'name: "kernel_w"\ni: 3\n', 'name: "pad"\ni: 1\n'),
        ('name: "pad"\ni: 1\n', 'name: "kernel"\ni: 3\n'),
        ("name: 'kernel' i: 3", "name: 'pad' i: 1", 'name:"order",s:"NHWC"'),
        ('goo.gle/debugonly  name: "kernel" i: 3', 'goo.gle/debugstr name: "pad" i: 1'),
        ('name: "kernel"\ni: 3\n', 'name: "pad"\ni: 1\n', 'name: "group"\ni: 1\n'),
        ('name: "kernel"\ni: 3\n', 'name: "pad"\ni: 1\n', 'name: "dilation"\ni: 1\n'),
        ('name: "kernel"\ni: 3\n', 'name: "pad"\ni: 1\n', 'name: "legacy_pad"\ni: 0\n'),
        ('name: "kernel"\ni: 3\n', 'name: "pad"\ni: 1\n', 'name: "ws_nbytes_limit"\ni: 5\n'),
        ('name: "kernel"\ni: 3\n', *(f'name: "pad_{side}"\ni: 1\n' for side in "tlbr")),
    ],
)
def test_other_spellings_are_the_same_operator(args: tuple[str, ...], tmp_path: Path) -> None:
    spelled = conv(*args)
    assert canonical_key(spelled) == canonical_key(CONV.key)
    assert canonical_key(canonical_key(spelled)) == canonical_key(spelled)
    records = [LutRecord(spelled, (1.0, 2.0, 3.0, 4.0, 5.0), "A")]
    assert LutTable(records).find(CONV).records == ()
    assert LutTable(records, "canonical").find(CONV).runtime_us == 3.0
    path = tmp_path / "table.json"
    write(records, path)
    assert load_table(path).find(CONV).records == ()
    assert load_table(path, match="canonical").find(CONV).runtime_us == 3.0


@pytest.mark.parametrize(
    "args",
    [
        ('name: "kernel"\ni: 3\n', 'name: "pad"\ni: 1\n', 'name: "stride"\ni: 2\n'),
        ('name: "kernel"\ni: 3\n',),
        ('name: "kernel_h"\ni: 3\n', 'name: "kernel_w"\ni: 1\n', 'name: "pad"\ni: 1\n'),
        ('name: "kernel"\ni: 3\n', 'name: "pad"\ni: 1\n', 'name: "group"\ni: 2\n'),
        ('name: "kernel"\ni: 3\n', 'name: "pad"\ni: 1\n', 'name: "order"\ns: "NCHW"\n'),
        ('name: "kernel"\ni: 3\n', 'name: "pad"\ni: 1\n', "what is this"),
        ('name: "kernel"\ns: "3"\n', 'name: "pad"\ni: 1\n'),
    ],
)
def test_other_operators_stay_apart(args: tuple[str, ...]) -> None:
    assert canonical_key(conv(*args)) != canonical_key(CONV.key)


def test_an_order_that_nothing_looks_at_does_not_matter() -> None:
    assert canonical_key(OpSpec.of("Relu", RELU.inputs, order="NHWC").key) == canonical_key(RELU.key)
    tensor = TensorSpec((1, 8, 8, 16), UINT8)
    plain = OpSpec.of("Int8ChannelShuffle", [tensor], group=2)
    written = OpSpec.of("Int8ChannelShuffle", [tensor], group=2, kernel=1, order="NHWC")
    assert canonical_key(plain.key) == canonical_key(written.key)
    other = OpSpec.of("Int8ChannelShuffle", [tensor], group=4, kernel=1, order="NHWC")
    assert canonical_key(other.key) != canonical_key(written.key)


X = TensorSpec((1, 8, 8, 16), UINT8)


def spelled(op_type: str, **args: ArgumentValue) -> OpKey:
    return canonical_key(OpSpec.of(op_type, [X], **args).key)


@pytest.mark.parametrize(
    "op_type", ["Int8MaxPool", "Int8MaxPoolRelu", "MaxPool", "AveragePool", "Int8AveragePool"]
)
def test_every_pooling_has_its_window_in_one_spelling(op_type: str) -> None:
    assert spelled(op_type, kernel=2, stride=2) == spelled(op_type, kernels=(2, 2), strides=(2, 2), pad=0)
    assert spelled(op_type, kernel=2) != spelled(op_type, kernel=3)


def test_what_is_the_default_of_one_type_is_not_that_of_another() -> None:
    assert spelled("Concat", axis=1) == spelled("Concat") == spelled("Concat", order="NCHW")
    assert spelled("Concat", axis=3) == spelled("Concat", axis=-1) == spelled("Concat", order="NHWC")
    assert spelled("Int8Concat", axis=3) == spelled("Int8Concat", order="NHWC")
    # The quantized join without an axis is along the first dimension.
    assert len({spelled("Int8Concat"), spelled("Int8Concat", axis=1), spelled("Int8Concat", axis=3)}) == 3
    assert spelled("Int8Concat") == spelled("Int8Concat", axis=0)
    assert spelled("Tile", axis=1) != spelled("Tile")
    assert spelled("Relu", axis=1) != spelled("Relu")


def test_a_default_of_another_kind_is_none() -> None:
    assert spelled("Softmax", axis=1.0) != spelled("Softmax", axis=1) == spelled("Softmax")


def test_other_arguments_with_several_spellings() -> None:
    assert spelled("LeakyRelu", alpha=0.01) == spelled("LeakyRelu")
    assert spelled("Transpose", axes=(3, 2, 1, 0)) == spelled("Transpose")
    assert spelled("ConvTranspose", kernel=3, adj=1) == spelled("ConvTranspose", kernel=3, adjs=(1, 1))
    sliced = spelled("Int8Slice", dim=1, start_idx=2, end_idx=5)
    assert sliced == spelled("Int8Slice", starts=(0, 2, 0, 0), ends=(-1, 5, -1, -1))
    for args in ({"dim": "x", "start_idx": 0, "end_idx": 1}, {"dim": 9, "start_idx": 0, "end_idx": 1}):
        assert len(spelled("Int8Slice", **args).op_args) == 3
    assert spelled("ConvTranspose", kernel=3, adj="x") != spelled("ConvTranspose", kernel=3)


def test_inputs_that_may_change_places() -> None:
    other = TensorSpec((1, 8, 8, 8), UINT8)
    for op_type, same in (("Int8Sum", True), ("Add", True), ("Int8Concat", False)):
        keys = [canonical_key(OpSpec.of(op_type, pair).key) for pair in ([X, other], [other, X])]
        assert (keys[0] == keys[1]) is same
    odd = OpKey("Sum", (), ((1, 4), (1, 2)), (1,))
    assert canonical_key(odd) == odd


def test_the_fused_convolution_is_fallen_back_to_in_any_spelling() -> None:
    fused = conv('name: "kernels"\nints: 3\nints: 3\n', 'name: "pad"\ni: 1\n')._replace(
        op_type="Int8ConvRelu"
    )
    row = LutTable([LutRecord(fused, (1.0,) * 5, "A")], "canonical").find(int8_conv())
    assert (row.key.op_type, row.runtime_us) == ("Int8ConvRelu", 1.0)
