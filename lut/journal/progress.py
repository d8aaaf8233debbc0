"""What a journal holds already of a run that goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lut.drift import ResumedTimes
from lut.entries import Anchor, BlockState, Failure, Measurement, Repeated, Round, Segment
from lut.errors import ConflictError
from lut.journal.reading import ignore, read_journal
from lut.ops import OpKey

__all__ = ["RunProgress", "read_progress"]


@dataclass
class RunProgress:
    """What a journal already holds of one segment's identity: the visits made and the failures."""

    passes: dict[OpKey, set[int]] = field(default_factory=dict)
    failed: set[OpKey] = field(default_factory=set)
    file_bytes: int = 0
    """The journal's size when it was read."""
    times: ResumedTimes = field(default_factory=ResumedTimes)
    """What the visits tell of the device, for a run that goes on."""

    def add(self, entry: Measurement | Failure, passes: int) -> None:
        """Count an entry of a run that makes so many passes."""
        if isinstance(entry, Failure):
            self.failed.add(entry.op.key)
            self.times.forget(entry.op.key)
        else:
            made = self.passes.setdefault(entry.op.key, set())
            made.add(entry.pass_index)
            self.times.add_earlier(entry, is_last=len(made) >= passes)


def read_progress(path: Path, segment: Segment, warn: Callable[[str], None] = ignore) -> RunProgress:
    """Read what is done already of a run; an absent file means nothing is.

    Raises:
        ConflictError: the journal belongs to another device, program or configuration.
        FileError: it can't be read.
    """
    progress = RunProgress()
    if not path.exists():
        return progress
    progress.file_bytes = path.stat().st_size
    for entry in read_journal(path, warn):
        if isinstance(entry, Segment):
            _check_same(path, entry, segment)
        elif not isinstance(entry, BlockState | Repeated | Round | Anchor):
            progress.add(entry, segment.config.passes)
    return progress


def _check_same(path: Path, present: Segment, wanted: Segment) -> None:
    difference = next(present.differences(wanted), None)
    if difference is None:
        return
    part, name, there, here = difference
    raise ConflictError(
        f"{path} was measured with another {part}: {name} there is {there!r}, in this run {here!r}. "
        f"Choose another file for this run."
    )
