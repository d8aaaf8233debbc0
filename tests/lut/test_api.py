"""`import lut`: what it offers, when that is loaded, and what a type checker sees of it."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lut
from lut import errors
from lut.table import load_table
from lut.table.formats.json_lut import write
from tests.lut.samples import CONV, RELU, record

PROGRAM = """\
import lut

table = lut.open("table.json", "phone", index=False, match="canonical", warn=print, progress=lambda _: None)
reveal_type(table)
row = table.find(lut.OpSpec.of("Relu", [lut.TensorSpec((1, 8))], order="NCHW"))
reveal_type(row)
reveal_type(row.runtime_us)
reveal_type(row.predicted)
estimate = table.estimate("net", interpolate=True)
reveal_type(estimate)
reveal_type(table.calibration)
reveal_type(table.estimate_many([]))
reveal_type(lut.load_blocks("blocks.npz"))
try:
    reveal_type(lut.blocks("fbnet", table))
except lut.MissingOpsError as error:
    reveal_type(error.ops)
except lut.LutError as error:
    reveal_type(error.exit_code)
"""

REVEALED = [
    "lut.table.lut_table.LutTable",
    "lut.table.estimate.Row",
    "float | None",
    "lut.estimation.prediction.Prediction | None",
    "lut.table.estimate.Estimate",
    "lut.sidecar.calibration.Calibration",
    "lut.table.totals.Totals",
    "lut.spaces.block_table.BlockTable",
    "lut.spaces.block_table.BlockTable",
    "tuple[lut.ops.spec.OpSpec, ...]",
    "int",
]

MISTAKES = """\
import lut

lut.open("table.json", indx=False)
lut.LutTabel
lut.open("table.json").find("Relu")
lut.open("table.json").estimate("net").total_us + 1
"""


def run_python(code: str, folder: Path) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def check_types(program: str, folder: Path) -> list[str]:
    """Give what mypy says of a user's program, which lies outside of this checkout."""
    path = folder / "program.py"
    path.write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", path.name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", lut.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(lut, name).__name__ == name
    assert name in dir(lut)


def test_all_errors_are_there() -> None:
    assert set(errors.__all__) <= set(lut.__all__)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'lut' has no attribute 'nothing'"):
        getattr(lut, "nothing")  # noqa: B009 - mypy knows that it is not there


def test_numpy_waits_until_it_is_needed(tmp_path: Path) -> None:
    code = "import sys, lut; lut.FileError; print({0}); lut.load_blocks; print({0})"
    assert run_python(code.format("'numpy' in sys.modules"), tmp_path) == "False\nTrue\n"


def test_open_takes_what_load_table_takes() -> None:
    theirs, ours = inspect.signature(load_table).parameters, inspect.signature(lut.open).parameters
    assert list(ours) == list(theirs)
    assert [(each.kind, each.annotation) for each in list(ours.values())[1:]] == [
        (each.kind, each.annotation) for each in list(theirs.values())[1:]
    ]


def test_a_table_is_opened_and_asked(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    write([record(CONV, 2.5), record(CONV, 3.5)], path)
    heard: list[str] = []
    table = lut.open(str(path), index=False, warn=heard.append)
    assert table.find(CONV).runtime_us == 3.0
    assert table.find(RELU).runtime_us is None
    assert "repeats the operator of line 1" in heard[0]


def test_what_is_missing_of_a_space_is_in_the_error(tmp_path: Path) -> None:
    write([record(CONV, 2.5)], tmp_path / "table.json")
    table = lut.open(tmp_path / "table.json", index=False)
    with pytest.raises(lut.MissingError) as caught:
        lut.blocks("fbnet", table)
    assert isinstance(caught.value, lut.MissingOpsError)
    assert all(isinstance(op, lut.OpSpec) for op in caught.value.ops)


def test_a_type_checker_sees_the_types(tmp_path: Path) -> None:
    said = check_types(PROGRAM, tmp_path)
    revealed = [re.search(r'Revealed type is "(.*)"', line) for line in said]
    assert [match[1].replace("builtins.", "") if match else None for match in revealed] == REVEALED, said


def test_a_type_checker_sees_mistakes(tmp_path: Path) -> None:
    said = check_types(MISTAKES, tmp_path)
    assert [int(line.split(":")[1]) for line in said if ": error: " in line] == [3, 4, 5, 6], said
