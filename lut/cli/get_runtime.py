"""The original look-up's command line: the same options, the same lines, the same sums.

What it prints, and what it does on a miss, was read off the original (`runtime_lut` of mobile-vision):
per operator its type and input shapes, then the medians of all its records; on a miss only a sentence;
at the end whether all were found and the sum, in microseconds, in which misses count nothing. What is not in
such a sum is named beside that, on stderr, and the exit code is that of `lut estimate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lut.cli.model_choice import blame_unmapped
from lut.cli.rendering import describe_doubts
from lut.errors import MissingError
from lut.frontends import Model, find_models, load_model
from lut.ops import OpSpec
from lut.table import Estimate, Row, find_table_file, load_table
from lut.wording import list_first

__all__ = [
    "DEFAULT_DEVICE",
    "DEFAULT_INPUT_DIMS",
    "DEFAULT_MODEL_PATHS",
    "LookedUp",
    "look_up_models",
    "refuse_partial",
]

DEFAULT_MODEL_PATHS = "ChamNet/models/ChamNet-E/int8,ChamNet/models/ChamNet-E/fp32"
DEFAULT_INPUT_DIMS = '{"data": [1, 3, 160, 160]}'
DEFAULT_DEVICE = "SM-G950U-7.0-24"


@dataclass(frozen=True)
class LookedUp:
    """A net, and a row of the table for each of its operators."""

    model: Model
    rows: tuple[Row, ...]

    @property
    def lines(self) -> Iterator[str]:
        """What the original prints."""
        total: float = 0  # an int, as in the original: a net with no operator found has the latency "0"
        for row in self.rows:
            yield from _lines(row)
            total += 0 if row.runtime_us is None else row.runtime_us
        yield f"All operators found in the table? {not self.missing}"
        yield f"The network run-time latency is {total}"

    @property
    def doubts(self) -> Iterator[str]:
        """What part of the sum is something else than measured, a line each; the original prints none."""
        for line in describe_doubts(self._estimate):
            yield f"{self.model.path}: {line}"

    @property
    def missing(self) -> tuple[OpSpec, ...]:
        """The operators that were not found, each once."""
        return self._estimate.missing

    @property
    def _estimate(self) -> Estimate:
        return Estimate(self.rows)


def look_up_models(
    model_paths: str,
    folder: Path,
    input_dims: Mapping[str, tuple[int, ...]],
    input_dtype: int,
    device: str,
    precision: str | None = None,
) -> Iterator[LookedUp]:
    """Look up each of the comma-separated model folders.

    With a `precision`, a folder may be one of models; see `lut.frontends.find_models` and `load_model`.

    Raises:
        FileError: the device's table can't be found or read.
        ModelError: a model can't be understood.
    """
    table = load_table(find_table_file(folder, device), device)
    paths = [Path(path) for path in model_paths.split(",")]
    for path in find_models(paths, precision) if precision else paths:
        model = load_model(path, input_dims, input_dtype, precision)
        yield LookedUp(model, tuple(map(table.find, model.choose_ops(fused=table.fuses_activations))))


def refuse_partial(nets: Sequence[LookedUp]) -> None:
    """End with the names of what nets have and their sums lack.

    Raises:
        MissingError: the table lacks operators of theirs, or nodes of a model have none.
    """
    told = []
    for net in nets:
        path, missing = net.model.path, net.missing
        if missing:
            names = list_first((op.describe() for op in missing), len(missing))
            told.append(f"The table does not hold {len(missing)} operators of {path}:\n{names}")
        if net.model.unmapped:
            told.append(blame_unmapped(path, net.model.unmapped, net.model.multiply_adds))
    if told:
        raise MissingError(
            "\n".join([*told, "The latency printed is a partial sum: these count as nothing."])
        )


def _lines(row: Row) -> Iterator[str]:
    if not row.records:
        yield "No match found in the database!"
        return
    yield f"op type {row.key.op_type} with input {[list(shape) for shape in row.key.input_shapes]}"
    yield f"run_time: {[record.p50 for record in row.records]}"
