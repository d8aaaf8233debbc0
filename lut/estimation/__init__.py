"""TODO door of lut.estimation."""

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
