"""The latency look-up table: its records, the files it lives in, and the answers it gives.

import lut

table = lut.open("lut/data/<device>-op_lut_database.json")
table.estimate("models/ChamNet-A/int8").total_us     # microseconds; None if an operator is missing
table.estimate(lut.load_model("net.onnx", precision="int8")).total_us
table.find(op).runtime_us                            # op is a lut.OpSpec
table.estimate_many(nets).total_us                   # a numpy array
table.estimate(net).calibrated(table.calibration).calibrated_us   # corrected by `bench validate --fit`

space = lut.blocks("fbnet", table)                   # the latency of every block of a search space
space.total_us(choices)                              # of a million architectures at once

Everything in `__all__` is public. Importing it costs next to nothing: what needs numpy is loaded when it is
first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lut.errors import (
    ConflictError,
    DeviceError,
    EngineError,
    FailedError,
    FileError,
    LutError,
    MissingError,
    ModelError,
    StoppedError,
)

if TYPE_CHECKING:
    from lut.estimation import Prediction
    from lut.frontends import Fate, Model, load_model
    from lut.ops import OpSpec, TensorSpec
    from lut.sidecar import Calibration
    from lut.spaces import BlockSpace, BlockTable, MissingOpsError, load_blocks
    from lut.table import Estimate, LutTable, Row, Totals

    __version__: str

__all__ = [
    "BlockSpace",
    "BlockTable",
    "Calibration",
    "ConflictError",
    "DeviceError",
    "EngineError",
    "Estimate",
    "FailedError",
    "Fate",
    "FileError",
    "LutError",
    "LutTable",
    "MissingError",
    "MissingOpsError",
    "Model",
    "ModelError",
    "OpSpec",
    "Prediction",
    "Row",
    "StoppedError",
    "TensorSpec",
    "Totals",
    "blocks",
    "load_blocks",
    "load_model",
    "open",
]


def open(  # noqa: A001 - users write `lut.open`
    path: str | Path,
    device: str | None = None,
    *,
    index: bool = True,
    match: str = "exact",
    warn: Callable[[str], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> LutTable:
    """Open a table: `.json`, or `.json.zip`.

    Args:
        path: the table's file.
        device: whose records to use, where a table holds several devices'.
        index: whether to use and keep an index in the user's cache folder, by which a table opens in
            milliseconds from the second time on; without it the whole file is read.
        match: `exact`, or `canonical`, which takes other spellings of the same arguments for the same
            operator.
        warn: hears a sentence if the table holds an operator more than once; the times are averaged.
        progress: hears the number of lines read, while an index is built.

    Raises:
        FileError: the file can't be read, or is not a table; the message names the line.
        ConflictError: it holds several devices' records, and none was named.
    """
    from lut.table import load_table

    return load_table(Path(path), device, index=index, match=match, warn=warn, progress=progress)


def blocks(space: str | BlockSpace, table: LutTable, *, interpolate: bool = False) -> BlockTable:
    """Look up all blocks of a search space.

    Args:
        space: its name, such as `fbnet`, or the space itself.
        table: where to look.
        interpolate: whether to estimate operators that the table lacks from those it has.

    Raises:
        MissingOpsError: the table lacks operators of the space, which are the error's `ops`.
        FileError: no space has that name.
    """
    from lut.spaces import find_block_space, make_blocks

    chosen = find_block_space(space) if isinstance(space, str) else space
    return make_blocks(chosen, table, interpolate=interpolate)


_HOMES = {
    "BlockSpace": "lut.spaces",
    "BlockTable": "lut.spaces",
    "Calibration": "lut.sidecar",
    "Estimate": "lut.table",
    "Fate": "lut.frontends",
    "LutTable": "lut.table",
    "MissingOpsError": "lut.spaces",
    "Model": "lut.frontends",
    "OpSpec": "lut.ops",
    "Prediction": "lut.estimation",
    "Row": "lut.table",
    "TensorSpec": "lut.ops",
    "Totals": "lut.table",
    "load_blocks": "lut.spaces",
    "load_model": "lut.frontends",
}
"""Where the names are that are not loaded with this module."""

if not TYPE_CHECKING:  # a type checker that saw this would take any name for one of the module's

    def __getattr__(name: str) -> object:
        if name == "__version__":  # as it was installed; pyproject.toml is where it is written
            from importlib.metadata import version

            return version("cnn-latency-lut")
        if name not in _HOMES:
            raise AttributeError(f"module 'lut' has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
