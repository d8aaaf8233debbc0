"""Validations: how far the sums of a table are from whole nets that were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lut.lazy import load_lazily
from lut.validation.file import format_validation, read_validation, write_validation
from lut.validation.profile import NetProfile, ProfiledOperator
from lut.validation.profile_text import describe_profiles
from lut.validation.results import ErrorSummary, NetComparison, Validation
from lut.validation.text import DEVICE_CHANGED, choose_error, describe_validation, name_corrections

if TYPE_CHECKING:
    from lut.validation.fit import LEAST_NETS, calibrate
    from lut.validation.plot import plot_validation

__all__ = [
    "DEVICE_CHANGED",
    "LEAST_NETS",
    "ErrorSummary",
    "NetComparison",
    "NetProfile",
    "ProfiledOperator",
    "Validation",
    "calibrate",
    "choose_error",
    "describe_profiles",
    "describe_validation",
    "format_validation",
    "name_corrections",
    "plot_validation",
    "read_validation",
    "write_validation",
]

if not TYPE_CHECKING:
    __getattr__ = load_lazily(__name__, {"LEAST_NETS": "fit", "calibrate": "fit", "plot_validation": "plot"})
