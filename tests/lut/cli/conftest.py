"""The command line `lut` as tests call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lut.cli import entry as cli
from lut.records import LutRecord
from lut.table import table_file_name
from lut.table.formats.json_lut import write
from tests.commands import Outcome, make_runner

Lut = Callable[..., Outcome]


@pytest.fixture
def lut_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lut:
    """Run `lut` in this process and in `tmp_path`; give its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    return make_runner("lut", cli.main, capsys, monkeypatch)


def write_table(*records: LutRecord, device: str = "Box-12-6.1") -> Path:
    path = Path(table_file_name(device))
    write(records, path)
    return path
