"""Processes and threads that the system would not start, in sentences."""

from __future__ import annotations

import errno

__all__ = ["NO_ROOM", "describe_refusal"]

NO_ROOM = (
    "This machine has no room for another process. End other programs, or raise its limits "
    "(`ulimit -u`, `ulimit -n`), and give the command again."
)

_FULL = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}


def describe_refusal(program: str, error: OSError, otherwise: str) -> str:
    """Say that a program can't be started and why, with the next step: `otherwise` if there was room."""
    match error.errno:
        case errno.E2BIG:
            step = "The environment is too large for it: unset the longest of its variables (`env`)."
        case number if number in _FULL:
            step = NO_ROOM
        case _:
            step = otherwise
    return f"{program} can't be started: {error.strerror or error}. {step}"
