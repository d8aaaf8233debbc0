"""Writers of tables, two at once, killed at random moments: nothing is lost, and nothing untrue is told."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lut.ops import OpSpec
from lut.table import load_table, update_table
from tests.bounds import SOAK
from tests.lut.writer import MEASURED, WAYS, time_ns, write_base

ROUNDS = 25 if SOAK else 1
"""Each kills four pairs."""


def start(how: str, folder: Path, first: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.lut.writer", how, str(folder), str(first)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def check(folder: Path, added: set[int]) -> None:
    """Hold every table there against what is known to be true of it."""
    for path in folder.glob("*-op_lut_database.json"):
        table = load_table(path, index=False)
        sidecar = table.sidecar
        assert sidecar is not None
        assert sidecar.records == len(table)
        for record in table.measured:
            assert record.p50 == time_ns(OpSpec.from_key(record.key)) / 1000
        if "-filled" not in path.name:
            assert sidecar.predicted is None
            keys = {record.key for record in table}
            assert {op.key for op in MEASURED} <= keys
            assert added <= {key.input_shapes[0][-1] for key in keys}


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_no_prediction_is_taken_for_measured_and_no_update_is_lost(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    table = write_base(tmp_path)
    added: set[int] = set()
    for number in range(4):
        pair = chance.choices(list(WAYS), weights=[1, 3, 2, 2], k=2)
        writers = [start(how, tmp_path, 1000 * (2 * number + each + 1)) for each, how in enumerate(pair)]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0.0, 0.4))
        for writer in writers:
            writer.kill()
        for writer in writers:
            said, complaints = writer.communicate()
            assert not complaints
            added |= {int(line) for line in said.split() if line.isdigit()}
        check(tmp_path, added)
    with update_table(table):
        pass
    assert {path.suffix for path in tmp_path.iterdir()} <= {".json", ".jsonl", ".next"}
