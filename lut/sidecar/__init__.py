"""The `.meta.json` beside a table: who measured it, how, and what was learnt of it since.

`sidecar` defines it, with `predictions` and `calibration`, which are parts of it; `setting` answers from it.
`lut.table` reads and writes it together with its table.
"""

from __future__ import annotations

from lut.sidecar.calibration import Calibration, FittedNet
from lut.sidecar.predictions import FilledFamily, Interval, NetErrors, PredictedRecords
from lut.sidecar.setting import Setting, describe_setting, read_canary, read_config, read_setting
from lut.sidecar.sidecar import (
    VERSION,
    Addition,
    FailedOp,
    MarkedOp,
    Sidecar,
    format_sidecar,
    parse_sidecar,
    sidecar_path,
)

__all__ = [
    "VERSION",
    "Addition",
    "Calibration",
    "FailedOp",
    "FilledFamily",
    "FittedNet",
    "Interval",
    "MarkedOp",
    "NetErrors",
    "PredictedRecords",
    "Setting",
    "Sidecar",
    "describe_setting",
    "format_sidecar",
    "parse_sidecar",
    "read_canary",
    "read_config",
    "read_setting",
    "sidecar_path",
]
