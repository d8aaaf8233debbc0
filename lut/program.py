"""Where the programs begin, so that Ctrl-C while they import ends them as it does later."""

from __future__ import annotations

import sys
from importlib import import_module

__all__ = ["begin", "main"]


def main() -> int:
    """Enter here from the shell for `lut`."""
    return begin("lut.cli")


def begin(package: str) -> int:
    """Import a command line, which takes a fraction of a second, and run it; give the exit code."""
    try:
        run = import_module(package).main
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return 130
    run()
    return 0
