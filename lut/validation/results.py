"""A table held against whole nets: what a device took for each net, and what the table's sum says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import geometric_mean, median

from lut.drift import LARGE, Drift
from lut.entries import ProgramInfo, RunConfig, check_cause
from lut.records import PERCENTILES
from lut.schema import Factor, Name, Positive, Record, Share, Text
from lut.validation.profile import NetProfile

__all__ = [
    "ErrorSummary",
    "NetComparison",
    "Validation",
]

_SCATTERED = {False: 0.05, True: 0.12}
"""On one thread of a quiet server, the times of a net's operators scatter by 2 to 4 %. Of 540 sums, those
that scattered by more than 5 % were up to 23 % too long, the others up to 9 %, half of them less than 1.6 %.
With several threads, times scatter by 7 to 12 % where sums are right."""

_UNREPEATED = 0.05
"""On a quiet device, a net's operators take the same again within 2 %, with two threads within 4 %."""


_MOST_GAPS = 0.05
"""The system's own moments make up 1 % of a run on a shared server. What takes more is another program: runs
that it interrupts are thrown away and made again, so that no measured time holds its gaps."""


class NetComparison(Record, frozen=True):
    """One net: its latency as it was measured whole, and as the table's sum. Times are microseconds."""

    net: Name
    operators: Positive
    """How many operators run, repetitions counted: the terms of the sum."""
    measured_us: tuple[Share, ...] | None
    """The percentiles p0, p10, p50, p90, p100 of all timed runs; None if it could not be measured."""
    estimate_us: Share
    """The sum of the operators' medians, nothing added."""
    interpolated_us: Share = 0.0
    """The part of the estimate that was interpolated, since the table lacks those operators."""
    left_out_us: Share | None = None
    """The calibrated estimate where this net took no part in the fit; None without a calibration."""
    failure: Text | None = None
    """Why the net could not be measured."""
    spoilt_by: str | None = None
    """What disturbed its measurement (see `lut.entries.CAUSES`): its error tells nothing of the table."""

    scatter: Share | None = None
    """How much less the p10s of its operators sum to in the table than their medians, as a share."""

    repetition: Factor | None = None
    """How many times as long as in the table its operators took, measured again before and after the nets;
    None where that is known of less than half of its time."""

    gaps_us: Share | None = None
    """How much longer its median run is for gaps than its operators' medians, in which they hardly show. Gaps
    are moments in which the system has the processor; None where nobody watched for them."""

    profile: NetProfile | None = None
    """Its operators inside profiled runs; None where nobody asked for them, or they could not be profiled."""
    profile_failure: Text | None = None
    """Why they could not be profiled."""

    def __post_init__(self) -> None:
        times = self.measured_us
        if (times is None) == (self.failure is None):
            raise ValueError("a net has either measured_us or a failure")
        if times is not None and (
            len(times) != len(PERCENTILES) or list(times) != sorted(times) or not times[0]
        ):
            raise ValueError(f"measured_us is {times}; expected {len(PERCENTILES)} rising times above 0")
        if self.spoilt_by is not None:
            check_cause(self.spoilt_by)

    @property
    def p10_us(self) -> float | None:
        """A tenth of the runs took no longer than this."""
        return self._percentile(10)

    @property
    def p50_us(self) -> float | None:
        """The median run."""
        return self._percentile(50)

    @property
    def p90_us(self) -> float | None:
        """A tenth of the runs took longer than this."""
        return self._percentile(90)

    @property
    def error(self) -> float | None:
        """Estimate / measured median - 1, negative where the table says too little; None if not measured."""
        return self._relate(self.estimate_us)

    @property
    def left_out_error(self) -> float | None:
        """The same of `left_out_us`."""
        return self._relate(self.left_out_us)

    def _percentile(self, percentile: int) -> float | None:
        return None if self.measured_us is None else self.measured_us[PERCENTILES.index(percentile)]

    def _relate(self, estimate_us: float | None) -> float | None:
        measured = self.p50_us
        return None if measured is None or estimate_us is None else estimate_us / measured - 1


@dataclass(frozen=True)
class ErrorSummary:
    """Absolute relative errors of several nets: how many, their median, their largest."""

    nets: int
    median: float
    worst: float

    @classmethod
    def of(cls, errors: Iterable[float | None]) -> ErrorSummary | None:
        """Sum up the errors; None if there are none."""
        known = [abs(error) for error in errors if error is not None]
        return cls(len(known), median(known), max(known)) if known else None


