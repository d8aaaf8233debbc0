"""Which records of a table are predictions, and which operators were measured to judge predictions by.

The table itself has the ten keys of the published format and no other, so its sidecar says so:

    "held_out": ["c0ffee…", …],
    "rounds": [["c0ffee…", …], …],
    "predicted": {"intervals": {"0ff1ce…": [11.9, 12.8], …}, "space": "chamnet",
                  "net": {"correlation": 0.04, "fitted_on": 200, "tested_on": 200, "covered": 0.91},
                  "families": [{"family": "Int8Conv 1x1", "fitted": 1402, "held_out": 368, …}, …]}

Operators are named by their ids (`OpSpec.id`); intervals are in microseconds and hold the true time in 90 %
of cases, judging by the operators that were held out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from lut.errors import FileError
from lut.files import read_bytes
from lut.sidecar.file import sidecar_path

__all__ = ["Choice", "FilledFamily", "NetErrors", "PredictedRecords", "read_choice", "read_predicted"]

Interval = tuple[float, float]


@dataclass(frozen=True)
class NetErrors:
    """How errors of predictions add up over a net: 0 where they are independent, 1 where all are alike.

    `correlation` was fitted on some nets of the space, and `covered` is the share of `tested_on` others whose
    error it bounded as it should; 0.9 is meant.
    """

    correlation: float
    fitted_on: int
    tested_on: int
    covered: float


@dataclass(frozen=True)
class FilledFamily:
    """A family's predictions: what they were fitted to, and how far off they were on operators held out.

    Errors are absolute values of predicted / measured - 1, and in microseconds; None where
    too few were held out.
    """

    family: str
    predicted: int
    fitted: int
    held_out: int
    median_error: float | None = None
    p90_error: float | None = None
    p90_error_us: float | None = None


@dataclass(frozen=True)
class PredictedRecords:
    """The predictions of a table: the interval of each in microseconds, by the operator's id."""

    intervals: Mapping[str, Interval]
    space: str = ""
    net: NetErrors | None = None
    families: tuple[FilledFamily, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give them as a sidecar holds them."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        return fields


@dataclass(frozen=True)
class Choice:
    """How a run with a goal chose operators: the ids of those in each round, and of those held out."""

    held_out: frozenset[str]
    rounds: tuple[tuple[str, ...], ...]


class _Part(msgspec.Struct):
    """What this module reads of a sidecar."""

    predicted: PredictedRecords | None = None
    held_out: tuple[str, ...] = ()
    rounds: tuple[tuple[str, ...], ...] = ()


_decode = msgspec.json.Decoder(_Part).decode


def read_predicted(table: Path) -> PredictedRecords | None:
    """Read which records of a table are predictions; None if all are measured, as far as its sidecar says.

    Raises:
        FileError: the sidecar can't be read, or not understood.
    """
    return _read(table).predicted


def read_choice(table: Path) -> Choice:
    """Read which of a table's operators were chosen together, and which to judge by.

    Raises:
        FileError: the sidecar can't be read, or not understood.
    """
    part = _read(table)
    return Choice(frozenset(part.held_out), part.rounds)


def _read(table: Path) -> _Part:
    path = sidecar_path(table)
    if not path.exists():
        return _Part()
    try:
        return _decode(read_bytes(path))
    except ValueError as error:
        raise FileError(
            f"{path} does not tell which records are predicted: {error}. Move it away to go on without it."
        ) from error
