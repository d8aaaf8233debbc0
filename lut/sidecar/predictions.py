"""Which records of a table are predictions, and how far off these may be.

A table has the ten keys of the published format and no other, so its sidecar says so. Operators are named by
their ids (`OpSpec.id`); intervals are in microseconds and hold the true time in 90 % of cases, judging by the
operators that were held out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

import msgspec

__all__ = ["FilledFamily", "Interval", "NetErrors", "PredictedRecords"]

Interval: TypeAlias = tuple[float, float]
_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
_Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Error: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]


class NetErrors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How errors of predictions add up over a net: 0 where they are independent, 1 where all are alike.

    `correlation` was fitted on some nets of the space, and `covered` is the share of `tested_on` others whose
    error it bounded as it should; 0.9 is meant.
    """

    correlation: _Share
    fitted_on: _Count
    tested_on: _Count
    covered: _Share


class FilledFamily(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A family's predictions: what they were fitted to, and how far off they were on operators held out.

    Errors are absolute values of predicted / measured - 1, and in microseconds; None where
    too few were held out.
    """

    family: str
    predicted: _Count
    fitted: _Count
    held_out: _Count
    median_error: _Error | None = None
    p90_error: _Error | None = None
    p90_error_us: _Error | None = None


class PredictedRecords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The predictions of a table: the interval of each in microseconds, by the operator's id."""

    intervals: Mapping[str, Interval]
    space: str = ""
    net: NetErrors | None = None
    families: tuple[FilledFamily, ...] = ()
