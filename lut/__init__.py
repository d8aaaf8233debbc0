"""The latency look-up table: its records, the files it lives in, and the answers it gives.

import lut

table = lut.open("lut/data/<device>-op_lut_database.json")
table.estimate("models/ChamNet-A/int8").total_us     # microseconds; None if an operator is missing
table.find(op).runtime_us                            # op is a lut.OpSpec
table.estimate_many(nets).total_us                   # a numpy array
table.estimate(net).calibrated(table.calibration).calibrated_us   # corrected by `bench validate --fit`

space = lut.blocks("fbnet", table)                   # the latency of every block of a search space
space.total_us(choices)                              # of a million architectures at once
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lut.ops import OpSpec, TensorSpec
    from lut.spaces import BlockSpace, BlockTable, load_blocks
    from lut.table import Estimate, LutTable, Row

__all__ = [
    "BlockTable",
    "Estimate",
    "LutTable",
    "OpSpec",
    "Row",
    "TensorSpec",
    "blocks",
    "load_blocks",
    "open",
]

_HOMES = {
    "BlockTable": "lut.spaces",
    "Estimate": "lut.table",
    "LutTable": "lut.table",
    "OpSpec": "lut.ops",
    "Row": "lut.table",
    "TensorSpec": "lut.ops",
    "load_blocks": "lut.spaces",
}


def open(path: str | Path, device: str | None = None, **options: Any) -> LutTable:  # noqa: A001
    """Open a table (.json or .json.zip); `lut.table.load_table` says how, and what options it takes.

    Raises:
        FileError: the file can't be read, or is no table; the message names the line.
        ConflictError: it holds several devices' records, and none was named.
    """
    from lut.table import load_table

    return load_table(Path(path), device, **options)


def blocks(space: str | BlockSpace, table: LutTable, *, interpolate: bool = False) -> BlockTable:
    """Look up all blocks of a search space; see `lut.spaces.make_blocks`.

    Raises:
        MissingError: the table lacks operators of the space.
    """
    from lut.spaces import find_block_space, make_blocks

    chosen = find_block_space(space) if isinstance(space, str) else space
    return make_blocks(chosen, table, interpolate=interpolate)


def __getattr__(name: str) -> Any:
    # Loaded when it is first asked for: a command line should not wait for what it does not use.
    if name not in _HOMES:
        raise AttributeError(f"module 'lut' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
