"""Operators, their keys and ids; the identity of a segment."""

import hashlib
import json
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from lut.entries import DeviceInfo, RunConfig, Segment
from lut.ops import FLOAT, INT32, UINT8, ArgumentValue, KeyFields, OpKey, OpSpec, TensorSpec, format_argument
from lut.schema import Record, convert
from tests.lut.arguments import is_denormal, values
from tests.lut.samples import CONFIG, CONV, CONV_RELU, DEVICE, PROGRAM, SEGMENT, record


def test_data_types_have_caffe2s_numbers() -> None:
    assert (FLOAT, INT32, UINT8) == (1, 2, 6)


def test_the_key_is_what_tables_hold() -> None:
    assert CONV.key.to_json() == {
        "op_type": "Int8Conv",
        "op_args": [
            'name: "kernel"\ni: 3\n',
            'name: "order"\ns: "NHWC"\n',
            'name: "pad"\ni: 1\n',
            'name: "stride"\ni: 1\n',
        ],
        "input_shapes": [[1, 8, 8, 16], [32, 3, 3, 16], [32]],
        "input_dtypes": [6, 6, 2],
    }


@given(
    st.text(max_size=8),
    st.lists(st.text(max_size=20), max_size=3),
    st.lists(st.lists(st.integers(0, 5000), max_size=5), max_size=4),
    st.lists(st.integers(0, 20), max_size=4),
)
def test_lines_and_ids_are_those_of_the_json(
    op_type: str, texts: list[str], shapes: list[list[int]], dtypes: list[int]
) -> None:
    key = OpKey(op_type, tuple(texts), tuple(map(tuple, shapes)), tuple(dtypes))
    assert key.to_line() == json.dumps(key.to_json())
    assert key.id == hashlib.blake2b(key.to_line()[:-2].encode(), digest_size=16).hexdigest()[:16]


def test_arguments_are_sorted_and_quantisation_falls_away() -> None:
    x = TensorSpec((1, 4), UINT8)
    written = OpSpec("Op", (("b", 1), ("Y_scale", 0.5), ("a", 2), ("ws_nbytes_limit", 3)), (x,))
    assert written.args == (("a", 2), ("b", 1))
    assert written == OpSpec.of("Op", [x], a=2, b=1, Y_zero_point=128)


def test_operators_are_equal_when_their_keys_are() -> None:
    x = TensorSpec((1, 4))
    assert OpSpec.of("Op", [x], a=1) != OpSpec.of("Op", [x], a=1.0)
    assert OpSpec.of("Op", [x], a=1) != OpSpec.of("Op", [x], a=(1,))
    assert OpSpec.of("Op", [x]) != OpSpec.of("Op", [TensorSpec((1, 4), UINT8)])
    assert len({CONV, OpSpec.from_key(CONV.key), CONV_RELU}) == 2
    assert CONV.key != CONV


def test_a_key_goes_to_json_and_back() -> None:
    assert convert(CONV.key.to_json(), KeyFields).key == CONV.key
    assert OpSpec.from_key(CONV.key).args == CONV.args


def test_a_key_with_more_shapes_than_types_is_no_operator() -> None:
    with pytest.raises(ValueError, match=r"^3 input shapes, but 1 input dtypes$"):
        OpSpec.from_key(CONV.key._replace(input_dtypes=(6,)))


def test_ids_are_hashes_of_the_key() -> None:
    # printf '{"op_type": "Relu", "op_args": [], "input_shapes": [[1, 4]], "input_dtypes": [1' | b2sum -l 128
    assert OpSpec.of("Relu", [TensorSpec((1, 4))]).id == "e257910bd862d31a"
    assert CONV.id != CONV_RELU.id


def test_arguments_by_name() -> None:
    assert CONV.arg("kernel") == 3
    assert CONV.arg("group") is None
    assert CONV.arg("group", 1) == 1


def test_one_line_for_people() -> None:
    assert CONV.describe() == ("Int8Conv [1,8,8,16] [32,3,3,16] [32] kernel=3 order=NHWC pad=1 stride=1")


@pytest.mark.parametrize(("shape", "elements"), [((), 1), ((7,), 7), ((2, 3, 4), 24), ((2, 0), 0)])
def test_elements(shape: tuple[int, ...], elements: int) -> None:
    assert TensorSpec(shape).elements == elements


def test_floats_are_those_of_tables_from_the_start() -> None:
    written = OpSpec.of("LeakyRelu", [TensorSpec((1, 4))], alpha=0.1, others=(0.1, 2))
    read = OpSpec.from_key(written.key)
    assert written.args == read.args
    assert written.arg("alpha") == 0.10000000149011612
    assert written.key.op_args == ('name: "alpha"\nf: 0.1\n', 'name: "others"\nfloats: 0.1\nfloats: 2.0\n')
    assert written.describe() == read.describe() == "LeakyRelu [1,4] alpha=0.1 others=(0.1, 2.0)"


@given(values)
def test_an_operator_written_down_is_the_one_read_back(value: ArgumentValue) -> None:
    op = OpSpec.of("Any", [TensorSpec((1, 4))], value=value)
    read = OpSpec.from_key(op.key)
    assert (repr(read.args), read.key) == (repr(op.args), op.key)
    assert op.key.op_args == (format_argument("value", value),) or is_denormal(value)


def test_records_are_immutable() -> None:
    for thing, name in ((CONV, "op_type"), (DEVICE, "name"), (SEGMENT, "device"), (CONFIG, "passes")):
        with pytest.raises(AttributeError):
            setattr(thing, name, getattr(thing, name))


def test_the_median_is_the_third_percentile() -> None:
    assert record(CONV, 276.0).p50 == 276.0


def test_unit_and_start_tell_segments_apart_and_facts_do_not() -> None:
    assert replace(SEGMENT, device=replace(DEVICE, facts={"cores": "8"})).id == SEGMENT.id
    assert replace(SEGMENT, device=replace(DEVICE, serial="x")).id != SEGMENT.id
    assert replace(SEGMENT, started="later").id != SEGMENT.id
    assert DeviceInfo("a", "host", "s", {"x": "1"}) == DeviceInfo("a", "host", "s", {"x": "2"})


Part = TypeVar("Part", bound=Record)


def changes(thing: Part) -> list[Part]:
    """The object with each of its fields changed in turn."""
    return [
        replace(thing, **{name: f"{value}1" if isinstance(value, str) else value + 1})
        for name, value in asdict(thing).items()
    ]


def test_every_field_of_program_and_configuration_tells_segments_apart() -> None:
    programs = [Segment(DEVICE, program, CONFIG) for program in changes(PROGRAM)]
    configs = [Segment(DEVICE, PROGRAM, config) for config in changes(CONFIG)]
    renamed = Segment(replace(DEVICE, name="other"), PROGRAM, CONFIG)
    ids = {segment.id for segment in (SEGMENT, *programs, *configs, renamed)}
    assert len(ids) == 1 + 3 + len(RunConfig.__struct_fields__) + 1
