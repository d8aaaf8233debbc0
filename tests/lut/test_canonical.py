"""Canonical matching: one operator in every spelling is one key; different operators stay apart."""

from pathlib import Path

import pytest

from lut.canonical import canonical_key
from lut.formats.json_lut import write
from lut.records import UINT8, LutRecord, OpKey, OpSpec, TensorSpec
from lut.table import LutTable, load_table
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


def test_the_fused_convolution_is_fallen_back_to_in_any_spelling() -> None:
    fused = conv('name: "kernels"\nints: 3\nints: 3\n', 'name: "pad"\ni: 1\n')._replace(
        op_type="Int8ConvRelu"
    )
    row = LutTable([LutRecord(fused, (1.0,) * 5, "A")], "canonical").find(int8_conv())
    assert (row.key.op_type, row.runtime_us) == ("Int8ConvRelu", 1.0)
