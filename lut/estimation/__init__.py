"""Estimates: times of operators that were not measured, and corrections of sums for whole nets.

Reading order: `prediction`, `curve` (one axis of sizes), `doubt` (how far off it is where), `pace` (how fast
the device was), `interpolation` (a family), `crossval` (how far off it is), `net_errors` (how errors add up),
`calibration`.
"""

from __future__ import annotations

from lut.estimation.calibration import Calibration, FittedNet, read_calibration, write_calibration
from lut.estimation.crossval import cross_validate
from lut.estimation.curve import Samples, lie_within, place_sizes
from lut.estimation.interpolation import (
    LEAST_OPS,
    FamilyModel,
    Interpolator,
    collect_samples,
    fit_family,
    fit_table,
)
from lut.estimation.net_errors import ErrorSource, add_half_widths, fit_correlation
from lut.estimation.pace import even_out, find_paces
from lut.estimation.prediction import Prediction

__all__ = [
    "LEAST_OPS",
    "Calibration",
    "ErrorSource",
    "FamilyModel",
    "FittedNet",
    "Interpolator",
    "Prediction",
    "Samples",
    "add_half_widths",
    "collect_samples",
    "cross_validate",
    "even_out",
    "find_paces",
    "fit_correlation",
    "fit_family",
    "fit_table",
    "lie_within",
    "place_sizes",
    "read_calibration",
    "write_calibration",
]
