"""What a file is, by its content: for readers that were given another kind than theirs.

Adding a kind is one line in `_WORDS`, and in `_recognise` what tells it; what to do where it does not belong
is a line in `_ADVICE`.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

from lut.files.access import parse_json

__all__ = ["explain_kind", "kind_of"]

_WORDS = {
    "table": "a table of latencies",
    "zip": "a zip archive without a table",
    "sidecar": "the .meta.json that lies beside a table",
    "plan": "a plan",
    "journal": "a journal",
    "validation": "a validation",
    "onnx": "an ONNX model",
    "tflite": "a TFLite model",
    "caffe2": "a Caffe2 model",
    "netdef": "one of a Caffe2 model's two files",
    "folder": "a folder",
}
_MODELS = ("onnx", "tflite", "caffe2")

_ADVICE = {
    ("table", "sidecar"): "Give the table, {beside}.",
    ("table", "plan"): "`bench run {path}` measures it, and `lut merge` makes a table of the journal.",
    ("table", "journal"): "`lut merge {path} -o tables` makes a table of it.",
    ("table", "validation"): "Give the table that it was held against.",
    ("table", "model"): "Models are given without an option, and the table by --lut.",
    ("table", "folder"): "Give the file of a table in it, or the folder with --device NAME.",
    ("model", "table"): "Give one table by --lut; a pattern behind it that several files match makes models "
    "of all but the first.",
    (
        "model",
        "sidecar",
    ): "Give a model's folder or file; a pattern behind --lut may match one file only.",
    ("model", "plan"): "`bench run {path}` measures it.",
    ("model", "journal"): "`lut merge {path} -o tables` makes a table of it.",
    ("model", "netdef"): "Give the folder that holds both, {folder}.",
    ("plan", "journal"): "Give the plan, and this journal by -o: the run then goes on.",
    ("plan", "model"): "`bench run --space models --model {path}` measures its operators.",
    ("journal", "plan"): "`bench run {path} -o run.jsonl` measures it into a journal.",
    (
        "journal",
        "table",
    ): "A table holds no samples to merge: give the journals it was made from.",
    ("validation", "table"): "`bench validate MODEL --lut {path} --output FILE` makes a validation.",
}
_NEEDED = {
    "table": ("a table", "`lut merge` makes one of a journal."),
    "model": ("a model", "Give a file of .onnx or .tflite, or a folder with model.pb and model_init.pb."),
    "plan": ("a plan", "`bench generate` makes one."),
    "journal": ("a journal", "`bench run` writes one."),
    "validation": ("a validation", "`bench validate --output` writes one."),
}

_LINE_BYTES = 1 << 20
_WHOLE_BYTES = 64 << 20


def kind_of(path: Path) -> str | None:
    """Tell what a file is by its content: a name of `_WORDS`, or None where nothing is known of it."""
    try:
        if path.is_dir():
            return (
                "caffe2" if any((path / f"model{end}").is_file() for end in (".pb", ".pbtxt")) else "folder"
            )
        if zipfile.is_zipfile(path):
            return _kind_in_archive(path)
        with path.open("rb") as stream:
            first = stream.readline(_LINE_BYTES)
            if kind := _recognise(first):
                return kind
            if first.lstrip().startswith(b"{"):
                stream.seek(0)
                return _recognise(stream.read(_WHOLE_BYTES))
    except OSError:
        return None
    return _kind_of_bytes(first, path)


def explain_kind(path: Path, wanted: str) -> str | None:
    """Say what a file is and what to give instead, where a reader wants another kind.

    Args:
        path: what was given.
        wanted: "table", "model", "plan", "journal" or "validation".

    Returns:
        One or two sentences; None where it is of the kind that is wanted, or of none that is known.
    """
    kind = kind_of(path)
    general = "model" if kind in _MODELS else kind
    if kind is None or general == wanted:
        return None
    words, otherwise = _NEEDED[wanted]
    advice = _ADVICE.get((wanted, str(general)), otherwise)
    beside = path.name.removesuffix(".meta.json") + ".json"
    filled = advice.format(path=path, beside=path.with_name(beside), folder=path.parent)
    return f"{path} is {_WORDS[kind]}, not {words}. {filled}"


def _kind_in_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json") and not name.startswith("__MACOSX/"):
                    with archive.open(name) as stream:
                        if _recognise(stream.readline(_LINE_BYTES)) == "table":
                            return "table"
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError):
        return "zip"
    return "zip"


def _recognise(text: bytes) -> str | None:
    """Tell what holds this JSON object: a line of a table, plan or journal, or a whole file."""
    try:
        fields: Any = parse_json(text)
    except ValueError:
        return None
    if not isinstance(fields, dict):
        return None
    if "kind" in fields:
        return "journal" if "segment" in (fields["kind"], *fields) else None
    if "op_type" in fields:
        is_record = "device" in fields or any(name.startswith("runtime_us") for name in fields)
        return "table" if is_record else "plan" if "input_shapes" in fields else None
    if {"table", "nets", "config"} <= fields.keys():
        return "validation"
    return "sidecar" if {"segments", "sources"} & fields.keys() else None


def _kind_of_bytes(first: bytes, path: Path) -> str | None:
    if first[4:8] == b"TFL3" or path.suffix == ".tflite":
        return "tflite"
    if path.suffix == ".onnx" or (first[:1] == b"\x08" and first[2:3] in (b"\x12", b"\x3a")):
        return "onnx"  # the version of the format, then the producer or the graph
    return "netdef" if path.suffix in (".pb", ".pbtxt") else None
