"""How messages list things: the first of them, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

__all__ = ["list_first"]


def list_first(lines: Iterable[str], count: int, most: int = 10) -> str:
    """List the first things on an indented line each, then how many more there are.

    Args:
        lines: one for each thing; no more are taken than are listed.
        count: how many things there are.
        most: how many are listed at most.
    """
    listed = [f"  {line}" for line in islice(lines, min(count, most))]
    if count > len(listed):
        listed.append(f"  and {count - len(listed):,} more")
    return "\n".join(listed)
