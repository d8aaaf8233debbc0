"""What an operator costs, before anything is measured."""

from __future__ import annotations

from lut.ops import OpSpec, bytes_moved, multiply_adds

__all__ = ["estimate_run_s"]


def estimate_run_s(op: OpSpec) -> float:
    """A rough time of one run, good enough to cut blocks by: 4 multiply-adds or bytes a nanosecond."""
    return 10e-6 + (multiply_adds(op) + bytes_moved(op)) / 4e9
