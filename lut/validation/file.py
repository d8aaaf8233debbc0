"""Validations as files.

Written as one JSON object:

    {"version": 1, "device": "Pixel-11-30", "table": "Pixel-11-30-op_lut_database.json",
     "started": "2024-01-02T03:04:05+00:00", "config": {"passes": 10, …}, "program": {"kind": …},
     "nets": [{"net": "FBNet-96/int8", "operators": 42, "measured_us": [p0, p10, p50, p90, p100],
               "estimate_us": 2404.764, "interpolated_us": 0.0, "left_out_us": null, "failure": null,
               "spoilt_by": null, "scatter": 0.031, "repetition": 1.014, "gaps_us": 1.4,
               "profile": {"runs": 12, "resolution_us": 0.001, "plain_us": 2360.2, "profiled_us": 2371.9,
                           "unmatched_us": 0.0, "operators": [{"operator": "Int8Conv [1,96,96,3] …",
                           "in_net_us": 92.1, "in_table_us": 90.4}, …]}, "profile_failure": null}, …],
     "drift_before": {"factor": 1.012, "count": 240}, "drift_after": {"factor": 1.009, "count": 240}}

A net that could not be measured has null for `measured_us` and the reason in `failure`. One that could not be
measured undisturbed has the cause in `spoilt_by`. Scatter is how much less than the estimate the p10s of its
operators sum to, as a share of it. Repetition is how many times as long as in the table its operators took
when they were measured again. Gaps are what moments in which the system had the processor take of the median
run, and hardly of the operators' medians. Drift is how many times as long the device takes as when the table
was made, by operators of the table measured again before and after the nets. For all four, null is unknown.
The profile has the net's operators inside its runs; it is null where nobody asked for it, and where
`profile_failure` says why there is none. An operator with null for `in_net_us` can't be told from others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lut.entries import RunConfig
from lut.errors import FileError
from lut.files import explain_kind, read_bytes, write_atomically
from lut.schema import convert, decode, encode_file, refuse_newer, to_json
from lut.validation.results import Validation

__all__ = ["VERSION", "format_validation", "read_validation", "write_validation"]

VERSION = 1
"""The version of the format; a reader refuses newer ones."""


def format_validation(validation: Validation) -> str:
    """Write a validation as JSON, with the line's end.

    Raises:
        ValueError: it holds what no reader takes; the message says what.
    """
    text = encode_file({"version": VERSION, **to_json(validation)})
    _parse(text)
    return text.decode()


def write_validation(validation: Validation, path: Path) -> None:
    """Write a validation, all or nothing.

    Raises:
        FileError: the file can't be written, or what the validation holds can't be read back.
    """
    try:
        text = format_validation(validation)
    except ValueError as fault:
        raise FileError(f"{path} can't take the validation: {fault}.") from fault
    write_atomically(path, text.encode())


def read_validation(path: Path) -> Validation:
    """Read a validation back.

    Raises:
        FileError: the file can't be read, is of a newer version, or holds no validation.
    """
    text = read_bytes(path)
    refuse_newer(text, VERSION, str(path))
    try:
        return _parse(text)
    except ValueError as error:
        raise FileError(
            explain_kind(path, "validation")
            or f"{path} is not a validation ({error}). Is it a file written by `bench validate --output`?"
        ) from error


def _parse(text: bytes) -> Validation:
    fields = decode(text, dict[str, Any])
    fields.pop("version", None)
    return convert({**fields, "config": to_json(RunConfig.from_json(fields.get("config")))}, Validation)
