"""Validations: how far the sums of a table are from whole nets that were measured."""

from __future__ import annotations

from lut.validation.fit import LEAST_NETS, calibrate
from lut.validation.plot import plot_validation
from lut.validation.results import (
    ErrorSummary,
    NetComparison,
    Validation,
    format_validation,
    read_validation,
    write_validation,
)
from lut.validation.text import describe_validation

__all__ = [
    "LEAST_NETS",
    "ErrorSummary",
    "NetComparison",
    "Validation",
    "calibrate",
    "describe_validation",
    "format_validation",
    "plot_validation",
    "read_validation",
    "write_validation",
]
