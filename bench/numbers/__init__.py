"""Numbers: what a device computes, held against what should come out, before anything is timed on it.

Reading order: `gate` (who may be measured on), `samples` (which operators it computes), `check` (how they are
compared), `reference` and `images` (what is right). Only the gate is loaded at once: the others need numpy.
"""

from __future__ import annotations

from bench.numbers.gate import WrongNumbersError, check_numbers

__all__ = ["WrongNumbersError", "check_numbers"]
