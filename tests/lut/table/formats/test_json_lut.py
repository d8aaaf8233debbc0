"""The published format: ten keys a line, plain or zipped."""

import contextlib
import json
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.errors import FileError
from lut.ops import OpKey
from lut.records import LutRecord
from lut.table import format_of, format_record
from lut.table.formats import FORMATS
from lut.table.formats.json_lut import read, read_zip, write, write_zip
from tests.lut.samples import CONV, RELU, record

LINE = (
    '{"op_type": "Relu", "op_args": [], "input_shapes": [[1, 4]], "input_dtypes": [1], '
    '"runtime_us_p0": 3.0, "runtime_us_p10": 4.0, "runtime_us_p50": 5.0, "runtime_us_p90": 6.0, '
    '"runtime_us_p100": 7.0, "device": "Box-12-6.1"}'
)


def test_a_line_holds_exactly_the_ten_keys_in_the_published_order() -> None:
    assert format_record(record(RELU, 5.0)) == LINE
    assert list(json.loads(format_record(record(CONV, 5.0)))) == [
        *("op_type", "op_args", "input_shapes", "input_dtypes"),
        *("runtime_us_p0", "runtime_us_p10", "runtime_us_p50", "runtime_us_p90", "runtime_us_p100"),
        "device",
    ]


