"""Which segment, and so which unit, the lines of journals are of, and which segments may be put together."""

from __future__ import annotations

from pathlib import Path

from lut.entries import Anchor, Measurement, Segment
from lut.errors import ConflictError

__all__ = ["Sources", "check_poolable"]


class Sources:
    """The segments of several journals, one read after the other."""

    def __init__(self) -> None:
        self._path = Path()
        self._segments: dict[str, Segment] = {}
        self._ambiguous: set[str] = set()
        self._begun: set[str] = set()
        self._first_visits: dict[tuple[Segment, Measurement], Path] = {}

    def begin(self, path: Path) -> None:
        """Begin with a journal."""
        self._path = path
        for known in (self._segments, self._ambiguous, self._begun):
            known.clear()

    def add(self, segment: Segment) -> None:
        """Add a segment of the present journal."""
        known = self._segments.setdefault(segment.id, segment)
        if known.device.serial != segment.device.serial:
            self._ambiguous.add(segment.id)

    def find(self, visit: Measurement) -> Segment:
        """Give a visit's segment.

        Raises:
            ConflictError: the segment begins with the very visit that it begins with in another journal, as
                it does in copies alone, be they gone on with or not.
        """
        segment = self._segments[visit.segment]
        if visit.segment not in self._begun:
            self._begun.add(visit.segment)
            first = self._first_visits.setdefault((segment, visit), self._path)
            if first != self._path:
                raise ConflictError(
                    f"{self._path} holds what {first} holds: {segment.device.serial} measured both, from "
                    f"{segment.started or 'the same start'} on and with the same first times. Name one of "
                    f"them, the longer where one was gone on with."
                )
        return segment

    def unit_of(self, visit: Measurement | Anchor) -> str | None:
        """Give the serial of the unit that made a visit.

        None where that is not known: journals of version 1 name all units of a run alike.
        """
        return None if visit.segment in self._ambiguous else self._segments[visit.segment].device.serial


def check_poolable(path: Path, first: Segment, other: Segment, there: str, *, mixed: bool) -> None:
    """Refuse to put into one table what is not comparable: the one rule of whoever writes tables.

    Args:
        path: the file that holds `other`.
        first: what is in the table.
        other: what is to be added.
        there: what to call the former.
        mixed: whether programs and configurations may differ; the table then says so, whenever it is asked.

    Raises:
        ConflictError: the devices differ, or what may not.
    """
    if other.device.name != first.device.name:
        raise ConflictError(
            f"{path} is of the device {other.device.name}, {there} of {first.device.name}. A table holds "
            f"one device: merge them one by one."
        )
    if mixed:
        return
    differences = list(first.differences(other))
    for part in ("program", "config"):
        differing = [
            f"{name} {ours!r} and {theirs!r}" for where, name, ours, theirs in differences if where == part
        ]
        if differing:
            raise ConflictError(
                f"{path} was measured with another {part} than {there}: {', '.join(differing)}. Such times "
                f"are not comparable; --mixed pools them anyway, and the table then says so."
            )