class Validation(Record, frozen=True):
    """Nets compared on one device in one configuration."""

    device: Name
    table: Name
    """The table's file name."""
    started: Name
    """Time of day in ISO 8601, UTC."""
    config: RunConfig
    """How the whole nets were timed."""
    program: ProgramInfo
    nets: tuple[NetComparison, ...]
    drift_before: Drift | None = None
    drift_after: Drift | None = None

    @property
    def drift(self) -> float | None:
        """How many times as long the device took, while the nets ran, as when the table was made.

        None where that is unknown, and where the device changed while they ran: each net met another one.
        """
        if self.device_changed:
            return None
        known = [drift.factor for drift in (self.drift_before, self.drift_after) if drift is not None]
        return geometric_mean(known) if known else None

    @property
    def device_changed(self) -> bool:
        """Whether the device became so much faster or slower while the nets ran that no factor holds."""
        before, after = self.drift_before, self.drift_after
        if before is None or after is None:
            return False
        return abs(after.factor / before.factor - 1) > LARGE

    def net_of_drift(self, net: NetComparison) -> float | None:
        """Give a net's error had the device been as when the table was made; None if that is unknown.

        Gaps are taken out too, where somebody watched for them.
        """
        if self.drift is None or net.p50_us is None:
            return None
        return (net.estimate_us * self.drift + (net.gaps_us or 0.0)) / net.p50_us - 1

    def judge_left_out(self, net: NetComparison) -> float | None:
        """Give the error of the calibrated estimate, net of drift where that is known; None without one."""
        error = net.left_out_error
        return None if error is None else (1 + error) * (self.drift or 1.0) - 1

    def judge(self, net: NetComparison) -> float | None:
        """Give the error by which the table is judged: net of drift and gaps where these are known."""
        return net.error if self.drift is None or self.gaps_mislead else self.net_of_drift(net)

    @property
    def gaps(self) -> float | None:
        """The largest share of a net's median run that gaps make up; None where nobody watched."""
        return max(
            (
                net.gaps_us / net.p50_us
                for net in self.judged
                if net.gaps_us is not None and net.p50_us is not None
            ),
            default=None,
        )

    @property
    def gaps_mislead(self) -> bool:
        """Whether gaps are so long that they were other programs', and errors without them tell nothing."""
        return (self.gaps or 0.0) > _MOST_GAPS

    @property
    def has_drifted(self) -> bool:
        """Whether the device is so much faster or slower than when the table was made that errors hold it."""
        return self.drift is not None and abs(self.drift - 1) > LARGE

    @property
    def failed(self) -> tuple[NetComparison, ...]:
        """The nets that could not be measured."""
        return tuple(net for net in self.nets if net.measured_us is None)

    @property
    def disturbed(self) -> tuple[NetComparison, ...]:
        """The nets that were measured while something disturbed the device."""
        return tuple(net for net in self.nets if net.spoilt_by)

    @property
    def judged(self) -> tuple[NetComparison, ...]:
        """The nets by which the table may be judged: measured, and not disturbed."""
        return tuple(net for net in self.nets if net.measured_us is not None and not net.spoilt_by)

    @property
    def measured(self) -> tuple[NetComparison, ...]:
        """The nets that could be measured, disturbed or not."""
        return tuple(net for net in self.nets if net.measured_us is not None)

    @property
    def by_time(self) -> tuple[NetComparison, ...]:
        """The same, from the quickest to the slowest, as charts show them."""
        return tuple(sorted(self.measured, key=lambda net: net.p50_us or 0.0))

    def is_scattered(self, net: NetComparison) -> bool:
        """Whether the table's times of a net's operators scatter more than on a quiet device.

        Then something disturbed the device when the table was made, and its sum may be too long by as much.
        A net that could not be measured has no error that this would explain.
        """
        if net.scatter is None or net.measured_us is None:
            return False
        return net.scatter > _SCATTERED[self.config.threads > 1]

    def change_when_repeated(self, net: NetComparison) -> float | None:
        """Give how much longer a net's operators took when measured again, beyond the drift, as a share."""
        return None if net.repetition is None or self.drift is None else net.repetition / self.drift - 1

    def is_unrepeated(self, net: NetComparison) -> bool:
        """Whether a net's operators take another time than in the table when measured again."""
        change = self.change_when_repeated(net)
        return change is not None and net.measured_us is not None and abs(change) > _UNREPEATED

    @property
    def scattered(self) -> tuple[NetComparison, ...]:
        """The nets among those judged whose sums may be too long."""
        return tuple(filter(self.is_scattered, self.judged))

    @property
    def unrepeated(self) -> tuple[NetComparison, ...]:
        """The nets among those judged whose operators take another time now."""
        return tuple(filter(self.is_unrepeated, self.judged))

    @property
    def steady(self) -> tuple[NetComparison, ...]:
        """The nets among those judged whose sums nothing speaks against."""
        return tuple(net for net in self.judged if not (self.is_scattered(net) or self.is_unrepeated(net)))

    @property
    def summary(self) -> ErrorSummary | None:
        """The errors of the raw sums of the nets that are judged; None if there are none."""
        return ErrorSummary.of(net.error for net in self.judged)

    @property
    def summary_net_of_drift(self) -> ErrorSummary | None:
        """The same net of drift, and of gaps where known; None if the drift is unknown."""
        return ErrorSummary.of(map(self.net_of_drift, self.judged))

    @property
    def summary_of_steady(self) -> ErrorSummary | None:
        """The errors by which the table is judged, of nets whose operators neither scatter nor change."""
        return ErrorSummary.of(map(self.judge, self.steady))

    @property
    def left_out_summary(self) -> ErrorSummary | None:
        """The errors of calibrated estimates, each of a net that was left out of the fit."""
        return ErrorSummary.of(map(self.judge_left_out, self.judged))
