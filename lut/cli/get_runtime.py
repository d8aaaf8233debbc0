"""The original look-up's command line: the same options, the same lines, the same sums.

What it prints, and what it does on a miss, was read off the original (`runtime_lut` of mobile-vision):
per operator its type and input shapes, then the medians of all its records; on a miss only a sentence;
at the end whether all were found and the sum, in microseconds, in which misses count nothing. Whoever
wants a miss named takes `lut estimate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from lut.frontends import find_models, load_model
from lut.ops import OpSpec
from lut.table import LutTable, Row, find_table_file, load_table

__all__ = ["DEFAULT_DEVICE", "DEFAULT_INPUT_DIMS", "DEFAULT_MODEL_PATHS", "look_up_models"]

DEFAULT_MODEL_PATHS = "ChamNet/models/ChamNet-E/int8,ChamNet/models/ChamNet-E/fp32"
DEFAULT_INPUT_DIMS = '{"data": [1, 3, 160, 160]}'
DEFAULT_DEVICE = "SM-G950U-7.0-24"


def look_up_models(
    model_paths: str,
    folder: Path,
    input_dims: Mapping[str, tuple[int, ...]],
    input_dtype: int,
    device: str,
    precision: str | None = None,
) -> Iterator[str]:
    """Give the lines that the original prints for each of the comma-separated model folders.

    With a `precision`, a folder may be one of models; see `lut.frontends.find_models` and `load_model`.

    Raises:
        FileError: the device's table can't be found or read.
        ModelError: a model can't be understood.
    """
    table = load_table(find_table_file(folder, device), device)
    paths = [Path(path) for path in model_paths.split(",")]
    for path in find_models(paths, precision) if precision else paths:
        model = load_model(path, input_dims, input_dtype, precision)
        yield from _look_up(model.choose_ops(fused=table.fuses_activations), table)


def _look_up(ops: tuple[OpSpec, ...], table: LutTable) -> Iterator[str]:
    total: float = 0  # an int, as in the original: a net with no operator found has the latency "0"
    all_found = True
    for row in map(table.find, ops):
        yield from _lines(row)
        if row.runtime_us is None:
            all_found = False
        else:
            total += row.runtime_us
    yield f"All operators found in the table? {all_found}"
    yield f"The network run-time latency is {total}"


def _lines(row: Row) -> Iterator[str]:
    if not row.records:
        yield "No match found in the database!"
        return
    yield f"op type {row.key.op_type} with input {[list(shape) for shape in row.key.input_shapes]}"
    yield f"run_time: {[record.p50 for record in row.records]}"
