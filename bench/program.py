"""Where the program `bench` begins; see `lut.program`."""

from __future__ import annotations

from lut.program import begin

__all__ = ["main"]


def main() -> int:
    """Enter here from the shell."""
    return begin("bench.cli")
