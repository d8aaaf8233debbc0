"""Real programs on a farm, every step by the command lines: simulated phones, and the host itself."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lut.entries import Measurement, Segment
from lut.journal import read_journal
from lut.plan import write_plan
from tests.bench.conftest import relu
from tests.bench.farm.conftest import BENCH, Farm
from tests.bounds import within
from tests.phone.conftest import need_userland
from tests.phone.running import run_phone

FEW = [relu(channels) for channels in range(1, 7)]

QUICKLY = ("--cache", "warm", "--passes", "1", "--iters", "3", "--warmup", "1")


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[None]:
    """A folder of adb keys for the hosts: nobody's own is used."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANDROID_USER_HOME", str(tmp_path / "android"))
        yield


def run(*words: object) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def measure(farm: Farm, folder: Path) -> Path:
    """Give the journal of a run on a farm."""
    write_plan(FEW, folder / "plan.jsonl")
    run(BENCH, "run", folder / "plan.jsonl", "--farm", farm.address.url, "-o", folder / "run.jsonl", *QUICKLY)
    return folder / "run.jsonl"


def merge(journal: Path) -> tuple[str, int]:
    """Make a table of a journal, and give the device's name and how many operators the table has."""
    said = run(BENCH.with_name("lut"), "merge", journal, "-o", journal.with_name("data"))
    [table] = journal.with_name("data").glob("*-op_lut_database.json")
    assert table.name in said
    return table.name.removesuffix("-op_lut_database.json"), len(table.read_text().splitlines())


@pytest.mark.usefixtures("keys")
def test_two_hosts_with_a_simulated_s8_each_share_a_plan(farm: Farm, tmp_path: Path) -> None:
    need_userland("arm64")
    with ExitStack() as stack:
        phones = [stack.enter_context(run_phone(f"s8-{number}")) for number in (1, 2)]
        farm.start_scheduler()
        for number, phone in enumerate(phones, 1):
            farm.start_worker(f"rack{number}", "--device", phone.serial, "--adb", "direct")
        farm.wait_for(2, within(60))
        journal = measure(farm, tmp_path)
        farm.close()
        assert [phone.foreign_files for phone in phones] == [[], []]
    entries = list(read_journal(journal))
    assert {entry.op for entry in entries if isinstance(entry, Measurement)} == set(FEW)
    assert {entry.device.serial for entry in entries if isinstance(entry, Segment)} == {
        f"{phone.serial}@rack{number}" for number, phone in enumerate(phones, 1)
    }
    assert merge(journal) == ("SM-G950U-7.0-24", len(FEW))


def test_the_host_is_a_device_of_a_farm(farm: Farm, tmp_path: Path) -> None:
    farm.start_scheduler()
    farm.start_worker("rack1", "--device", "host")
    [rack] = farm.wait_for(1)
    journal = measure(farm, tmp_path)
    segments = [entry for entry in read_journal(journal) if isinstance(entry, Segment)]
    assert {segment.device.serial for segment in segments} == {"host@rack1"}
    assert merge(journal) == (rack.phones[0].name, len(FEW))
