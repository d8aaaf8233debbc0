"""What a run notes besides its visits: the device's state, and which operators it chose."""

from __future__ import annotations

from collections.abc import Mapping

from lut.schema import Name, Record, Share, Text

__all__ = ["BlockState", "Round"]


class BlockState(Record, frozen=True, tag_field="kind", tag="state"):
    """How a device was when a block of measurements began: values as text by name.

    What can't be read is "unavailable". The measurements up to the next state were made in this one.
    """

    segment: Name
    values: Mapping[Name, Text]

    @property
    def celsius(self) -> float | None:
        """Degrees Celsius of the hottest zone, else of the battery; None where neither is known."""
        for name in ("zone_celsius", "battery_celsius"):
            try:
                return float(self.values[name])
            except (KeyError, ValueError):  # absent, or "unavailable"
                continue
        return None


class Round(Record, frozen=True, tag_field="kind", tag="round"):
    """Operators that a run chose to measure next, by what it knew so far: their ids, in the order of choice.

    Those in `held_out` are measured to judge estimates by, and no estimate is ever fitted to them. `spent_s`
    is the device's time that the rounds before it took, in seconds. One without operators ends a run, to tell
    that.
    """

    segment: Name
    chosen: tuple[Name, ...]
    held_out: tuple[Name, ...] = ()
    spent_s: Share = 0.0

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all its operators."""
        return *self.chosen, *self.held_out

    @property
    def ends_run(self) -> bool:
        """Whether it has no operators, and only tells what the run took."""
        return not self.ids
