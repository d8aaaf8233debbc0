"""Which segment, and so which unit, the lines of journals that are read together are of."""

from __future__ import annotations

from pathlib import Path

from lut.entries import Anchor, Measurement, Segment
from lut.errors import ConflictError

__all__ = ["Sources"]


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
