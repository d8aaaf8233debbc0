"""A table held against whole nets: what a device took for each net, and what the table's sum says.

Written as one JSON object:

    {"version": 1, "device": "Pixel-11-30", "table": "Pixel-11-30-op_lut_database.json",
     "started": "2024-01-02T03:04:05+00:00", "config": {"passes": 10, …}, "program": {"kind": …},
     "nets": [{"net": "FBNet-96/int8", "operators": 42, "measured_us": [p0, p10, p50, p90, p100],
               "estimate_us": 2404.764, "interpolated_us": 0.0, "left_out_us": null, "failure": null,
               "spoilt_by": null, "scatter": 0.031}, …],
     "drift_before": {"factor": 1.012, "count": 240}, "drift_after": {"factor": 1.009, "count": 240}}

A net that could not be measured has null for `measured_us` and the reason in `failure`. One that could not be
measured undisturbed has the cause in `spoilt_by`. Scatter is how much less than the estimate the p10s of its
operators sum to, as a share of it; null is unknown. Drift is how many times as long the device takes as when
the table was made, by operators of the table measured again before and after the nets; null is unknown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any, TypeVar

from lut.drift import LARGE, Drift
from lut.entries import CAUSES, ProgramInfo, RunConfig
from lut.errors import FileError
from lut.files import parse_json, read_bytes, write_atomically
from lut.records import PERCENTILES

__all__ = [
    "VERSION",
    "ErrorSummary",
    "NetComparison",
    "Validation",
    "format_validation",
    "read_validation",
    "write_validation",
]

_Parsed = TypeVar("_Parsed")

VERSION = 1
"""The version of the format; a reader refuses others."""

_SCATTERED = {False: 0.05, True: 0.12}
"""On one thread of a quiet server, the times of a net's operators scatter by 2 to 4 %. Of 540 sums, those
that scattered by more than 5 % were up to 23 % too long, the others up to 9 %, half of them less than 1.6 %.
With several threads, times scatter by 7 to 12 % where sums are right."""


@dataclass(frozen=True)
class NetComparison:
    """One net: its latency as it was measured whole, and as the table's sum. Times are microseconds."""

    net: str
    operators: int
    """How many operators run, repetitions counted: the terms of the sum."""
    measured_us: tuple[float, ...] | None
    """The percentiles p0, p10, p50, p90, p100 of all timed runs; None if it could not be measured."""
    estimate_us: float
    """The sum of the operators' medians, nothing added."""
    interpolated_us: float = 0.0
    """The part of the estimate that was interpolated, since the table lacks those operators."""
    left_out_us: float | None = None
    """The calibrated estimate where this net took no part in the fit; None without a calibration."""
    failure: str | None = None
    """Why the net could not be measured."""
    spoilt_by: str | None = None
    """What disturbed its measurement (see `lut.entries.CAUSES`): its error tells nothing of the table."""

    scatter: float | None = None
    """How much less the p10s of its operators sum to in the table than their medians, as a share."""

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


@dataclass(frozen=True)
class Validation:
    """Nets compared on one device in one configuration."""

    device: str
    table: str
    """The table's file name."""
    started: str
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
        """Give a net's error had the device been as when the table was made; None if that is unknown."""
        if self.drift is None or net.p50_us is None:
            return None
        return net.estimate_us * self.drift / net.p50_us - 1

    def judge_left_out(self, net: NetComparison) -> float | None:
        """Give the error of the calibrated estimate, net of drift where that is known; None without one."""
        error = net.left_out_error
        return None if error is None else (1 + error) * (self.drift or 1.0) - 1

    def judge(self, net: NetComparison) -> float | None:
        """Give the error by which the table is judged: net of drift where that is known."""
        return net.error if self.drift is None else self.net_of_drift(net)

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

    def is_scattered(self, net: NetComparison) -> bool:
        """Whether the table's times of a net's operators scatter more than on a quiet device.

        Then something disturbed the device when the table was made, and its sum may be too long by as much.
        A net that could not be measured has no error that this would explain.
        """
        if net.scatter is None or net.measured_us is None:
            return False
        return net.scatter > _SCATTERED[self.config.threads > 1]

    @property
    def scattered(self) -> tuple[NetComparison, ...]:
        """The nets among those judged whose sums may be too long."""
        return tuple(filter(self.is_scattered, self.judged))

    @property
    def summary(self) -> ErrorSummary | None:
        """The errors of the raw sums of the nets that are judged; None if there are none."""
        return ErrorSummary.of(net.error for net in self.judged)

    @property
    def summary_net_of_drift(self) -> ErrorSummary | None:
        """The same had the device been as when the table was made; None if the drift is unknown."""
        return ErrorSummary.of(map(self.net_of_drift, self.judged))

    @property
    def summary_of_steady(self) -> ErrorSummary | None:
        """The errors by which the table is judged, of nets whose operators' times do not scatter."""
        return ErrorSummary.of(self.judge(net) for net in self.judged if not self.is_scattered(net))

    @property
    def left_out_summary(self) -> ErrorSummary | None:
        """The errors of calibrated estimates, each of a net that was left out of the fit."""
        return ErrorSummary.of(map(self.judge_left_out, self.judged))


