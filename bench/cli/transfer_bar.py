"""How far a download is, shown on a terminal."""

from __future__ import annotations

from contextlib import ExitStack

from lut.cli import Bar, say

__all__ = ["TransferBar"]


class TransferBar:
    """A bar with megabytes and their rate, there from the first byte to the last; sentences go above it."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Bar | None = None
        self._shown = ExitStack()

    def __enter__(self) -> TransferBar:
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.close()

    def show(self, done: int, total: int) -> None:
        """Show that so many bytes of all came."""
        if self._bar is None:
            self._bar = self._shown.enter_context(Bar(total, "B", self._quiet, scaled=True))
        self._bar.set(done)
        if done >= total:
            self._shown.close()
            self._bar = None

    def say(self, message: str) -> None:
        """Tell a step."""
        if self._bar is not None and self._bar.shown:
            self._bar.say(message)
        else:
            say(self._quiet)(message)
