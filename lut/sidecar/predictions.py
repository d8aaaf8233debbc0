"""Which records of a table are predictions, and how far off these may be.

A table has the ten keys of the published format and no other, so its sidecar says so. Operators are named by
their ids (`OpSpec.id`); intervals are in microseconds and hold the true time in 90 % of cases, judging by the
operators that were held out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

import msgspec

from lut.schema import Record, Share, Whole

__all__ = ["FilledFamily", "Interval", "NetErrors", "PredictedRecords"]

Interval: TypeAlias = tuple[float, float]
_Part: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]


class NetErrors(Record, frozen=True):
    """How errors of predictions add up over a net: 0 where they are independent, 1 where all are alike.

    `correlation` was fitted on some nets of the space, and `covered` is the share of `tested_on` others whose
    error it bounded as it should; 0.9 is meant.
    """

    correlation: _Part
    fitted_on: Whole
    tested_on: Whole
    covered: _Part


class FilledFamily(Record, frozen=True):
    """A family's predictions: what they were fitted to, and how far off they were on operators held out.

    Errors are absolute values of predicted / measured - 1, and in microseconds; None where
    too few were held out.
    """

    family: str
    predicted: Whole
    fitted: Whole
    held_out: Whole
    median_error: Share | None = None
    p90_error: Share | None = None
    p90_error_us: Share | None = None


class PredictedRecords(Record, frozen=True):
    """The predictions of a table: the interval of each in microseconds, by the operator's id."""

    intervals: Mapping[str, Interval]
    space: str = ""
    net: NetErrors | None = None
    families: tuple[FilledFamily, ...] = ()
