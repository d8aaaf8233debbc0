"""One line of the published format as a record, checked in full and fast."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from hashlib import blake2b
from typing import Annotated, TypeAlias

import msgspec

from lut.ops import KeyFields, OpKey
from lut.records import PERCENTILES, LutRecord
from lut.schema import make_decoder

__all__ = ["RUNTIME_FIELDS", "KeyDigest", "ParsedLine", "read_record", "scan_record"]

KeyDigest: TypeAlias = Callable[[OpKey], bytes]

ParsedLine: TypeAlias = tuple[bytes, tuple[float, ...], str]
"""A key's digest, the times in microseconds, the device."""

RUNTIME_FIELDS = tuple(f"runtime_us_p{percentile}" for percentile in PERCENTILES)

_LEFT_OUT = "ws_nbytes_limit"
_LEFT_OUT_BYTES = _LEFT_OUT.encode()

_MOST_US = 10**15
"""Thirty years: sums of such times are numbers still."""

Time: TypeAlias = (
    Annotated[int, msgspec.Meta(ge=0, le=_MOST_US)] | Annotated[float, msgspec.Meta(ge=0, le=_MOST_US)]
)


class _Line(KeyFields, frozen=True, forbid_unknown_fields=True):
    runtime_us_p0: Time
    runtime_us_p10: Time
    runtime_us_p50: Time
    runtime_us_p90: Time
    runtime_us_p100: Time
    device: str


_TIMES = slice(-1 - len(RUNTIME_FIELDS), -1)
_QUOTES_AFTER_KEY = 14
"""Of the names of the times and the device, and of the device: the quotes in a line behind its key's text."""

_decode = make_decoder(_Line)


def read_record(line: bytes) -> LutRecord:
    """Read a line whole.

    Raises:
        ValueError: it is not a record; the message says why.
    """
    _, record = _read(line)
    return record


def scan_record(line: bytes, digest: KeyDigest | None = None) -> ParsedLine:
    """Read of a line what an index needs: the key's digest, the times, the device. All is checked.

    `digest` turns a key into what an index holds; without it that is `OpKey.digest`.

    Raises:
        ValueError: as `read_record`.
    """
    text, record = _read(line)
    held = blake2b(text, digest_size=16).digest() if digest is None else digest(record.key)
    return held, record.runtime_us, record.device


def _read(line: bytes) -> tuple[bytes, LutRecord]:
    """Read a line: its key's text, and the record."""
    line = line.removeprefix(codecs.BOM_UTF8)  # editors put one before a file's first line
    fields = _decode(line)
    times = msgspec.structs.astuple(fields)[_TIMES]
    p0, p10, p50, p90, p100 = times
    if not (p50 > 0 and p0 <= p10 <= p50 <= p90 <= p100):
        raise ValueError(f"its percentiles are {list(times)}; expected a median above 0, and none to fall")
    key = fields.key
    text = key.text
    # Counting quotes is quick, and tells that a line is written as this project writes it.
    if not line.startswith(text) or line.count(b'"', len(text)) != _QUOTES_AFTER_KEY:
        _refuse_repeated(line, fields)
    if _LEFT_OUT_BYTES in text:
        key = key._replace(op_args=tuple(each for each in key.op_args if _LEFT_OUT not in each))
        text = key.text
    return text, LutRecord(key, times, fields.device)


def _refuse_repeated(line: bytes, fields: _Line) -> None:
    """Refuse a line that holds a name twice, of which msgspec takes the last.

    With a value a line, that is longer than what was read.

    Raises:
        ValueError: it does.
    """
    found, read = (msgspec.json.format(text, indent=1) for text in (line, msgspec.json.encode(fields)))
    if found.count(b"\n") != read.count(b"\n"):
        raise ValueError("one of its keys appears twice")
