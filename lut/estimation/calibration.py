"""A calibration: how far a table's sums are from whole nets, as a correction with errors of its own.

Whole nets take somewhat longer than the sum of their operators, each measured alone with warm caches.
`bench validate --fit` measures nets, fits a correction, and keeps it in the table's `.meta.json`:

    "calibration": {"version": 1, "device": …, "form": "factor", "factor": 1.021, "per_operator_us": 0.0,
                    "fitted": "2024-01-02T03:04:05+00:00", "config": {"threads": 1, …},
                    "nets": [{"net": …, "operators": 42, "sum_us": …, "measured_us": …,
                              "left_out_error": …}, …],
                    "median_left_out_error": …, "worst_left_out_error": …}

No sum is ever corrected unless somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, overload

from lut.errors import FileError
from lut.sidecar import read_sidecar, sidecar_path, write_sidecar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Calibration", "FittedNet", "read_calibration", "write_calibration"]

_VERSION = 1


@dataclass(frozen=True)
class FittedNet:
    """A net that a calibration was fitted on: the sum of its operators and its measured median."""

    net: str
    operators: int
    sum_us: float
    measured_us: float
    left_out_error: float
    """Calibrated / measured - 1, where the fit knew the other nets only."""


@dataclass(frozen=True)
class Calibration:
    """A net's latency as `factor` x the sum of its medians + `per_operator_us` x its operators."""

    form: str
    """A name of `lut.validation.fit.FORMS`."""
    factor: float
    per_operator_us: float
    device: str
    fitted: str
    """Time of day in ISO 8601, UTC."""
    nets: tuple[FittedNet, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    """How the whole nets were timed."""

    @property
    def median_left_out_error(self) -> float:
        """The median of the nets' absolute errors, each left out of the fit."""
        return median(abs(net.left_out_error) for net in self.nets)

    @property
    def worst_left_out_error(self) -> float:
        """The largest of them."""
        return max(abs(net.left_out_error) for net in self.nets)

    @overload
    def apply(self, sum_us: float, operators: int) -> float: ...

    @overload
    def apply(self, sum_us: NDArray[np.float64], operators: NDArray[np.int64]) -> NDArray[np.float64]: ...

    def apply(self, sum_us: Any, operators: Any) -> Any:
        """Correct a net's sum in microseconds, or an array of sums; NaN stays NaN.

        Args:
            sum_us: the sum of the operators' medians.
            operators: how many operators the net has, repetitions counted.
        """
        return self.factor * sum_us + self.per_operator_us * operators

    def describe(self) -> str:
        """One line: the formula, and what it was worth on nets left out."""
        terms = ["sum" if self.factor == 1 else f"{self.factor:.4f} x sum"]
        if self.per_operator_us:
            sign = "-" if self.per_operator_us < 0 else "+"
            terms.append(f"{sign} {abs(self.per_operator_us):.3f} us x operators")
        return (
            f"{' '.join(terms)}; on {len(self.nets)} nets, each left out of the fit, off by "
            f"{self.median_left_out_error:.1%} in the median, {self.worst_left_out_error:.1%} at worst"
        )

    def to_json(self) -> dict[str, Any]:
        """Give it as a sidecar holds it."""
        return {
            "version": _VERSION,
            **asdict(self),
            "median_left_out_error": self.median_left_out_error,
            "worst_left_out_error": self.worst_left_out_error,
        }


def read_calibration(table: Path) -> Calibration:
    """Read the calibration of a table from its sidecar.

    Raises:
        FileError: there is none, or none that this program understands; the message says how to make one.
    """
    path = sidecar_path(table)
    remedy = f"`bench validate MODEL... --lut {table} --fit` measures nets and makes one."
    fields = read_sidecar(path).get("calibration")
    if fields is None:
        where = f"{path} holds no calibration" if path.exists() else f"{path} does not exist"
        raise FileError(f"{where}, so the sum can't be calibrated. {remedy}")
    try:
        if fields["version"] != _VERSION:
            raise ValueError(f"version {fields['version']} where {_VERSION} is expected")
        return _parse(fields)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FileError(
            f"{path} holds a calibration that can't be understood ({type(error).__name__}: {error}). {remedy}"
        ) from error


def _parse(fields: Mapping[str, Any]) -> Calibration:
    nets = tuple(FittedNet(**net) for net in fields["nets"])
    if not nets:
        raise ValueError("it was fitted on no net")
    figures = [fields["factor"], fields["per_operator_us"], *(net.left_out_error for net in nets)]
    if not all(type(figure) in (int, float) and isfinite(figure) for figure in figures):
        raise ValueError("a figure of it is not a number")
    return Calibration(
        form=str(fields["form"]),
        factor=float(fields["factor"]),
        per_operator_us=float(fields["per_operator_us"]),
        device=str(fields["device"]),
        fitted=str(fields["fitted"]),
        nets=nets,
        config=dict(fields["config"]),
    )


def write_calibration(calibration: Calibration, table: Path) -> Path:
    """Put a calibration into a table's sidecar, in place of an earlier one; give the sidecar's path.

    Raises:
        FileError: the sidecar can't be read or written.
    """
    path = sidecar_path(table)
    write_sidecar(path, {"version": 1, **read_sidecar(path), "calibration": calibration.to_json()})
    return path
