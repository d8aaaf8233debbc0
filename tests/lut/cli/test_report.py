"""`lut report` as its user types it: what is missing, wrong, or not installed is said in a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from lut.wording import install_extra
from tests.lut.report.conftest import Files, Report, files, report_command
from tests.lut.samples import CONV, DEVICE, SEGMENT, measured, written_journal

__all__ = ["files", "report_command"]  # the fixtures of the tests of the page


def test_without_plotly_the_sentence_names_what_to_install(
    files: Files, report_command: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    code, _, err = report_command("--lut", files.table, "-o", tmp_path / "report.html")
    assert code == 4
    assert install_extra("report") in err
    assert not (tmp_path / "report.html").exists()


def test_an_absent_table(report_command: Report, tmp_path: Path) -> None:
    code, _, err = report_command("--lut", tmp_path / "none.json", "-o", tmp_path / "report.html")
    assert code == 4
    assert "none.json" in err


def test_a_journal_of_another_device_is_refused(files: Files, report_command: Report, tmp_path: Path) -> None:
    segment = replace(SEGMENT, device=replace(DEVICE, name="Pixel-11-30"))
    run = written_journal(tmp_path / "pixel.run.jsonl", segment, measured(CONV, 5, segment=segment))
    code, _, err = report_command("--lut", files.table, "--run", run, "-o", tmp_path / "report.html")
    assert code == 4
    assert "pixel.run.jsonl is of the device Pixel-11-30, the report of Box-12-6.1." in err


def test_what_a_net_has_and_the_table_lacks_is_shown_as_missing(
    files: Files, report_command: Report, tmp_path: Path
) -> None:
    output = tmp_path / "report.html"
    assert report_command("--lut", files.table, "--model", files.model, "-q", "-o", output) == (0, "", "")
    text = output.read_text()
    assert "Partial sum of 2 of 3 operators" in text
    assert "Softmax [1,4]" in text


def test_a_table_without_a_sidecar_is_shown_and_says_so(
    files: Files, report_command: Report, tmp_path: Path
) -> None:
    output = tmp_path / "report.html"
    assert report_command("--lut", files.other, "-o", output)[0] == 0
    assert "No other.meta.json lies beside the table" in output.read_text()


def test_three_tables_are_a_wrong_usage(files: Files, report_command: Report, tmp_path: Path) -> None:
    tables = ["--lut", files.table] * 3
    code, _, err = report_command(*tables, "-o", tmp_path / "report.html")
    assert code == 2
    assert "--lut is given 3 times" in err


def test_a_broken_sidecar_is_named(files: Files, report_command: Report, tmp_path: Path) -> None:
    files.table.with_suffix(".meta.json").write_text("[]")
    code, _, err = report_command("--lut", files.table, "-o", tmp_path / "report.html")
    assert code == 4
    assert "does not say where a table comes from" in err


def test_a_report_of_another_format_is_refused(files: Files, report_command: Report, tmp_path: Path) -> None:
    code, _, err = report_command("--lut", files.table, "-o", tmp_path / "report.pdf")
    assert code == 2
    assert f"A report is a page of HTML, not .pdf: give -o {tmp_path / 'report.html'}" in err
    assert not list(tmp_path.glob("report.*"))
