"""One line of the published format as a record, checked in full and fast.

msgspec reads what is written as this project writes it, and leaves anything else to Python's JSON, with
the same answer; what is wrong with a line is said there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import blake2b
from typing import Annotated, Any, TypeAlias

import msgspec

from lut.ops import KeyFields, OpKey
from lut.records import PERCENTILES, LutRecord

__all__ = ["RUNTIME_FIELDS", "KeyDigest", "ParsedLine", "parse_record", "read_record", "scan_record"]

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


_FIELDS = frozenset(_Line.__struct_fields__)
_TIMES = slice(-1 - len(RUNTIME_FIELDS), -1)
_QUOTES_AFTER_KEY = 14
"""Of the names of the times and the device, and of the device: the quotes in a line behind its key's text."""

_decode = msgspec.json.Decoder(_Line).decode


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
    found = _read_normal(line)
    if found is None:
        record = parse_record(line)
        return record.key.text, record
    return found


def _read_normal(line: bytes) -> tuple[bytes, LutRecord] | None:
    """Read a line that is written as this project writes it; None if it is not."""
    try:
        fields = _decode(line)
    except ValueError:
        return None
    times = msgspec.structs.astuple(fields)[_TIMES]
    if not _are_percentiles(times):
        return None
    key = fields.key
    text = key.text
    # msgspec takes the last of two equal names; the second one would be two quotes too many.
    if not line.startswith(text) or line.count(b'"', len(text)) != _QUOTES_AFTER_KEY:
        return None
    if _LEFT_OUT_BYTES in text:
        return None
    return text, LutRecord(key, times, fields.device)


def _are_percentiles(times: tuple[float, ...]) -> bool:
    p0, p10, p50, p90, p100 = times
    return p50 > 0 and p0 <= p10 <= p50 <= p90 <= p100


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dict of JSON's pairs, for `object_pairs_hook`.

    Raises:
        ValueError: a key appears twice; JSON would silently take one of them.
    """
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} appears twice")
    return fields


def parse_record(line: bytes) -> LutRecord:
    """Read a line by JSON alone.

    Raises:
        ValueError: it is not a record; the message says why.
    """
    try:
        fields = json.loads(line, object_pairs_hook=_refuse_repeated)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(fields, dict):
        raise ValueError("it is not a JSON object")
    if fields.keys() != _FIELDS:
        unknown, absent = sorted(fields.keys() - _FIELDS), sorted(_FIELDS - fields.keys())
        raise ValueError(f"unknown keys {unknown}, absent keys {absent}")
    runtimes = tuple(fields[name] for name in RUNTIME_FIELDS)
    for name, value in zip(RUNTIME_FIELDS, runtimes, strict=True):
        if type(value) not in (int, float) or not 0 <= value <= _MOST_US:
            raise ValueError(
                f"{name} is {value!r}; expected a time in microseconds, of at most {_MOST_US:.0e}"
            )
    if not _are_percentiles(runtimes):
        raise ValueError(f"its percentiles are {list(runtimes)}; expected a median above 0, and none to fall")
    if not isinstance(fields["device"], str):
        raise ValueError("the field 'device' is not a string")
    fields["device"].encode()  # as the key's own texts
    key = OpKey.from_json(fields)
    kept = tuple(text for text in key.op_args if _LEFT_OUT not in text)
    return LutRecord(key._replace(op_args=kept), runtimes, fields["device"])
