"""What a device may say: a bound on its lines, and on what it says in answer to one command."""

from __future__ import annotations

from bench.device_runner.device import FloodError
from lut.files import LONGEST_LINE_BYTES

__all__ = ["MOST_OUTPUT_BYTES", "LineSplitter"]

MOST_OUTPUT_BYTES = 64 << 20
"""Of a command that is read as a whole, and of what a program says on stderr."""


class LineSplitter:
    """Cuts a stream that comes in pieces into lines, without their ends; a torn last line stays inside."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []
        self._length = 0

    def split(self, piece: bytes) -> list[bytes]:
        """Give the lines that a piece completes.

        Raises:
            FloodError: a line is longer than `LONGEST_LINE_BYTES`.
        """
        first, *others = piece.split(b"\n")
        self._length += len(first)
        if self._length > LONGEST_LINE_BYTES:
            raise FloodError(f"the program printed a line of more than {LONGEST_LINE_BYTES >> 20} MiB")
        self._begun.append(first)
        if not others:
            return []
        lines = [b"".join(self._begun), *others[:-1]]
        self._begun, self._length = [others[-1]], len(others[-1])
        return lines
