"""One line of the published format as a record, checked in full and fast.

What is written as this project writes it is read by its parts (see `lut.key_reader`), anything else as
JSON, with the same answer.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from hashlib import blake2b
from typing import TypeAlias

from lut.ops import END, KeyReader, OpKey, read_head, refuse_repeated
from lut.records import PERCENTILES, LutRecord

__all__ = ["RUNTIME_FIELDS", "KeyDigest", "ParsedLine", "RecordParser", "parse_record"]

KeyDigest: TypeAlias = Callable[[OpKey], bytes]

ParsedLine: TypeAlias = tuple[bytes, tuple[float, ...], str]
"""A key's digest, the times in microseconds, the device."""

RUNTIME_FIELDS = tuple(f"runtime_us_p{percentile}" for percentile in PERCENTILES)

_KEY_FIELDS = ("op_type", "op_args", "input_shapes", "input_dtypes")
_FIELDS = frozenset({*_KEY_FIELDS, *RUNTIME_FIELDS, "device"})
_LEFT_OUT = "ws_nbytes_limit"

_TIMES = END + b'"%s": ' % RUNTIME_FIELDS[0].encode()
# A time with a point and no exponent is finite and no less than 1; others are read as JSON.
_TIME = rb"([1-9]\d{0,15}\.\d+)"
_match_times = re.compile(
    _TIME
    + b"".join(b', "%s": %s' % (name.encode(), _TIME) for name in RUNTIME_FIELDS[1:])
    + rb', "device": (".*")\}'
).fullmatch


class RecordParser:
    """Parses the lines of one table; it remembers the parts that it met.

    `digest` makes of a key what an index holds; without it that is `OpKey.digest`.
    """

    def __init__(self, digest: KeyDigest | None = None) -> None:
        self._digest = digest
        self._keys = KeyReader(_read_head)
        self._devices: dict[bytes, str] = {}

    def parse(self, line: bytes) -> LutRecord:
        """Read a line whole.

        Raises:
            ValueError: it is no record; the message says why.
        """
        text, _, rest = line.partition(_TIMES)
        figures = self._read_figures(rest)
        key = self._keys.read(text) if figures else None
        return parse_record(line) if key is None or figures is None else LutRecord(key, *figures)

    def scan(self, line: bytes) -> ParsedLine:
        """Read of a line what an index needs: the key's digest, the times, the device. All is checked.

        Raises:
            ValueError: as `parse`.
        """
        if self._digest is None:
            text, _, rest = line.partition(_TIMES)
            figures = self._read_figures(rest)
            if figures is not None and self._keys.knows(text):
                return blake2b(text, digest_size=16).digest(), *figures
        record = self.parse(line)
        digest = record.key.digest if self._digest is None else self._digest(record.key)
        return digest, record.runtime_us, record.device

    def _read_figures(self, text: bytes) -> tuple[tuple[float, ...], str] | None:
        """Read times and device as this project writes them; None for anything else."""
        found = _match_times(text)
        if found is None:
            return None
        p0, p10, p50, p90, p100, device_text = found.groups()
        device = self._devices.get(device_text)
        if device is None:
            device = _read_text(device_text)
            if device is None:
                return None
            self._devices[device_text] = device
        return (float(p0), float(p10), float(p50), float(p90), float(p100)), device


def _read_head(text: bytes) -> tuple[str, tuple[str, ...]] | None:
    head = read_head(text)
    return None if head is None or any(_LEFT_OUT in argument for argument in head[1]) else head


def _read_text(text: bytes) -> str | None:
    try:
        value = json.loads(text)
        value.encode()
    except ValueError:
        return None
    return value if json.dumps(value).encode() == text else None


def parse_record(line: bytes) -> LutRecord:
    """Read a line by JSON alone.

    Raises:
        ValueError: it is no record; the message says why.
    """
    try:
        fields = json.loads(line, object_pairs_hook=refuse_repeated)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(fields, dict):
        raise ValueError("it is no JSON object")
    if fields.keys() != _FIELDS:
        unknown, absent = sorted(fields.keys() - _FIELDS), sorted(_FIELDS - fields.keys())
        raise ValueError(f"unknown keys {unknown}, absent keys {absent}")
    runtimes = tuple(fields[name] for name in RUNTIME_FIELDS)
    for name, value in zip(RUNTIME_FIELDS, runtimes, strict=True):
        if type(value) not in (int, float) or not 0 <= value <= sys.float_info.max:
            raise ValueError(f"{name} is {value!r}, expected is a time in microseconds")
    if not isinstance(fields["device"], str):
        raise ValueError("the field 'device' is no text")
    fields["device"].encode()  # as the key's own texts
    key = OpKey.from_json(fields)
    kept = tuple(text for text in key.op_args if _LEFT_OUT not in text)
    return LutRecord(key._replace(op_args=kept), runtimes, fields["device"])
