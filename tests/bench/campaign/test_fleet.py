"""Which journal a device's visits are written to."""

from pathlib import Path

import pytest

from bench.campaign import choose_journals
from lut.errors import ConflictError, FileError


def test_each_name_has_a_journal_of_its_own_in_a_folder(tmp_path: Path) -> None:
    assert choose_journals(["Phone-1", "Phone-2"], tmp_path) == {
        "Phone-1": tmp_path / "Phone-1.run.jsonl",
        "Phone-2": tmp_path / "Phone-2.run.jsonl",
    }
    assert choose_journals(["Phone-1"], tmp_path / "one") == {"Phone-1": tmp_path / "one"}
    with pytest.raises(ConflictError, match="The phones are of 2 names"):
        choose_journals(["Phone-1", "Phone-2"], tmp_path / "run.jsonl")


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"^No file can be called after the device '\.\./x'"):
        choose_journals(["Phone-1", "../x"], tmp_path)
