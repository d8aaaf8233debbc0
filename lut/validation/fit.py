"""Fitting a calibration: which correction brings a table's sums closest to whole nets it has not seen.

Each form is fitted by least squares of the relative errors. The one is taken whose errors, on each net when
the fit knew the other nets only, have the least mean of absolute values: what fits the fitted nets best is
not what serves the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec.structs import asdict, replace
from numpy.typing import NDArray

from lut.sidecar import Calibration, FittedNet
from lut.validation.results import Validation

__all__ = ["FORMS", "LEAST_NETS", "Form", "MeasuredNet", "calibrate", "fit_calibration"]

Array = NDArray[np.float64]

LEAST_NETS = 3
"""Fewer nets can't be left out one by one and leave two coefficients determined."""


@dataclass(frozen=True)
class Form:
    """Which coefficients are free; else the factor is 1 and the constant of each operator 0."""

    factor: bool
    per_operator: bool


FORMS: dict[str, Form] = {
    "factor": Form(factor=True, per_operator=False),
    "constant": Form(factor=False, per_operator=True),
    "factor and constant": Form(factor=True, per_operator=True),
}
"""By name; of equals the first is taken."""


@dataclass(frozen=True)
class MeasuredNet:
    """What is fitted: a net's operators, the sum of their medians, and its measured median, in us."""

    net: str
    operators: int
    sum_us: float
    measured_us: float


def fit_calibration(
    nets: Sequence[MeasuredNet], device: str, fitted: str, config: Mapping[str, Any] | None = None
) -> Calibration:
    """Fit every form and keep the one that does best on nets left out.

    Args:
        nets: at least `LEAST_NETS`, with times above zero, whose operators were all measured.
        device: whose table and nets these are.
        fitted: time of day in ISO 8601, UTC.
        config: how the whole nets were timed, kept for the record.

    Raises:
        ValueError: there are fewer nets, or a time is not above zero.
    """
    if len(nets) < LEAST_NETS:
        raise ValueError(f"{len(nets)} nets are too few for a calibration; it takes {LEAST_NETS}")
    sums = np.array([net.sum_us for net in nets], dtype=np.float64)
    counts = np.array([net.operators for net in nets], dtype=np.float64)
    measured = np.array([net.measured_us for net in nets], dtype=np.float64)
    if not (np.isfinite(sums) & np.isfinite(measured) & (sums > 0) & (measured > 0)).all():
        raise ValueError("a calibration needs times above zero")
    terms = np.stack([sums, counts], axis=1) / measured[:, None]
    errors = {name: _leave_out(terms, form) for name, form in FORMS.items()}
    chosen = min(FORMS, key=lambda name: float(np.abs(errors[name]).mean()))
    factor, per_operator_us = _fit(terms, FORMS[chosen])
    return Calibration(
        chosen,
        factor,
        per_operator_us,
        device,
        fitted,
        tuple(
            FittedNet(net.net, net.operators, net.sum_us, net.measured_us, float(error))
            for net, error in zip(nets, errors[chosen], strict=True)
        ),
        dict(config or {}),
    )


def _leave_out(terms: Array, form: Form) -> Array:
    """Give each net's relative error where the fit knew the others only."""
    errors = np.empty(len(terms))
    for number in range(len(terms)):
        coefficients = _fit(np.delete(terms, number, axis=0), form)
        errors[number] = terms[number] @ np.array(coefficients) - 1
    return errors


def _fit(terms: Array, form: Form) -> tuple[float, float]:
    """Bring `terms @ (factor, constant)` closest to 1, in the squares, with the form's free coefficients."""
    free = [form.factor, form.per_operator]
    fixed = np.array([1.0, 0.0])
    fixed[free] = 0.0
    # Scaled, so that nets of one kind, whose two columns are proportional, share the correction evenly.
    scale = np.abs(terms).max(axis=0)
    rows = (terms / scale)[:, free]
    solution = np.linalg.lstsq(rows, 1 - terms @ fixed, rcond=1e-9)[0]
    coefficients = fixed.copy()
    coefficients[free] = solution / scale[free]
    return float(coefficients[0]), float(coefficients[1])


def calibrate(validation: Validation) -> tuple[Calibration, Validation]:
    """Fit a calibration to the nets that are judged; give it, and the validation with what it is worth.

    Raises:
        ValueError: too few nets were measured, or an estimate is partly interpolated.
    """
    if any(net.interpolated_us for net in validation.nets):
        raise ValueError("a calibration needs estimates of measured operators only")
    drift = validation.drift or 1.0  # the table's times are of the device as it was then
    nets = [
        MeasuredNet(net.net, net.operators, net.estimate_us, net.p50_us / drift)
        for net in validation.judged
        if net.p50_us is not None
    ]
    calibration = fit_calibration(nets, validation.device, validation.started, asdict(validation.config))
    fitted = iter(calibration.nets)
    compared = tuple(
        net
        if net.p50_us is None or net.spoilt_by
        else replace(net, left_out_us=net.p50_us / drift * (1 + next(fitted).left_out_error))
        for net in validation.nets
    )
    return calibration, replace(validation, nets=compared)
