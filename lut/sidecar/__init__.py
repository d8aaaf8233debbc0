"""The `.meta.json` beside a table: who measured it, how, and what was learnt of it since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lut.lazy import load_lazily
from lut.sidecar.file import read_sidecar, sidecar_path, write_sidecar
from lut.sidecar.predictions import (
    Choice,
    FilledFamily,
    NetErrors,
    PredictedRecords,
    read_choice,
    read_predicted,
)

if TYPE_CHECKING:
    from lut.sidecar.provenance import FailedOp, Provenance, read_provenance
    from lut.sidecar.setting import (
        Setting,
        describe_setting,
        read_canary,
        read_config,
        read_segments,
        read_setting,
    )

__all__ = [
    "Choice",
    "FailedOp",
    "FilledFamily",
    "NetErrors",
    "PredictedRecords",
    "Provenance",
    "Setting",
    "describe_setting",
    "read_canary",
    "read_choice",
    "read_config",
    "read_predicted",
    "read_provenance",
    "read_segments",
    "read_setting",
    "read_sidecar",
    "sidecar_path",
    "write_sidecar",
]

if not TYPE_CHECKING:
    __getattr__ = load_lazily(
        __name__,
        {
            "FailedOp": "provenance",
            "Provenance": "provenance",
            "Setting": "setting",
            "describe_setting": "setting",
            "read_canary": "setting",
            "read_config": "setting",
            "read_segments": "setting",
            "read_provenance": "provenance",
            "read_setting": "setting",
        },
    )
