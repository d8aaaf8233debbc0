"""How a measurement is watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["UNWATCHED", "Watch"]


def _ignore(_: str) -> None:
    """Hear a sentence and do nothing."""


@dataclass(frozen=True)
class Watch:
    """Who hears of a measurement while it goes on, and when its program counts as hung."""

    announce: Callable[[str], None] = _ignore
    """Hears sentences for the user."""
    silence_s: float | None = None
    """How many seconds the program may print nothing; None leaves it to what is measured."""


UNWATCHED = Watch()
"""Nobody hears of it."""
