"""Reading only what a merge needs of a journal's measurements: a million lines in half a minute.

Lines that this project wrote are read by their parts (see `lut.key_reader`); any other line is left to
`lut.journal`, which reads it as JSON with the same answer.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from lut.key_reader import END, KeyReader, read_head
from lut.records import Conditions, OpKey, OpSpec

__all__ = ["Visit", "VisitReader"]

_KIND = b'{"kind": "measurement", "segment": "'
_OP = b'", "op_type": '
_PASS = END + b'"pass": '
_MOST_CONDITIONS = 10_000

_NANOSECONDS = rb"[1-9]\d{0,17}"
_match_rest = re.compile(
    rb'(?:0|[1-9]\d{0,8}), "samples_ns": \[(%(ns)s(?:, %(ns)s)*)\], '
    rb'"warmup_ns": \[(?:%(ns)s(?:, %(ns)s)*)?\], '
    rb'"repeats": [1-9]\d{0,8}, "conditions": (\{.*\})\}\n' % {b"ns": _NANOSECONDS}
).fullmatch


class Visit(NamedTuple):
    """A measurement without what only the engine's friends ask for: segment, operator, samples."""

    segment: str
    key: OpKey
    samples_ns: tuple[int, ...]
    settled: bool | None


class VisitReader:
    """Reads the measurements of one journal; remembers their parts."""

    def __init__(self) -> None:
        self._keys = KeyReader(_read_normal_head)
        self._settled: dict[bytes, bool | None] = {}

    def read(self, line: bytes) -> Visit | None:
        """Read a measurement; None for any other line, and for one that was written otherwise."""
        if not line.startswith(_KIND):
            return None
        segment, _, rest = line[len(_KIND) :].partition(_OP)
        text, _, rest = rest.partition(_PASS)
        found = _match_rest(rest)
        if found is None or b"\\" in segment or not segment.isascii():
            return None
        samples, conditions = found.groups()
        key = self._keys.read(b'{"op_type": ' + text)
        if key is None or (conditions not in self._settled and not self._remember(conditions)):
            return None
        return Visit(segment.decode(), key, tuple(map(int, samples.split(b", "))), self._settled[conditions])

    def _remember(self, text: bytes) -> bool:
        """Read conditions and keep what they say; False if they are none."""
        try:
            conditions = Conditions(**json.loads(text))
        except (ValueError, TypeError, RecursionError):
            return False
        if len(self._settled) >= _MOST_CONDITIONS:
            self._settled.clear()
        self._settled[text] = conditions.settled
        return True


def _read_normal_head(text: bytes) -> tuple[str, tuple[str, ...]] | None:
    """Read a head whose arguments stand as `OpSpec` puts them: any other spelling would be another key."""
    head = read_head(text)
    if head is None:
        return None
    try:
        key = OpSpec.from_key(OpKey(*head, (), ())).key
    except ValueError:
        return None
    return head if (key.op_type, key.op_args) == head else None
