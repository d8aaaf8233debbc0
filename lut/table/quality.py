"""What a table's figures are worth: each operator's row is measured, or it says what else it is.

    measured    measured, and nothing speaks against it
    marked      measured while something disturbed the device
    incomplete  measured in fewer passes than the run should have made
    mixed       of a table whose records were measured by different programs or in different configurations
    predicted   not measured, but predicted from other operators
    unknown     of a filled table without its sidecar: measured or predicted

Of several the last one counts, since it says most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import NamedTuple

from lut.engines import is_filled
from lut.ops import OpKey
from lut.sidecar import Sidecar

__all__ = ["INTERPOLATED", "MEASURED", "Quality", "TableQuality"]


class Quality(NamedTuple):
    """What a figure is: one of the kinds above, and the cause where there is one to tell."""

    kind: str
    cause: str = ""

    def describe(self) -> str:
        """Return it in words that follow a number of operators."""
        return f"{self.kind}: {self.cause}" if self.cause else self.kind


MEASURED = Quality("measured")
INTERPOLATED = Quality("predicted", "interpolated from operators of the table")
_INCOMPLETE = Quality("incomplete", "measured in fewer passes than the run should have made")
_FILLED = Quality("predicted", "by `lut fill`")


class TableQuality:
    """The quality of a table's records, as its sidecar tells."""

    def __init__(
        self, sidecar: Sidecar | None, devices: Iterable[str], match: Callable[[OpKey], OpKey]
    ) -> None:
        """Take what the sidecar says, and how the table compares keys."""
        self._sidecar = sidecar
        self._match = match
        self._default = MEASURED
        if any(map(is_filled, devices)) and (sidecar is None or sidecar.predicted is None):
            self._default = Quality("unknown", "measured or predicted, which the absent .meta.json would say")
        elif sidecar is not None and (mixture := sidecar.describe_mixture()):
            self._default = Quality("mixed", mixture)

    @property
    def default(self) -> Quality:
        """What a record is of which nothing else is told."""
        return self._default

    @cached_property
    def _told(self) -> dict[OpKey, Quality]:
        sidecar = self._sidecar
        if sidecar is None:
            return {}
        told = {self._match(entry.key): _INCOMPLETE for entry in sidecar.incomplete}
        told |= {self._match(entry.key): Quality("marked", entry.reason) for entry in sidecar.marked or ()}
        return told

    def of(self, key: OpKey, *, is_predicted: bool = False) -> Quality:
        """Return the quality of a record by its key."""
        if is_predicted:
            return _FILLED
        if self._default.kind == "unknown":
            return self._default
        return self._told.get(self._match(key), self._default) if self._told else self._default
