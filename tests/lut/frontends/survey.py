"""A table of what is read of many models: `python -m tests.lut.frontends.survey FOLDER-OR-ARCHIVE`.

A line has the file, its nodes, how many of them have an operator or are free, the share of the multiply-adds
that operators make, in floats and with `--precision int8`, and the types without an operator.
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from lut.errors import LutError
from lut.frontends import Model, load_model

SUFFIXES = {".onnx", ".tflite"}


@dataclass(frozen=True)
class Row:
    """What is read of one file. A share is None where the file is refused so, or it is not known."""

    file: str
    nodes: int
    mapped: int
    unmapped: str
    floats: float | None
    int8: float | None
    refusal: str = ""

    def __str__(self) -> str:
        """Give the row as the table has it."""
        shares = " ".join("     ?" if each is None else f"{each:>6.1%}" for each in (self.floats, self.int8))
        return f"{self.file:<56} {self.nodes:>5} {self.mapped:>5} {shares}  {self.unmapped or self.refusal}"


def survey(paths: Iterable[Path]) -> Iterator[Row]:
    """Give the row of each file."""
    for path in paths:
        asked = [_read(path, precision) for precision in (None, "int8")]
        model = next((each for each in asked if isinstance(each, Model)), None)
        refusal = next((str(each) for each in asked if not isinstance(each, Model)), "")
        shares = [_share(each) if isinstance(each, Model) else None for each in asked]
        unmapped = () if model is None else model.unmapped
        nodes = 0 if model is None else len(model.fates)
        types = Counter(fate.op_type for fate in unmapped)
        names = ", ".join(f"{count} {name}" for name, count in types.most_common())
        yield Row(path.name, nodes, nodes - len(unmapped), names, shares[0], shares[1], refusal)


def _read(path: Path, precision: str | None) -> Model | LutError:
    try:
        return load_model(path, precision=precision)
    except LutError as refusal:
        return refusal


def _share(model: Model) -> float | None:
    known, lost = model.multiply_adds, [fate.multiply_adds for fate in model.unmapped]
    counted = [each for each in lost if each is not None]
    if len(counted) < len(lost) or not known + sum(counted):
        return None
    return known / (known + sum(counted))


def list_models(folder: Path) -> list[Path]:
    """List the model files below a folder."""
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)


def main(source: Path) -> None:
    """Print the table of a folder's models, or of an archive's."""
    with tempfile.TemporaryDirectory() as folder:
        if source.is_file():
            with tarfile.open(source) as archive:
                archive.extractall(folder, filter="data")
            source = Path(folder)
        for row in survey(list_models(source)):
            click.echo(row)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
