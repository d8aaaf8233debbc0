"""What is fuzzed: every reader of a file that somebody else may have written.

A target takes bytes. It may refuse them with the project's own errors, and with nothing else.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from bench.device_runner.phone.profile import read_profile
from bench.device_runner.program import CanaryMemory, CanaryTimes
from bench.device_runner.program.events import ParseError, parse_event
from bench.engines import CAFFE2
from bench.farm.offer import HostOffer
from bench.farm.reports import read_report, write_report
from bench.op_generators import FAMILIES
from bench.op_generators.grid_file import MOST_POINTS, read_grid
from lut.entries import DeviceInfo, ProgramInfo, RunConfig, Segment
from lut.errors import LutError, ModelError
from lut.frontends import PRECISIONS, load_model
from lut.journal import format_entry, parse_line, read_journal
from lut.merge import merge_journals
from lut.ops import parse_argument
from lut.ops.canonical import canonical_key
from lut.plan import read_parts, write_plan
from lut.records import PERCENTILES
from lut.sidecar import format_sidecar, parse_sidecar, read_setting
from lut.spaces import load_blocks, write_blocks
from lut.table import load_table, parse_argument_filter, parse_shape_filter
from lut.table.formats import FORMATS
from lut.table.formats.json_record import read_record
from lut.table.index import open_index
from lut.validation import Validation, describe_validation, read_validation, write_validation

__all__ = ["TARGETS"]


def _read_table(data: bytes, ending: str) -> None:
    """Load a table; the quick way must agree with the way by JSON, line by line, and scan with read."""
    path = _write(data, f"table{ending}")
    try:
        records = list(FORMATS[ending].read(path))
        scanned = [line for _, line in FORMATS[ending].scan(path, None, None)]
    except LutError:
        for match in ("exact", "canonical"):
            _refuses(partial(load_table, path, index=False, match=match))
        raise
    expected = [(record.key.digest, record.runtime_us, record.device) for record in records]
    assert scanned == expected
    for record in records:
        assert canonical_key(canonical_key(record.key)) == canonical_key(record.key)
    assert len(load_table(path, index=False)) == len(records)


def _refuses(action: Callable[[], object]) -> None:
    try:
        action()
    except LutError:
        return
    raise AssertionError("one reader took what another refused")


def _parse_line(data: bytes) -> None:
    for line in data.split(b"\n"):
        try:
            record = read_record(line)
        except ValueError:
            continue
        fields = json.loads(line)
        assert record.runtime_us == tuple(fields[f"runtime_us_p{percentile}"] for percentile in PERCENTILES)
        assert record.device == fields["device"]
        assert record.key.input_shapes == tuple(map(tuple, fields["input_shapes"]))


def _read_journal(data: bytes) -> None:
    """Read a journal; what was taken is written, and read back as it was."""
    path = _write(data, "run.jsonl")
    for entry in read_journal(path):
        assert parse_line(path, 1, format_entry(entry)) == entry
    list(merge_journals([path], lambda _: None).records)


def _read_plan(data: bytes) -> None:
    parts = list(read_parts(_write(data, "plan.jsonl")))
    write_plan(parts, _FOLDER / "again.jsonl")
    assert list(read_parts(_FOLDER / "again.jsonl")) == parts


def _read_net(data: bytes, ending: str) -> None:
    folder = _FOLDER / f"model{ending.replace('.', '_')}"
    folder.mkdir(exist_ok=True)
    predict, _, init = data.partition(b"\n#init\n")
    (folder / f"model{ending}").write_bytes(predict)
    (folder / f"model_init{ending}").write_bytes(init or predict)
    (folder / "input_dims.json").write_bytes(b'{"data": [1, 8]}')
    load_model(folder)


def _read_file_of_a_net(data: bytes, ending: str) -> None:
    """Read a file of a net in floats and in 8 bits; each node of it has a line."""
    path = _write(data, f"model{ending}")
    load_model(path)
    for precision in PRECISIONS:
        with contextlib.suppress(ModelError):
            model = load_model(path, precision=precision)
            assert all(fate.detail for fate in model.fates)


def _parse_texts(data: bytes) -> None:
    text = data.decode(errors="replace")
    for parse in (parse_argument, parse_argument_filter, parse_shape_filter):
        try:
            parse(text)
        except ValueError:
            continue


def _open_index(data: bytes) -> None:
    index = open_index(_write(data, "some.index"))
    if index is not None:
        index.find(bytes(16))


def _load_blocks(data: bytes, ending: str) -> None:
    blocks = load_blocks(_write(data, f"blocks{ending}"))
    write_blocks(blocks, _FOLDER / f"again{ending}")
    assert repr(load_blocks(_FOLDER / f"again{ending}")) == repr(blocks)


def _parse_events(data: bytes) -> None:
    for line in data.decode(errors="replace").split("\n"):
        with contextlib.suppress(ParseError):
            assert parse_event(line)


def _recall_canary(data: bytes) -> None:
    memory = CanaryMemory(CAFFE2.canary, _FOLDER / "canary")
    memory.learn(_SEGMENT, CanaryTimes(37_000, 4_400))
    (file,) = (_FOLDER / "canary").iterdir()
    file.write_bytes(data)
    usual = memory.recall(_SEGMENT)
    assert usual is None or min(usual.net_ns, usual.memory_ns) > 0


def _use(validation: Validation) -> None:
    assert describe_validation(validation)
    write_validation(validation, _FOLDER / "again.json")
    assert read_validation(_FOLDER / "again.json") == validation


def _read_sidecar(data: bytes) -> None:
    """Read a sidecar, and ask it for what is answered from it."""
    sidecar = parse_sidecar(data, Path("table.meta.json"))
    assert parse_sidecar(format_sidecar(sidecar), Path("table.meta.json")) == sidecar
    sidecar.describe_mixture()
    read_setting(sidecar, "table")


def _ignore(_read: object) -> None:
    """What was taken needs no further question."""


def _read_grid(data: bytes) -> None:
    """Read a grid, which may not ask for more points than the program takes."""
    grid = read_grid(_write(data, "grid.toml"), FAMILIES)
    assert sum(table.points for table in grid.tables) <= MOST_POINTS


def _read_offer(data: bytes) -> None:
    offer = HostOffer.from_json(_parse(data), "tcp://127.0.0.1:1", {})
    assert HostOffer.from_json(offer.to_json(), "tcp://127.0.0.1:1", {}) == offer


def _read_report(data: bytes) -> None:
    token, report = read_report(_parse(data))
    assert read_report(write_report(token, report)) == (token, report)


def _parse(data: bytes) -> Any:
    """Parse JSON as the farm's own messages come: values of any kind; what is none is no message."""
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError) as error:
        raise LutError("no message") from error


