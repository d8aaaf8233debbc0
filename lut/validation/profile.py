"""What the operators of a net took inside its runs, beside their rows of the table."""

from __future__ import annotations

from lut.schema import Factor, Positive, Record, Share, Text

__all__ = ["NetProfile", "ProfiledOperator"]


class ProfiledOperator(Record, frozen=True):
    """One operator of a net. Times are microseconds."""

    operator: Text
    """Its type, its inputs and its arguments."""
    in_net_us: Share | None
    """Its median inside the net; None where the engine's figures can't be matched to it."""
    in_table_us: Share
    """Its time in the estimate."""

    @property
    def difference_us(self) -> float | None:
        """How much longer it takes in the table than in the net; None where that is unknown."""
        return None if self.in_net_us is None else self.in_table_us - self.in_net_us


class NetProfile(Record, frozen=True):
    """The operators of a net inside profiled runs, slower than plain ones. Times are microseconds."""

    runs: Positive
    """How many profiled runs the medians are of."""
    resolution_us: Factor
    """How finely the engine tells the time of a kernel."""
    plain_us: Factor
    """The median of plain runs, which alternated with the profiled ones. It is not the time of the net."""
    profiled_us: Factor
    """The median of the profiled runs."""
    unmatched_us: Share
    """The median of what the engine tells of kernels that can't be matched to an operator."""
    operators: tuple[ProfiledOperator, ...]
    """In run order, as the estimate has them."""

    @property
    def cost(self) -> float:
        """How much longer profiled runs take than plain ones, as a share."""
        return self.profiled_us / self.plain_us - 1

    @property
    def total_us(self) -> float:
        """What the engine tells of all kernels."""
        return self.unmatched_us + sum(each.in_net_us or 0.0 for each in self.operators)

    @property
    def unknown(self) -> int:
        """How many operators have no time inside the net."""
        return sum(each.in_net_us is None for each in self.operators)

    @property
    def by_difference(self) -> tuple[ProfiledOperator, ...]:
        """The operators whose difference is known, the largest first."""
        known = [each for each in self.operators if each.difference_us is not None]
        return tuple(sorted(known, key=lambda each: -abs(each.difference_us or 0.0)))

    def share(self, operator: ProfiledOperator) -> float | None:
        """Give the operator's share of what the engine tells of all kernels; None where it is unknown."""
        return None if operator.in_net_us is None or not self.total_us else operator.in_net_us / self.total_us