def format_validation(validation: Validation) -> str:
    """Write a validation as JSON, with the line's end."""
    return json.dumps({"version": VERSION, **asdict(validation)}, indent=1) + "\n"


def write_validation(validation: Validation, path: Path) -> None:
    """Write a validation, all or nothing.

    Raises:
        FileError: the file can't be written.
    """
    write_atomically(path, format_validation(validation).encode())


def read_validation(path: Path) -> Validation:
    """Read a validation back.

    Raises:
        FileError: the file can't be read, is of another version, or holds no validation.
    """
    try:
        fields = parse_json(read_bytes(path))
        version = fields.pop("version")
        if version == VERSION:
            return _parse(fields)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise FileError(
            f"{path} is not a validation ({type(error).__name__}: {error}). Is it a file written by "
            f"`bench validate --output`?"
        ) from error
    raise FileError(f"{path} is a validation of version {version}; this program reads version {VERSION}.")


def _parse(fields: dict[str, Any]) -> Validation:
    return Validation(
        device=_text(fields["device"]),
        table=_text(fields["table"]),
        started=_text(fields["started"]),
        config=RunConfig.from_json(fields["config"]),
        program=ProgramInfo(**fields["program"]),
        nets=tuple(map(_parse_net, fields["nets"])),
        drift_before=_optional(_parse_drift, fields.get("drift_before")),
        drift_after=_optional(_parse_drift, fields.get("drift_after")),
    )


def _parse_drift(fields: dict[str, Any]) -> Drift:
    factor, count = _time(fields["factor"]), fields["count"]
    if not factor or type(count) is not int or count < 1:
        raise ValueError(f"{fields!r} is no drift")
    return Drift(factor, count)


def _parse_net(fields: dict[str, Any]) -> NetComparison:
    measured, left_out, failure = fields["measured_us"], fields["left_out_us"], fields["failure"]
    if (measured is None) == (failure is None):
        raise ValueError("a net has either measured_us or a failure")
    operators = fields["operators"]
    if type(operators) is not int or operators < 1:
        raise ValueError(f"operators is {operators!r}; expected a whole number above 0")
    return NetComparison(
        net=_text(fields["net"]),
        operators=operators,
        measured_us=_optional(_percentiles, measured),
        estimate_us=_time(fields["estimate_us"]),
        interpolated_us=_time(fields["interpolated_us"]),
        left_out_us=_optional(_time, left_out),
        failure=_optional(_text, failure),
        spoilt_by=_optional(_cause, fields.get("spoilt_by")),
        scatter=_optional(_time, fields.get("scatter")),
    )


def _optional(parse: Callable[[Any], _Parsed], value: Any) -> _Parsed | None:
    return None if value is None else parse(value)


def _cause(value: Any) -> str:
    if value not in CAUSES:
        raise ValueError(f"spoilt_by is {value!r}; expected one of {', '.join(CAUSES)}")
    return str(value)


def _percentiles(values: Any) -> tuple[float, ...]:
    times = tuple(map(_time, values))
    if len(times) != len(PERCENTILES) or list(times) != sorted(times) or not times[0]:
        raise ValueError(f"measured_us is {values!r}; expected {len(PERCENTILES)} rising times above 0")
    return times


def _time(value: Any) -> float:
    if type(value) not in (int, float) or not isfinite(value) or value < 0:
        raise ValueError(f"{value!r} is not a time in microseconds")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value
