"""Sets of processors as the hexadecimal masks that programs take."""

from __future__ import annotations

__all__ = ["format_mask", "read_mask"]


def format_mask(cores: list[int]) -> str:
    """Write cores as a hexadecimal mask; "" for none."""
    return hex(sum(1 << core for core in cores)) if cores else ""


def read_mask(mask: str) -> frozenset[int]:
    """Give the cores of a hexadecimal mask."""
    bits = int(mask, 16)
    return frozenset(core for core in range(bits.bit_length()) if bits >> core & 1)
