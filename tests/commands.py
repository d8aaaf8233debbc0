"""Command lines run in the tests' own process."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

__all__ = ["Outcome", "make_runner"]

Outcome = tuple[int, str, str]


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
