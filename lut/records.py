"""A row of a table."""

from __future__ import annotations

from dataclasses import dataclass

from lut.ops import OpKey

__all__ = ["PERCENTILES", "LutRecord"]

PERCENTILES = (0, 10, 50, 90, 100)
"""The percentiles a table record holds, as `runtime_us_p<N>`."""


@dataclass(frozen=True, slots=True)
class LutRecord:
    """One row of a table: a key, the percentiles in microseconds (see `PERCENTILES`), the device."""

    key: OpKey
    runtime_us: tuple[float, ...]
    device: str

    @property
    def p50(self) -> float:
        """The median run time in microseconds, the figure that sums are made of."""
        return self.runtime_us[PERCENTILES.index(50)]

    @property
    def p10(self) -> float:
        """The time that a tenth of the runs did not exceed, in microseconds."""
        return self.runtime_us[PERCENTILES.index(10)]

    @property
    def p90(self) -> float:
        """The time that a tenth of the runs exceeded, in microseconds."""
        return self.runtime_us[PERCENTILES.index(90)]
