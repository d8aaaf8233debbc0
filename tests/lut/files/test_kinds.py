"""Files known by their content, and the sentence for a reader that was given another kind."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lut.errors import FileError
from lut.files import explain_kind, kind_of
from lut.frontends import load_model
from lut.journal import read_journal
from lut.plan import read_plan, write_plan
from lut.table import load_table
from lut.table.formats.json_lut import write, write_zip
from lut.validation import read_validation
from tests.lut.samples import RELU, SEGMENT, measured, record, written_journal, written_model

WRITTEN = {
    "table": "a.json",
    "sidecar": "a.meta.json",
    "plan": "a.plan.jsonl",
    "journal": "a.run.jsonl",
    "validation": "a.validation.json",
    "caffe2": "net",
    "netdef": "net/model.pb",
    "folder": "folder",
    "zip": "a.zip",
    "onnx": "net.onnx",
    "tflite": "net.tflite",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one of each kind."""
    write([record(RELU, 5.0)], tmp_path / "a.json")
    (tmp_path / "a.meta.json").write_text(json.dumps({"version": 1, "segments": [], "sources": []}, indent=1))
    write_plan([RELU], tmp_path / "a.plan.jsonl")
    written_journal(tmp_path / "a.run.jsonl", SEGMENT, measured(RELU, 1_000))
    validation = {"version": 1, "device": "A", "table": "a.json", "config": {}, "nets": []}
    (tmp_path / "a.validation.json").write_text(json.dumps(validation, indent=1))
    written_model(tmp_path / "net")
    (tmp_path / "folder").mkdir()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08\x3a\x00")
    (tmp_path / "net.tflite").write_bytes(b"\x1c\x00\x00\x00TFL3")
    return tmp_path


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_file_is_known_by_its_content(kind: str, folder: Path) -> None:
    path = folder / WRITTEN[kind]
    assert kind_of(path) == kind
    if kind not in ("folder", "caffe2", "netdef"):
        other = folder / "renamed"
        path.rename(other)
        assert kind_of(other) == kind


def test_a_zipped_table_is_a_table_and_nothing_known_is_none(tmp_path: Path) -> None:
    write_zip([record(RELU, 5.0)], tmp_path / "a.json.zip")
    assert kind_of(tmp_path / "a.json.zip") == "table"
    for number, content in enumerate([b"", b"text", b"[]", b"{", b"{}", b'{"kind": []}', b"\xff\xfe"]):
        path = tmp_path / str(number)
        path.write_bytes(content)
        assert kind_of(path) is None
    assert kind_of(tmp_path / "absent") is None


READERS: dict[str, Callable[[Path], object]] = {
    "table": load_table,
    "model": load_model,
    "plan": lambda path: list(read_plan(path)),
    "journal": lambda path: list(read_journal(path)),
    "validation": read_validation,
}


STRANGERS = {
    "table": "sidecar plan journal validation onnx caffe2 folder zip",
    "model": "table sidecar plan journal validation netdef folder",
    "plan": "sidecar journal validation onnx",
    "journal": "table sidecar plan validation tflite",
    "validation": "table sidecar plan journal",
}


@pytest.mark.parametrize(
    ("wanted", "given"), [(wanted, given) for wanted, kinds in STRANGERS.items() for given in kinds.split()]
)
def test_a_reader_says_what_it_was_given_instead(wanted: str, given: str, folder: Path) -> None:
    path = folder / WRITTEN[given]
    with pytest.raises(FileError) as refusal:
        READERS[wanted](path)
    assert str(refusal.value) == explain_kind(path, wanted)
    assert str(refusal.value).startswith(f"{path} is ")
    assert f", not a {wanted}. " in str(refusal.value)


def test_what_is_wanted_needs_no_words(folder: Path) -> None:
    for wanted in ("table", "plan", "journal", "validation"):
        assert explain_kind(folder / WRITTEN[wanted], wanted) is None
    assert explain_kind(folder / "net", "model") is None


def test_the_table_beside_a_sidecar_is_named(folder: Path) -> None:
    words = explain_kind(folder / "a.meta.json", "table")
    assert words is not None
    assert words.endswith(f"Give the table, {folder / 'a.json'}.")
