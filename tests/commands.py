"""Command lines run in the tests' own process."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

__all__ = ["MOST_TRIES", "Outcome", "is_disturbed", "make_runner"]

Outcome = tuple[int, str, str]

MOST_TRIES = 4
"""So often is a command run that says each time that something disturbed the device."""


def make_runner(
    program: str,
    main: Callable[[], object],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Outcome]:
    """Give what runs a program with arguments, and gives its exit code, stdout and stderr."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", [program, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, out, err

    return run


def is_disturbed(code: int, printed: str) -> bool:
    """Tell whether a command ended as it does where something disturbed the device."""
    return code == 6 and "something disturbed the device" in printed
