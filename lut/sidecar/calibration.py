"""A calibration: how far a table's sums are from whole nets, as a correction with errors of its own.

Whole nets take somewhat longer than the sum of their operators, each measured alone with warm caches.
`bench validate --fit` measures nets, fits a correction, and keeps it in the table's `.meta.json`.

No sum is ever corrected unless somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any, overload

import msgspec

from lut.schema import Factor, Positive, Record, to_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Calibration", "FittedNet"]


class FittedNet(Record, frozen=True):
    """A net that a calibration was fitted on: the sum of its operators and its measured median."""

    net: str
    operators: Positive
    sum_us: Factor
    measured_us: Factor
    left_out_error: float
    """Calibrated / measured - 1, where the fit knew the other nets only."""


class Calibration(Record, frozen=True):
    """A net's latency as `factor` x the sum of its medians + `per_operator_us` x its operators."""

    form: str
    """A name of `lut.validation.fit.FORMS`."""
    factor: float
    per_operator_us: float
    device: str
    fitted: str
    """Time of day in ISO 8601, UTC."""
    nets: Annotated[tuple[FittedNet, ...], msgspec.Meta(min_length=1)]
    config: Mapping[str, Any] = msgspec.field(default_factory=dict)
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
        """Return it with what its errors come to."""
        return {
            **to_json(self),
            "median_left_out_error": self.median_left_out_error,
            "worst_left_out_error": self.worst_left_out_error,
        }
