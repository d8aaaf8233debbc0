"""Estimates: times of operators that were not measured, and corrections of sums for whole nets.

Reading order: `prediction`, `curve` (one axis of sizes), `interpolation` (a family), `crossval` (how far off
it is), `calibration`.
"""

from __future__ import annotations

from lut.estimation.calibration import Calibration, FittedNet, read_calibration, write_calibration
from lut.estimation.crossval import cross_validate
from lut.estimation.interpolation import Interpolator, collect_samples, fit_table
from lut.estimation.prediction import Prediction

__all__ = [
    "Calibration",
    "FittedNet",
    "Interpolator",
    "Prediction",
    "collect_samples",
    "cross_validate",
    "fit_table",
    "read_calibration",
    "write_calibration",
]
