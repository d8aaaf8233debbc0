"""Indexes: what they find is what the table holds; they are built once, whole, and again when stale."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lut.cache import default_cache
from lut.errors import ConflictError, FileError
from lut.ops import OpKey, OpSpec, TensorSpec
from lut.records import LutRecord
from lut.table import LutTable, build_index, content, index_cache, index_scan, load_table
from lut.table.formats import FORMATS, lines
from lut.table.formats.json_lut import write, write_zip
from lut.table.index import open_index
from tests.lut.samples import CONV, CONV_RELU, RELU, record

OPS = [OpSpec.of("Relu", [TensorSpec((1, size))]) for size in range(1, 40)]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, which also keeps small tables."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CNN_LATENCY_LUT_CACHE", str(folder))
    monkeypatch.setattr(content, "_SMALL_BYTES", 0)
    return folder / "tables"


def old_table(path: Path, *records: LutRecord) -> Path:
    """A table that was written long enough ago to be trusted to stay as it is."""
    write(records, path)
    age(path)
    return path


def age(path: Path) -> None:
    os.utime(path, (1_000_000_000, 1_000_000_000))


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of change can't be set; what was just written counts as old."""
    monkeypatch.setattr(content, "_SETTLED_NS", 0)


numbers = st.floats(1e-3, 1e6, allow_nan=False) | st.integers(1, 10**9)
keys = st.sampled_from([op.key for op in OPS])
records = st.builds(
    LutRecord,
    keys,
    st.tuples(*[numbers] * 5).map(lambda times: tuple(sorted(times))),
    st.sampled_from(["A", "B"]),
)


@settings(max_examples=60)
@given(table=st.lists(records, min_size=1, max_size=30), ending=st.sampled_from(sorted(FORMATS)))
def test_an_index_finds_what_the_table_holds(
    table: list[LutRecord], ending: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("index") / f"table{ending}"
    FORMATS[ending].write(table, path)
    build_index(path).write(path.with_suffix(".index"))
    for device in {each.device for each in table}:
        expected = LutTable([each for each in table if each.device == device])
        for index in (True, False):
            found = load_table(path, device, index=index)
            assert (len(found), list(found)) == (len(expected), list(expected))
            for op in OPS:
                assert found.find(op) == expected.find(op)
                assert repr(found.find(op).records) == repr(expected.find(op).records)
    assert open_index(path.with_suffix(".index")) is not None


def test_a_cache_that_may_not_be_looked_into_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "glob", refuse)  # as it does for everybody but root
    assert load_table(old_table(tmp_path / "table.json", record(CONV, 5.0))).find(CONV).runtime_us == 5.0


def test_a_cache_in_an_unknown_home_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNN_LATENCY_LUT_CACHE", "~nobody-of-this-name/cache")
    with pytest.raises(FileError, match="Set CNN_LATENCY_LUT_CACHE to the full path"):
        default_cache()
    assert load_table(old_table(tmp_path / "table.json", record(CONV, 5.0))).find(CONV).runtime_us == 5.0


