"""Reading lines of JSON within a stated bound: a file without a line's end is not read whole into memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

__all__ = ["LONGEST_LINE_BYTES", "read_lines"]

LONGEST_LINE_BYTES = 16 << 20
"""The longest line of a plan or journal that is read: a visit of a million runs has a few MiB."""


def read_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Give a stream's lines, each with its end.

    Of a line longer than `LONGEST_LINE_BYTES`, a beginning that is longer than that too is given, without
    an end, and the rest is passed over.
    """
    while line := stream.readline(LONGEST_LINE_BYTES + 1):
        yield line
        while len(line) > LONGEST_LINE_BYTES and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_LINE_BYTES + 1)
