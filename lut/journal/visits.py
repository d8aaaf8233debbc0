"""Reading only what a merge needs of a journal's measurements: a million lines in half a minute.

Lines that this project wrote are read by their parts (see `lut.key_reader`); any other line is left to
`lut.journal`, which reads it as JSON with the same answer.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import NamedTuple

from lut.entries import Conditions
from lut.ops import END, KeyReader, OpKey, OpSpec, read_head

__all__ = ["MeasurementLine", "VisitReader"]

_KIND = b'{"kind": "measurement", "segment": "'
_OP = b'", "op_type": '
_PASS = END + b'"pass": '
_MOST_CONDITIONS = 10_000
_NONE: Counter[str] = Counter()

_NANOSECONDS = rb"[1-9]\d{0,17}"
_match_rest = re.compile(
    rb'(?:0|[1-9]\d{0,8}), "samples_ns": \[(%(ns)s(?:, %(ns)s)*)\], '
    rb'"warmup_ns": \[(?:%(ns)s(?:, %(ns)s)*)?\], '
    rb'"repeats": [1-9]\d{0,8}, "conditions": (\{[^{}]*\})'
    rb'(?:, "discarded": \{"canary": \[(%(ns)s(?:, %(ns)s)*)?\], '
    rb'"preempted": \[(%(ns)s(?:, %(ns)s)*)?\]\})?\}\n' % {b"ns": _NANOSECONDS}
).fullmatch


class MeasurementLine(NamedTuple):
    """A measurement as far as a merge asks for it."""

    segment: str
    key: OpKey
    samples_ns: tuple[int, ...]
    conditions: Conditions
    discarded: Counter[str]
    """How many runs count for nothing, by cause."""


class VisitReader:
    """Reads the measurements of one journal; remembers their parts."""

    def __init__(self) -> None:
        self._keys = KeyReader(_read_normal_head)
        self._conditions: dict[bytes, Conditions] = {}

    def read(self, line: bytes) -> MeasurementLine | None:
        """Read a measurement; None for any other line, and for one that was written otherwise."""
        if not line.startswith(_KIND):
            return None
        segment, _, rest = line[len(_KIND) :].partition(_OP)
        text, _, rest = rest.partition(_PASS)
        found = _match_rest(rest)
        if found is None or b"\\" in segment or not segment.isascii():
            return None
        samples, conditions, slow, preempted = found.groups()
        key = self._keys.read(b'{"op_type": ' + text)
        if key is None or (conditions not in self._conditions and not self._remember(conditions)):
            return None
        return MeasurementLine(
            segment.decode(),
            key,
            tuple(map(int, samples.split(b", "))),
            self._conditions[conditions],
            Counter(canary=_count(slow), preempted=_count(preempted)) if slow or preempted else _NONE,
        )

    def _remember(self, text: bytes) -> bool:
        """Read conditions and keep what they say; False if they are none."""
        try:
            conditions = Conditions(**json.loads(text))
        except (ValueError, TypeError, RecursionError):
            return False
        if len(self._conditions) >= _MOST_CONDITIONS:
            self._conditions.clear()
        self._conditions[text] = conditions
        return True


def _count(numbers: bytes | None) -> int:
    return numbers.count(b",") + 1 if numbers else 0


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