@pytest.mark.usefixtures("settled")
def test_an_index_is_built_once(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old_table(tmp_path / "table.json", record(CONV, 5.0))
    assert load_table(path).find(CONV).runtime_us == 5.0
    assert sorted(file.suffix for file in cache.iterdir()) == [".index", ".stamp"]
    monkeypatch.setattr(index_cache, "build_index", None)
    monkeypatch.setattr(content, "_hash_text", None)
    assert load_table(path).find(CONV).runtime_us == 5.0


@pytest.mark.usefixtures("settled")
def test_a_changed_table_is_read_again_and_its_old_index_goes(tmp_path: Path, cache: Path) -> None:
    path = old_table(tmp_path / "table.json", record(CONV, 5.0))
    load_table(path)
    (first,) = cache.glob("*.index")
    old_table(path, record(CONV, 6.0))  # the same size, and the same time of its last change
    assert load_table(path).find(CONV).runtime_us == 6.0
    assert first not in set(cache.glob("*.index"))
    with path.open("r+b") as stream:  # in place
        stream.write(path.read_bytes().replace(b"6.0", b"7.0"))
    age(path)
    assert load_table(path).find(CONV).runtime_us == 7.0


def test_a_table_that_was_just_written_is_not_trusted_to_stay(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "table.json"
    write([record(CONV, 5.0)], path)
    load_table(path)
    assert not list(cache.glob("*.stamp"))


@settings(max_examples=40)
@given(table=st.lists(records, min_size=1, max_size=40), limit=st.integers(1, 3000))
def test_two_readers_find_what_one_finds(
    table: list[LutRecord], limit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("halves") / "table.json"
    write(table, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_scan, "_may_fork", lambda: False)
        alone = build_index(path)
        patch.setattr(index_scan, "_may_fork", lambda: True)
        patch.setattr(lines, "SPLIT_BYTES", 1)
        patch.setattr(lines, "_CHUNK_BYTES", limit)
        assert build_index(path) == alone
        path.write_bytes(path.read_bytes() + b"no record\n")
        with pytest.raises(FileError, match=f":{len(table) + 1} is not a table record"):
            build_index(path)


def test_a_reader_without_a_second_process_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old_table(tmp_path / "table.json", *(record(op, 5.0) for op in (CONV, CONV_RELU, RELU)))
    alone = build_index(path)
    monkeypatch.setattr(index_scan, "_may_fork", lambda: True)
    monkeypatch.setattr(lines, "SPLIT_BYTES", 1)
    monkeypatch.setattr(lines, "_CHUNK_BYTES", 100)
    halves = []

    def refuse() -> int:
        halves.append(path)
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    assert build_index(path) == alone
    assert halves == [path]


def test_no_index_leaves_no_trace(tmp_path: Path, cache: Path) -> None:
    path = old_table(tmp_path / "table.json", record(CONV, 5.0))
    assert load_table(path, index=False).find(CONV).runtime_us == 5.0
    assert not cache.exists()


def test_small_tables_get_none(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "_SMALL_BYTES", 1 << 20)
    load_table(old_table(tmp_path / "table.json", record(CONV, 5.0)))
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CNN_LATENCY_LUT_CACHE", str(tmp_path / "file" / "cache"))
    assert load_table(old_table(tmp_path / "table.json", record(CONV, 5.0))).find(CONV).runtime_us == 5.0


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("damage", [b"", b"{", b'{"version": 99}\n', b"[" * 5000 + b"\n"])
def test_a_damaged_index_is_built_again(damage: bytes, tmp_path: Path, cache: Path) -> None:
    path = old_table(tmp_path / "table.json", record(CONV, 5.0))
    load_table(path)
    (index,) = cache.glob("*.index")
    whole = index.read_bytes()
    for data in (damage, whole[:-1], whole + b"x"):
        index.write_bytes(data)
        assert load_table(path).find(CONV).runtime_us == 5.0
        assert index.read_bytes() == whole


@pytest.mark.usefixtures("settled")
def test_a_changed_bit_anywhere_in_an_index_changes_no_answer(tmp_path: Path, cache: Path) -> None:
    held, absent = OPS[::2], OPS[1::2]
    path = old_table(tmp_path / "table.json", *(record(op, float(n)) for n, op in enumerate(held, 2)))
    load_table(path)
    (index,) = cache.glob("*.index")
    whole = index.read_bytes()
    header = whole.index(b"\n") + 1
    said = len(whole[:header].rstrip())
    for at in [*range(0, said, 5), *range(said, header, 500), header - 1, *range(header, len(whole), 7)]:
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 8
        index.write_bytes(damaged)
        table = load_table(path)
        assert [table.find(op).runtime_us for op in held] == [float(n) for n, _ in enumerate(held, 2)]
        assert not any(table.find(op).records for op in absent)
        if at < said:
            assert index.read_bytes() == whole


@pytest.mark.usefixtures("settled")
def test_a_damaged_index_that_may_not_be_removed_is_done_without(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old_table(tmp_path / "table.json", record(CONV, 5.0))
    load_table(path)
    (index,) = cache.glob("*.index")
    index.write_bytes(index.read_bytes()[:-1] + b"x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    assert load_table(path).find(CONV).runtime_us == 5.0


@pytest.mark.usefixtures("settled")
def test_a_table_that_changed_is_not_mixed_with_its_damaged_index(tmp_path: Path, cache: Path) -> None:
    path = old_table(tmp_path / "table.json", record(CONV, 5.0))
    load_table(path)
    (index,) = cache.glob("*.index")
    index.write_bytes(index.read_bytes()[:-1] + b"x")
    table = load_table(path)
    old_table(path, record(CONV, 6.0))
    with pytest.raises(FileError, match="open it again"):
        table.find(CONV)


def test_what_a_killed_build_left_is_swept(tmp_path: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    old, young = cache / ".a.index.x.part", cache / ".b.index.y.part"
    old.touch()
    young.touch()
    age(old)
    load_table(old_table(tmp_path / "table.json", record(CONV, 5.0)))
    assert (old.exists(), young.exists()) == (False, True)


def test_two_processes_may_build_at_once(tmp_path: Path, cache: Path) -> None:
    path = old_table(tmp_path / "table.json", *(record(op, 5.0) for op in OPS))
    code = (
        "import sys; from pathlib import Path\n"
        "from lut.table import content; content._SMALL_BYTES = 0\n"
        "from lut.table import load_table\n"
        "print(len(load_table(Path(sys.argv[1]))))"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert [run.communicate()[0].strip() for run in runs] == [b"39"] * 4
    assert len(list(cache.glob("*.index"))) == 1


def test_threads_may_share_a_table(tmp_path: Path) -> None:
    path = old_table(tmp_path / "table.json", *(record(op, float(n)) for n, op in enumerate(OPS, 2)))
    table = load_table(path)
    wrong: list[object] = []

    def look() -> None:
        for _ in range(50):
            found = [table.find(op).runtime_us for op in OPS]
            if found != [float(n) for n, _ in enumerate(OPS, 2)]:
                wrong.append(found)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_table_that_keeps_changing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old_table(tmp_path / "table.json", record(CONV, 5.0))
    looks = iter(range(100))
    monkeypatch.setattr(content, "look_at", lambda _: (0, 0, 1 << 30, next(looks), 0))
    with pytest.raises(FileError, match="changes while it is read"):
        load_table(path)


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_broken_tables_end_in_one_sentence_with_the_line(ending: str, tmp_path: Path, cache: Path) -> None:
    good = json.dumps(_fields())
    cases = {
        "cut": good[:-40],
        "type": json.dumps(_fields() | {"op_args": "kernel"}),
        "nan": good.replace("5.0", "NaN"),
        "negative": good.replace("5.0", "-5.0"),
        "huge": good.replace("5.0", "1" * 400),
        "twice": good.replace('"device"', '"op_type": "Conv", "device"'),
        "size": json.dumps(_fields() | {"input_shapes": [[1, -4]]}),
        "count": json.dumps(_fields() | {"input_dtypes": [1, 1]}),
    }
    for name, line in cases.items():
        path = tmp_path / f"{name}{ending}"
        text = f"{good}\n\n{line}\n{good}\n"
        if ending == ".json":
            path.write_text(text)
        else:
            _zip(path, text)
        with pytest.raises(FileError) as caught:
            load_table(path)
        message = str(caught.value)
        assert message.startswith(f"{path}:3 is not a table record: "), message
        assert "\n" not in message
    assert not list(cache.glob("*.index")), "nothing half-loaded"


def test_a_record_of_another_device_is_named_by_its_line(tmp_path: Path) -> None:
    path = old_table(tmp_path / "table.json", record(CONV, 5.0), record(RELU, 3.0), record(RELU, 3.0, "B"))
    with pytest.raises(ConflictError, match=rf"^{path} holds records of 2 devices: line 3 is of B"):
        load_table(path)


def test_repeated_operators_are_told_by_their_line(tmp_path: Path) -> None:
    said: list[str] = []
    records = [record(RELU, 3.0), record(CONV, 5.0), record(CONV, 7.0)]
    path = old_table(tmp_path / "table.json", *records)
    assert load_table(path, warn=said.append).find(CONV).runtime_us == 6.0
    assert said == [f"{path}:3 repeats the operator of line 2; the times of equal operators are averaged."]
    old_table(path, *records, *records)
    load_table(path, warn=said.append)
    assert "and 3 more lines repeat others" in said[-1]


def test_archives_that_expand_without_end_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lut.table.formats.lines.MAX_UNZIPPED_BYTES", 1000)
    path = tmp_path / "table.json.zip"
    write_zip([record(CONV, 5.0)] * 10, path)
    with pytest.raises(FileError, match=r"expands to \d+ bytes, the bound is 1000"):
        load_table(path)


def test_lines_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_bytes(b"x" * (3 << 20))
    with pytest.raises(FileError, match=r":1 is longer than 1 MiB"):
        load_table(path)


def test_keys_are_hashed_as_lines_are(tmp_path: Path) -> None:
    """The digest of a line's bytes is that of the key, whoever wrote the line."""
    path = tmp_path / "table.json"
    odd = OpKey("Öp\u2028", ('name: "a"\n', "\t\\"), ((), (3,)), (1, 6))
    records = [record(op, 5.0) for op in (CONV, CONV_RELU, RELU)] + [record(odd, 2.0)]
    write(records, path)
    digests = [digest for _, (digest, _, _) in FORMATS[".json"].scan(path, None, None)]
    assert digests == [each.key.digest for each in records]


def _fields() -> dict[str, object]:
    times = {f"runtime_us_p{percentile}": 5.0 for percentile in (0, 10, 50, 90, 100)}
    return {**RELU.key.to_json(), **times, "device": "A"}


def _zip(path: Path, text: str) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("table.json", text)


def test_an_absent_table_is_said_to_be_absent(tmp_path: Path) -> None:
    for index in (True, False):
        with pytest.raises(FileError, match="can't be read: No such file"):
            load_table(tmp_path / "table.json", index=index)
