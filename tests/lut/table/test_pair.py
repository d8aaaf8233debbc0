"""A table and its sidecar: at every instant a reader finds two that belong together, or hears why not."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from itertools import count
from pathlib import Path

import pytest

from lut.errors import ConflictError, FileError
from lut.records import LutRecord
from lut.sidecar import PredictedRecords, Sidecar, sidecar_path
from lut.table import hash_content, load_table, read_sidecar, update_table
from lut.table.formats.json_lut import write
from tests.bounds import SOAK
from tests.lut.samples import CONV, RELU, SEGMENT, record

KILLS = 200 if SOAK else 20


def written(path: Path, *records: LutRecord, sidecar: Sidecar | None = None) -> Path:
    with update_table(path) as update:
        update.write(records, sidecar or Sidecar(segments=(SEGMENT,)))
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return written(tmp_path / "table.json", record(RELU, 5.0))


def test_a_table_comes_with_its_sidecar_and_nothing_else(table: Path) -> None:
    assert {path.name for path in table.parent.iterdir()} == {"table.json", "table.meta.json"}
    sidecar = read_sidecar(table)
    assert sidecar is not None
    assert sidecar.content == hash_content(table)


def test_a_published_table_has_none(tmp_path: Path) -> None:
    write([record(RELU, 5.0)], tmp_path / "table.json")
    assert read_sidecar(tmp_path / "table.json") is None


def test_zipping_a_table_leaves_it_the_same(table: Path) -> None:
    zipped = table.with_name("table.json.zip")
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.write(table, "table.json")
    assert hash_content(zipped) == hash_content(table)
    assert read_sidecar(zipped) == read_sidecar(table)


def test_a_sidecar_of_another_table_is_not_believed(table: Path) -> None:
    write([record(RELU, 6.0)], table)
    with pytest.raises(FileError, match=r"table\.meta\.json is not of table\.json as it is now"):
        read_sidecar(table)
    with pytest.raises(FileError, match="Move"), update_table(table):
        pass
    sidecar_path(table).unlink()
    assert read_sidecar(table) is None


def test_one_of_version_1_is_believed_where_it_states_as_many_records(table: Path) -> None:
    sidecar_path(table).write_text('{"version": 1, "records": 1}')
    assert read_sidecar(table) == Sidecar(records=1)
    sidecar_path(table).write_text('{"version": 1, "records": 2}')
    with pytest.raises(FileError, match="is not of"):
        read_sidecar(table)


def test_a_writer_that_died_between_the_two_is_finished(table: Path) -> None:
    """The new table is in place, its sidecar is not yet: it is read from where it lies, and put in place."""
    kept = table.with_name("kept")
    shutil.copytree(table.parent, kept)
    written(table, record(RELU, 6.0), record(CONV, 7.0), sidecar=Sidecar(sources=("new",)))
    waiting = table.with_name(".table.json.next")
    waiting.mkdir()
    sidecar_path(table).rename(waiting / "table.meta.json")
    for old in (kept / "table.meta.json", None):
        if old is not None:
            shutil.copy(old, sidecar_path(table))
        else:
            sidecar_path(table).unlink()
        sidecar = read_sidecar(table)
        assert sidecar is not None
        assert sidecar.sources == ("new",)
    with update_table(table) as update:
        assert update.sidecar == sidecar
    assert {path.name for path in table.parent.iterdir()} == {"kept", "table.json", "table.meta.json"}


def test_a_writer_that_died_before_leaves_the_old_pair(table: Path) -> None:
    before = read_sidecar(table)
    waiting = table.with_name(".table.json.next")
    waiting.mkdir()
    write([record(RELU, 6.0)], waiting / "table.json")
    assert read_sidecar(table) == before
    with update_table(table) as update:
        assert update.sidecar == before
    assert not waiting.exists()


def test_what_can_not_be_written_leaves_the_old_pair(table: Path) -> None:
    before = {path.name: path.read_bytes() for path in table.parent.iterdir()}

    def fail() -> object:
        yield record(CONV, 1.0)
        raise OSError(28, "No space left on device")

    with pytest.raises(FileError, match="No space left"), update_table(table) as update:
        update.write(fail(), Sidecar())  # type: ignore[arg-type]
    assert {path.name: path.read_bytes() for path in table.parent.iterdir()} == before


def test_whoever_read_another_table_does_not_write(table: Path) -> None:
    content = hash_content(table)
    written(table, record(RELU, 6.0))
    with update_table(table) as update, pytest.raises(ConflictError, match="changed by another command"):
        update.check_unchanged(content)


def test_readers_see_pairs_only(table: Path) -> None:
    """A writer puts a predicted record and a measured one in turn; whoever reads knows which it is."""
    predicted = Sidecar(predicted=PredictedRecords({RELU.id: (1.0, 2.0)}))
    done = threading.Event()

    def alternate() -> None:
        for number in count():  # no two tables are the same: what was seen twice was there all the while
            if done.is_set():
                return
            written(table, record(RELU, 100.0 + number), sidecar=predicted if number % 2 else None)

    writer = threading.Thread(target=alternate)
    writer.start()
    try:
        for _ in range(100):
            content = hash_content(table)
            sidecar = read_sidecar(table)
            if hash_content(table) == content:
                assert sidecar is not None
                assert sidecar.content == content
    finally:
        done.set()
        writer.join()


_WRITER = """
import sys
from pathlib import Path
from lut.sidecar import PredictedRecords, Sidecar
from lut.table import update_table
from tests.lut.samples import RELU, int8_conv, record
path, first = Path(sys.argv[1]), int(sys.argv[2])
print("begun", flush=True)
for number in range(first, first + 10_000):
    with update_table(path) as update:
        old = list(update.read())
        new = record(int8_conv(channels=number), 5.0 + number)
        predicted = PredictedRecords({RELU.id: (1.0, 2.0)} if number % 2 else {})
        update.write([*old, new], Sidecar(records=len(old) + 1, predicted=predicted))
    print(number, flush=True)
"""


@pytest.mark.parametrize("seed", range(KILLS // 10))
def test_killed_writers_lose_nothing_that_they_told(seed: int, tmp_path: Path) -> None:
    """Two at once, killed at random moments: what either said it wrote is there, and the pair is one."""
    chance = random.Random(seed)
    table = written(tmp_path / "table.json", record(RELU, 5.0))
    told: set[int] = set()
    for round_ in range(5):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", _WRITER, str(table), str(100_000 * (2 * round_ + each + 1))],
                stdout=subprocess.PIPE,
                text=True,
            )
            for each in range(2)
        ]
        assert all(writer.stdout is not None and writer.stdout.readline() == "begun\n" for writer in writers)
        time.sleep(chance.uniform(0.0, 0.3))
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        told |= {
            int(line) for writer in writers for line in writer.communicate()[0].split() if line.isdigit()
        }
        sidecar = read_sidecar(table)
        assert sidecar is not None
        present = list(load_table(table, index=False))
        assert sidecar.records in (None, len(present))
        channels = {each.key.input_shapes[0][-1] for each in present if each.key.op_type == "Int8Conv"}
        assert told <= channels
        last = max((each.p50 for each in present[1:]), default=0.0)
        assert last == 0.0 or (sidecar.predicted is not None)