_SEGMENT = Segment(DeviceInfo("Box", "host", "host"), ProgramInfo("own", "ab", "torch"), RunConfig())

_HOLDER = tempfile.TemporaryDirectory()
_FOLDER = Path(_HOLDER.name)


def _write(data: bytes, name: str) -> Path:
    path = _FOLDER / name
    path.write_bytes(data)
    return path


TARGETS: dict[str, Callable[[bytes], None]] = {
    "table.json": lambda data: _read_table(data, ".json"),
    "table.json.zip": lambda data: _read_table(data, ".json.zip"),
    "line.json": _parse_line,
    "run.jsonl": _read_journal,
    "plan.jsonl": _read_plan,
    "model.pb": lambda data: _read_net(data, ".pb"),
    "model.pbtxt": lambda data: _read_net(data, ".pbtxt"),
    "model.onnx": lambda data: _read_file_of_a_net(data, ".onnx"),
    "model.tflite": lambda data: _read_file_of_a_net(data, ".tflite"),
    "argument.txt": _parse_texts,
    "table.index": _open_index,
    "blocks.json": lambda data: _load_blocks(data, ".json"),
    "validation.json": lambda data: _use(read_validation(_write(data, "validation.json"))),
    "table.meta.json": _read_sidecar,
    "grid.toml": _read_grid,
    "profile.toml": lambda data: _ignore(read_profile(_write(data, "profile.toml"))),
    "offer.json": _read_offer,
    "report.json": _read_report,
    "events.jsonl": _parse_events,
    "canary.json": _recall_canary,
    "blocks.npz": lambda data: _load_blocks(data, ".npz"),
}
"""By the name of the target's seed in corpus/."""
