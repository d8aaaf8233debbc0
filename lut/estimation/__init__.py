"""Estimates: times of operators that were not measured, and corrections of sums for whole nets.

Reading order: `prediction`, `samples` (what is known), `terms` (what times are sums of), `curve` (what fits
them), `doubt` (how far off that is where), `family` (both together), `pace` (how fast the device was),
`interpolation` (a table), `crossval` (how far off it is), `net_errors` (how errors add up).
"""

from __future__ import annotations

from lut.estimation.crossval import cross_validate
from lut.estimation.family import FamilyModel, fit_family
from lut.estimation.interpolation import Interpolator, fit_table
from lut.estimation.net_errors import ErrorSource, add_half_widths, fit_correlation
from lut.estimation.pace import even_out, find_paces
from lut.estimation.prediction import Prediction
from lut.estimation.samples import (
    LEAST_JUDGED,
    LEAST_OPS,
    Samples,
    collect_samples,
    lie_within,
    place_sizes,
)

__all__ = [
    "LEAST_JUDGED",
    "LEAST_OPS",
    "ErrorSource",
    "FamilyModel",
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
]