@pytest.mark.parametrize("ending", FORMATS)
def test_what_is_written_is_read(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"new/table{ending}"
    records = [record(CONV, 5.5), record(RELU, 276), record(CONV, 6.5, "other")]
    format_of(path).write(iter(records), path)
    assert list(format_of(path).read(path)) == records


@pytest.mark.parametrize("ending", FORMATS)
def test_equal_records_make_equal_bytes(ending: str, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        path = tmp_path / folder / f"table{ending}"
        format_of(path).write([record(CONV, 5.5)] * 3, path)
    assert (tmp_path / "a" / path.name).read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_plain_table_is_json_lines(tmp_path: Path) -> None:
    write([record(RELU, 5.0)] * 2, tmp_path / "table.json")
    assert (tmp_path / "table.json").read_text() == f"{LINE}\n{LINE}\n"


def test_a_zipped_table_holds_the_plain_one_under_its_name(tmp_path: Path) -> None:
    write_zip([record(RELU, 5.0)], tmp_path / "table.json.zip")
    with zipfile.ZipFile(tmp_path / "table.json.zip") as archive:
        assert archive.namelist() == ["table.json"]
        assert archive.read("table.json").decode() == f"{LINE}\n"


def test_blank_lines_are_nothing_and_the_last_line_needs_no_end(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text(f"\n{LINE}\n\n{LINE}")
    assert list(read(path)) == [record(RELU, 5.0)] * 2


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text(LINE.replace("5.0", "5"))
    (read_back,) = read(path)
    assert str(read_back.p50) == "5"


def test_ws_nbytes_limit_is_dropped_as_the_original_drops_it(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    fields = json.loads(LINE) | {"op_args": ['name: "a"\ni: 1\n', 'name: "ws_nbytes_limit"\ni: 268435456\n']}
    path.write_text(json.dumps(fields))
    assert [read_back.key.op_args for read_back in read(path)] == [('name: "a"\ni: 1\n',)]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("{", "[", "Expected `object`, got `array`"),
        (LINE, "[]", "Expected `object`, got `array`"),
        ('"op_args": []', f'"op_args": [{"[" * 100_000}', "Expected `str`, got `array`"),
        (LINE, '{"op_type": "Relu"}', "Object missing required field `op_args`"),
        ("{", '{"extra": 1, ', "Object contains unknown field `extra`"),
        ('"device"', '"phone"', "Object contains unknown field `phone`"),
        ("5.0", '"5.0"', "Expected `int | float`, got `str` - at `$.runtime_us_p50`"),
        ("5.0", "true", "Expected `int | float`, got `bool` - at `$.runtime_us_p50`"),
        ("5.0", "null", "Expected `int | float`, got `null` - at `$.runtime_us_p50`"),
        ("3.0", "-3.0", "Expected `float` >= 0.0 - at `$.runtime_us_p0`"),
        ("7.0", "NaN", "JSON is malformed: invalid character"),
        ("7.0", "Infinity", "JSON is malformed: invalid character"),
        ("7.0", "1" + "0" * 400, "Expected `int` <= 1000000000000000 - at `$.runtime_us_p100`"),
        ("7.0", "1e300", "Expected `float` <= 1000000000000000.0 - at `$.runtime_us_p100`"),
        ("5.0", "0", "its percentiles are [3.0, 4.0, 0, 6.0, 7.0]"),
        ("5.0", "8.0", "its percentiles are [3.0, 4.0, 8.0, 6.0, 7.0]"),
        ("3.0", "4.5", "its percentiles are [4.5, 4.0, 5.0, 6.0, 7.0]"),
        ('"Relu"', "7", "Expected `str`, got `int` - at `$.op_type`"),
        ('"Box-12-6.1"', "null", "Expected `str`, got `null` - at `$.device`"),
        ("[[1, 4]]", '"1x4"', "Expected `array`, got `str` - at `$.input_shapes`"),
        ("[[1, 4]]", "[4]", "Expected `array`, got `int` - at `$.input_shapes[0]`"),
        ("[[1, 4]]", "[[1, 4.0]]", "Expected `int`, got `float` - at `$.input_shapes[0][1]`"),
        ("[1],", "[true],", "Expected `int`, got `bool` - at `$.input_dtypes[0]`"),
        ('"op_args": []', '"op_args": [3]', "Expected `str`, got `int` - at `$.op_args[0]`"),
        ('"op_args": []', '"op_args": {}', "Expected `array`, got `object` - at `$.op_args`"),
        ('"op_type"', '"op_type": "Relu", "op_type"', "one of its keys appears twice"),
        ('"device"', '"device": "Box-12-6.1", "device"', "one of its keys appears twice"),
        ('"device"', '"runtime_us_p50" : 5.0, "device"', "one of its keys appears twice"),
        ('"Relu"', '"\\ud800"', "JSON is malformed: unexpected end of escaped utf-16 surrogate pair"),
        ('"Box-12-6.1"', '"\\udfff"', "JSON is malformed: invalid utf-16 surrogate pair"),
    ],
    ids=range(30),
)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_line_that_is_no_record_is_named(
    old: str, new: str, reason: str, *, zipped: bool, tmp_path: Path
) -> None:
    text = f"{LINE}\n{LINE.replace(old, new, 1)}\n"
    path = tmp_path / "table.json"
    path.write_text(text)
    if zipped:
        path = tmp_path / "table.json.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("table.json", text)
    records = format_of(path).read(path)
    assert next(records) == record(RELU, 5.0)
    with pytest.raises(FileError, match=rf"^{path}:2 is not a table record: {re.escape(reason)}") as caught:
        next(records)
    assert str(caught.value).endswith(" Expected exactly the ten keys of the published format.")


def test_other_endings_are_no_tables(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        format_of(tmp_path / "table.csv")
    assert str(caught.value) == (
        f"{tmp_path / 'table.csv'} ends in none of .json, .json.zip, the table formats known here."
    )


@pytest.mark.parametrize("name", ["table.json", "table.json.zip"])
def test_an_absent_table_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(FileError, match=rf"^{path} can't be read: No such file or directory\.$"):
        list(format_of(path).read(path))


def test_an_archive_holds_one_table(tmp_path: Path) -> None:
    path = tmp_path / "table.json.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README.md", "Read me.")
    with pytest.raises(FileError, match=rf"^{path} holds 0 \.json files; expected one table\.$"):
        list(read_zip(path))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("folder/table.json", LINE)
        archive.writestr("__MACOSX/folder/._table.json", b"\0")
    assert list(read_zip(path)) == [record(RELU, 5.0)]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("second.json", LINE)
    with pytest.raises(FileError, match=rf"^{path} holds 2 \.json files; expected one table\.$"):
        list(read_zip(path))


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table.json.zip"
    path.write_text(LINE)
    with pytest.raises(
        FileError, match=rf"^{path} is not a zip archive, or a damaged one: File is not a zip file\.$"
    ):
        list(read_zip(path))


def test_an_archive_that_does_not_unpack_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table.json.zip"
    write_zip([record(RELU, 5.0)], path)
    data = bytearray(path.read_bytes())
    # Behind the file's header, its name and its extra field: a block of a kind that deflate lacks.
    data[30 + data[26] + data[28]] = 0xFF
    path.write_bytes(data)
    with pytest.raises(
        FileError, match=rf"^{path} is not a zip archive, or a damaged one: .* invalid block type\.$"
    ):
        list(read_zip(path))


def test_an_encrypted_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table.json.zip"
    write_zip([record(RELU, 5.0)], path)
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag "encrypted" in the file's header …
    data[data.rindex(b"PK\1\2") + 8] |= 1  # … and in the archive's index
    path.write_bytes(data)
    with pytest.raises(
        FileError, match=rf"^{path} can't be unpacked: .* is encrypted, password required .*\. Zip it"
    ):
        list(read_zip(path))


@given(data=st.data())
def test_a_damaged_archive_is_a_file_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.json.zip"
    write_zip([record(RELU, 5.0), record(CONV, 6.0)], path)
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    with contextlib.suppress(FileError):
        list(read_zip(path))


json_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
json_lists = st.lists(json_values | st.lists(json_values, max_size=2), max_size=2)


@st.composite
def nearly_records(draw: st.DrawFn) -> bytes:
    fields = json.loads(LINE)
    for name in draw(st.lists(st.sampled_from(sorted(fields)), max_size=2)):
        fields[name] = draw(json_values | json_lists)
    return json.dumps(fields).encode()


@given(lines=st.lists(nearly_records() | st.binary(max_size=40), max_size=3))
def test_no_bytes_end_in_anything_but_a_file_error(
    lines: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(b"\n".join(lines))
    with contextlib.suppress(FileError):
        assert len(list(read(path))) <= b"\n".join(lines).count(b"\n") + 1


texts = st.text(max_size=20).filter(lambda text: "ws_nbytes_limit" not in text)
whole = st.integers(0, 2**63 - 1)
inputs = st.lists(st.tuples(st.lists(whole, max_size=4).map(tuple), whole), max_size=3)
keys = st.builds(
    lambda op_type, op_args, inputs: OpKey(
        op_type, tuple(op_args), tuple(shape for shape, _ in inputs), tuple(dtype for _, dtype in inputs)
    ),
    texts,
    st.lists(texts, max_size=3),
    inputs,
)
times = st.floats(1e-9, 1e15) | st.integers(1, 10**15)
percentiles = st.tuples(times, times, times, times, times).map(lambda drawn: tuple(sorted(drawn)))
records = st.builds(LutRecord, keys, percentiles, texts)


@given(table=st.lists(records, max_size=4), ending=st.sampled_from(sorted(FORMATS)))
def test_any_records_come_back(
    table: list[LutRecord], ending: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"identity{ending}"
    format_of(path).write(table, path)
    assert list(format_of(path).read(path)) == table
