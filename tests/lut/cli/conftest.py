"""The command line `lut` as tests call it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lut.cli import entry as cli
from lut.records import LutRecord
from lut.table import table_file_name
from lut.table.formats.json_lut import write

Outcome = tuple[int, str, str]
Lut = Callable[..., Outcome]


@pytest.fixture
def lut_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lut:
    """Run `lut` in this process and in `tmp_path`; give its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["lut", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, out, err

    return run


def write_table(*records: LutRecord, device: str = "Box-12-6.1") -> Path:
    path = Path(table_file_name(device))
    write(records, path)
    return path
