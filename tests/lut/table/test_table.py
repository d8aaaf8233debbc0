"""Tables in memory: finding, falling back, estimating; the same sums as the original's."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.errors import ConflictError, FileError
from lut.ops import KeyFields, OpKey, OpSpec, TensorSpec
from lut.records import LutRecord
from lut.schema import convert
from lut.table import (
    Estimate,
    LutTable,
    choose_table_file,
    find_table_file,
    format_record,
    load_table,
    table_file_name,
)
from lut.table.formats.json_lut import write, write_zip
from tests.lut.original_lookup import load_database, look_up
from tests.lut.samples import CONV, CONV_RELU, RELU, SOFTMAX, int8_conv, record


def test_a_hit() -> None:
    row = LutTable([record(CONV_RELU, 7.0), record(CONV, 5.0)]).find(CONV)
    assert (row.key, row.records, row.runtime_us) == (CONV.key, (record(CONV, 5.0),), 5.0)


def test_a_convolution_falls_back_to_the_one_with_relu() -> None:
    row = LutTable([record(CONV_RELU, 7.0), record(int8_conv("Int8ConvRelu", 8), 1.0)]).find(CONV)
    assert (row.op, row.key, row.runtime_us) == (CONV, CONV_RELU.key, 7.0)


def test_no_other_operator_falls_back() -> None:
    fused = CONV_RELU.key._replace(op_type="ConvRelu")
    table = LutTable([record(CONV, 5.0), record(fused, 3.0)])
    assert table.find(CONV_RELU).records == ()
    assert table.find(OpSpec("Conv", CONV.args, CONV.inputs)).records == ()


def test_a_miss_has_no_time() -> None:
    row = LutTable([record(CONV, 5.0)]).find(RELU)
    assert (row.key, row.records, row.runtime_us) == (RELU.key, (), None)
    other_size = OpSpec.of("Relu", [TensorSpec((1, 5))])
    assert LutTable([record(RELU, 5.0)]).find(other_size).runtime_us is None


def test_several_records_are_averaged_in_the_files_order() -> None:
    table = LutTable([record(CONV, 5.0), record(RELU, 1.0), record(CONV, 8.0)])
    assert len(table) == 3
    row = table.find(CONV)
    assert [each.p50 for each in row.records] == [5.0, 8.0]
    assert row.runtime_us == 6.5


def test_a_whole_estimate() -> None:
    estimate = LutTable([record(CONV, 5.0), record(RELU, 1.5)]).estimate([CONV, RELU, RELU])
    assert (estimate.total_us, estimate.known_us, estimate.missing) == (8.0, 8.0, ())


def test_a_partial_sum_is_no_total_and_names_what_it_lacks_once() -> None:
    estimate = LutTable([record(CONV, 5.0)]).estimate([SOFTMAX, CONV, RELU, RELU])
    assert (estimate.total_us, estimate.known_us) == (None, 5.0)
    assert estimate.missing == (SOFTMAX, RELU)
    assert [row.op for row in estimate.rows] == [SOFTMAX, CONV, RELU, RELU]


def test_the_spread_sums_the_percentiles_of_what_has_a_time() -> None:
    table = LutTable([record(CONV, 5.0), record(RELU, 20.0), record(RELU, 30.0)])
    assert table.find(CONV).spread_us == (4.0, 6.0)
    assert table.find(RELU).spread_us == (24.0, 26.0)
    assert table.find(SOFTMAX).spread_us is None
    assert table.estimate([CONV, RELU, SOFTMAX]).spread_us == (28.0, 32.0)
    assert Estimate(()).spread_us == (0, 0)


def test_scatter_is_how_far_p10s_are_below_the_medians() -> None:
    table = LutTable([record(CONV, 10.0), record(RELU, 30.0)])
    assert table.estimate([CONV, RELU, SOFTMAX]).scatter == pytest.approx(0.05)
    assert table.estimate([SOFTMAX]).scatter is None


def test_an_operator_measured_as_zero_is_not_missing() -> None:
    zero = LutRecord(RELU.key, (0.0,) * 5, "Box")
    assert LutTable([zero]).estimate([RELU]).total_us == 0.0
    assert Estimate(()).total_us == 0.0


# --- Files ---------------------------------------------------------------------------------------


def test_a_devices_table_is_found_plain_before_zipped(tmp_path: Path) -> None:
    plain = tmp_path / "SM-G950U-7.0-24-op_lut_database.json"
    assert table_file_name("SM-G950U-7.0-24") == plain.name
    zipped = plain.with_name(f"{plain.name}.zip")
    zipped.touch()
    assert find_table_file(tmp_path, "SM-G950U-7.0-24") == zipped
    plain.touch()
    assert find_table_file(tmp_path, "SM-G950U-7.0-24") == plain


def test_another_devices_table_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=rf"^{tmp_path} holds no table of Phone\. No table is there\.$"):
        find_table_file(tmp_path, "Phone")
    write([record(RELU, 5.0, "B")], tmp_path / "B-op_lut_database.json")
    write_zip([record(RELU, 5.0, "A")], tmp_path / "A.json.zip")
    (tmp_path / "B-op_lut_database.meta.json").write_text('{"segments": []}')
    with pytest.raises(FileError, match=r"holds no table of Phone\. Tables there are of: A, B\.$"):
        find_table_file(tmp_path, "Phone")


@pytest.mark.parametrize(
    "name", ["-op_lut_database_caffe2.json.zip", "-op_lut_database_caffe2.json", "-op_lut_database.json"]
)
def test_the_published_table_is_found_as_it_is_downloaded(name: str, tmp_path: Path) -> None:
    device = "SM-G950U-7.0-24"
    path = tmp_path / f"{device}{name}"
    (write_zip if name.endswith(".zip") else write)([record(RELU, 5.0, device)], path)
    assert find_table_file(tmp_path, device) == path
    assert choose_table_file(tmp_path, device) == path


def test_two_tables_of_a_device_are_named_and_a_zip_of_one_is_none(tmp_path: Path) -> None:
    plain = tmp_path / "one.json"
    write([record(RELU, 5.0, "A")], plain)
    write_zip([record(RELU, 5.0, "A")], tmp_path / "one.json.zip")
    assert find_table_file(tmp_path, "A") == plain
    write([record(RELU, 6.0, "A")], tmp_path / "two.json")
    with pytest.raises(ConflictError, match=r"holds 2 tables of A: one\.json, two\.json\."):
        find_table_file(tmp_path, "A")
    with pytest.raises(FileError, match=r"is a folder\. Give a table in it, .*one\.json or .*two\.json, or"):
        choose_table_file(tmp_path)


def test_a_table_is_loaded_whole_or_for_one_device(tmp_path: Path) -> None:
    path = tmp_path / "table.json.zip"
    write_zip([record(CONV, 5.0, "A"), record(CONV, 9.0, "B"), record(RELU, 3.0, "A")], path)
    table = load_table(path, "A")
    assert (table.devices, len(table)) == (("A",), 2)
    assert table.find(CONV).runtime_us == 5.0
    with pytest.raises(FileError, match=rf"^{path} holds no record of C\. It holds those of A, B\.$"):
        load_table(path, "C")
    with pytest.raises(ConflictError) as caught:
        load_table(path)
    assert str(caught.value) == (
        f"{path} holds records of 2 devices: line 2 is of B, the lines above it are of A. "
        f"Their times can't be averaged: name a device, or give a table of one."
    )


def test_an_empty_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.touch()
    with pytest.raises(FileError, match=rf"^{path} holds no record\.$"):
        load_table(path)


# --- The original --------------------------------------------------------------------------------

shapes = st.sampled_from([((1, 8, 8, 16), (32, 3, 3, 16), (32,)), ((1, 4),)])
arguments = st.lists(
    st.sampled_from(['name: "kernel"\ni: 3\n', 'name: "order"\ns: "NHWC"\n', 'name: "pad"\ni: 1\n']),
    unique=True,
    max_size=2,
).map(lambda texts: tuple(sorted(texts)))
keys = st.builds(
    OpKey,
    st.sampled_from(["Int8Conv", "Int8ConvRelu", "Relu", "Int8Sum"]),
    arguments,
    shapes,
    st.just(()),
).map(lambda key: key._replace(input_dtypes=(6,) * len(key.input_shapes)))
tables = st.lists(
    st.builds(record, keys, st.floats(10, 1e6).map(lambda time: round(time, 3)), st.sampled_from(["A", "B"])),
    min_size=1,
    max_size=12,
)


@given(table=tables, extra=st.lists(keys, max_size=5), data=st.data())
def test_the_original_lookup_gives_the_same_total(
    table: list[LutRecord], extra: list[OpKey], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "A-op_lut_database.json"
    write(table, path)
    queries = data.draw(st.permutations([*extra, *(each.key for each in table)]))
    lines = [key.to_json() for key in queries]
    theirs = look_up(lines, "A", load_database(path.read_text()))
    if "A" not in {each.device for each in table}:
        assert theirs == (not queries, 0)
        return
    ours = load_table(path, "A").estimate([OpSpec.from_key(convert(line, KeyFields).key) for line in lines])
    assert ours.known_us == theirs.total
    assert (ours.total_us is not None) == theirs.all_found


def test_both_drop_the_workspace_limit_and_both_fall_back() -> None:
    limit = 'name: "ws_nbytes_limit"\ni: 1\n'
    limited = CONV_RELU.key._replace(op_args=(*CONV_RELU.key.op_args, limit))
    (line,) = load_database(format_record(record(limited, 7.0)) + "\n")
    assert json.loads(json.dumps(line["op_args"])) == list(CONV_RELU.key.op_args)
    assert look_up([CONV.key.to_json()], "Box-12-6.1", [line]) == (True, 7.0)
    assert look_up([RELU.key.to_json()], "Box-12-6.1", [line]) == (False, 0)


def test_records_of_two_devices_are_no_table() -> None:
    with pytest.raises(ConflictError, match=r"of 2 devices: Box-12-6\.1, Phone"):
        LutTable([record(RELU, 5.0), record(RELU, 50.0, "Phone")])
