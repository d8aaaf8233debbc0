"""Looking a released net up by the commands, each in a Python that shares nothing with this one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from lut.frontends import load_model
from lut.table import table_file_name
from lut.table.formats.json_lut import write
from lut.zoo import write_net
from tests.lut.samples import record

__all__ = ["DEVICE", "DIMS", "MODEL", "TABLE", "prepare_lookups", "run_alone"]

DEVICE = "Box-12-6.1"
MODEL = "FBNet-96/int8"
DIMS = '{"data": [1, 3, 96, 96]}'
TABLE = table_file_name(DEVICE)


def prepare_lookups(folder: Path) -> None:
    """Write a released net, and a table that holds each of its operators, at 10 us, 11 us and so on."""
    model = load_model(write_net("FBNet-96", "int8", folder))
    keys = dict.fromkeys(op.key for op in model.ops)
    write([record(key, 10.0 + place, DEVICE) for place, key in enumerate(keys)], folder / TABLE)


def run_alone(
    folder: Path, *arguments: str, before: str = "", environment: Mapping[str, str] | None = None
) -> str:
    """Run `lut` in another Python, warnings being errors, after the code `before`; give what it prints."""
    code = f"{before}\nfrom lut.cli import main\nmain()"
    # protobuf 4 itself does what Python 3.12 and later warn of.
    warnings = ["-W", "error", "-W", "ignore:Type google._upb:DeprecationWarning"]
    done = subprocess.run(
        [sys.executable, *warnings, "-X", "warn_default_encoding", "-c", code, *arguments],
        cwd=folder,
        env={**os.environ, "CNN_LATENCY_LUT_CACHE": str(folder / "cache"), **(environment or {})},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout
