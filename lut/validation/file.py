"""Validations as files.

Written as one JSON object:

    {"version": 1, "device": "Pixel-11-30", "table": "Pixel-11-30-op_lut_database.json",
     "started": "2024-01-02T03:04:05+00:00", "config": {"passes": 10, …}, "program": {"kind": …},
     "nets": [{"net": "FBNet-96/int8", "operators": 42, "measured_us": [p0, p10, p50, p90, p100],
               "estimate_us": 2404.764, "interpolated_us": 0.0, "left_out_us": null, "failure": null,
               "spoilt_by": null, "scatter": 0.031, "repetition": 1.014, "gaps_us": 1.4}, …],
     "drift_before": {"factor": 1.012, "count": 240}, "drift_after": {"factor": 1.009, "count": 240}}

A net that could not be measured has null for `measured_us` and the reason in `failure`. One that could not be
measured undisturbed has the cause in `spoilt_by`. Scatter is how much less than the estimate the p10s of its
operators sum to, as a share of it. Repetition is how many times as long as in the table its operators took
when they were measured again. Gaps are what moments in which the system had the processor take of the median
run, and hardly of the operators' medians. Drift is how many times as long the device takes as when the table
was made, by operators of the table measured again before and after the nets. For all four, null is unknown.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from lut.drift import Drift
from lut.entries import CAUSES, ProgramInfo, RunConfig
from lut.errors import FileError
from lut.files import explain_kind, parse_json, read_bytes, write_atomically
from lut.records import PERCENTILES
from lut.validation.results import NetComparison, Validation

__all__ = ["VERSION", "format_validation", "read_validation", "write_validation"]

_Parsed = TypeVar("_Parsed")

VERSION = 1
"""The version of the format; a reader refuses others."""


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
        if words := explain_kind(path, "validation"):
            raise FileError(words) from error
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
    factor, count = _factor(fields["factor"]), fields["count"]
    if type(count) is not int or count < 1:
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
        repetition=_optional(_factor, fields.get("repetition")),
        gaps_us=_optional(_time, fields.get("gaps_us")),
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


def _factor(value: Any) -> float:
    factor = _time(value)
    if not factor:
        raise ValueError(f"{value!r} is not a factor above 0")
    return factor


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value
