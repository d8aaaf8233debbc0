"""Sets of processors: those this process may use, and the hexadecimal masks that programs take."""

from __future__ import annotations

import os

__all__ = ["format_mask", "list_allowed", "read_mask"]


def list_allowed() -> list[int]:
    """Give the processors of this machine that this process may use, ascending.

    Only Linux keeps such a set; elsewhere it may use all.
    """
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def format_mask(cores: list[int]) -> str:
    """Write cores as a hexadecimal mask; "" for none."""
    return hex(sum(1 << core for core in cores)) if cores else ""


def read_mask(mask: str) -> frozenset[int]:
    """Give the cores of a hexadecimal mask."""
    bits = int(mask, 16)
    return frozenset(core for core in range(bits.bit_length()) if bits >> core & 1)
