"""When a run that chooses its operators is to stop, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Goal", "Standing"]


@dataclass(frozen=True)
class Goal:
    """When to stop: after so much of the device's time, or at an error; None asks for nothing.

    `budget_s` is in seconds; `error` is a share, and of operators held out half have to be within it.
    """

    budget_s: float | None = None
    error: float | None = None


@dataclass(frozen=True)
class Standing:
    """How a run that chooses its operators stands.

    Errors are those of operators that were held out, absolute values of predicted / measured - 1; None while
    too few are measured to tell.
    """

    operators: int
    fitted: int = 0
    held_out: int = 0
    failed: int = 0
    refused: int = 0
    """Operators that can't be estimated as yet: beyond what is measured, or of a family with too few."""
    median_error: float | None = None
    p90_error: float | None = None
    p90_error_us: float | None = None
    """In microseconds, which says more of operators that take a few."""
    spent_s: float = 0.0
    """The device's time: loading operators and running them, in seconds."""

    @property
    def measured(self) -> int:
        """How many operators have all their visits."""
        return self.fitted + self.held_out

    def is_within(self, error: float) -> bool:
        """Tell whether half of the operators held out are known to be off by no more than this share."""
        return self.median_error is not None and self.median_error <= error

    @property
    def left(self) -> int:
        """How many are not measured: they are to be estimated."""
        return self.operators - self.measured - self.failed
