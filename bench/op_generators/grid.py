"""The space `grid`: every point of the axes in a TOML file; see `grid_file` for how it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Annotated

from bench.op_generators.family import Family
from bench.op_generators.grid_file import Grid, Table, Value, read_grid
from bench.op_generators.space import Precisions, Space, join_activations
from lut.errors import FileError, ModelError
from lut.ops import OpSpec, infer_outputs
from lut.spaces import SpaceOption

__all__ = ["make_space"]


def make_space(families: Mapping[str, Family]) -> Space:
    """Make the space whose files may name these families."""

    def walk(
        grid: Annotated[Path | None, SpaceOption("--grid", "The file of axes (TOML).", kind="path")] = None,
        precisions: Precisions = ("int8",),
        *,
        fused: bool = False,
    ) -> Iterator[OpSpec]:
        if grid is None:
            raise FileError("The space `grid` needs a file: give --grid FILE.toml.")
        return _walk(read_grid(grid, families), precisions, fused)

    return Space("every point of the axes in a TOML file (--grid)", walk)


def _walk(grid: Grid, precisions: tuple[str, ...], fused: bool) -> Iterator[OpSpec]:
    for table in grid.tables:
        empty = True
        for point in _list_points(grid.path, table):
            empty = False
            for precision in precisions:
                yield from join_activations(_make_ops(grid.path, table, precision, point), fused)
        if empty:
            raise FileError(
                f"{grid.path}: [{table.name}] where: no point of {table.points:,} meets every constraint."
            )


def _list_points(path: Path, table: Table) -> Iterator[dict[str, Value]]:
    """Give the points that meet the constraints."""
    names = tuple(table.values)
    least = {axis.name: axis.least for axis in table.family.axes}
    for values in product(*table.values.values()):
        point = dict(zip(names, values, strict=True))
        try:
            # Formulas read axes with values of their own only, so the point may grow meanwhile.
            for name, evaluate in table.derived.items():
                point[name] = evaluate(point)
            if not all(holds(point) for holds in table.where):
                continue
        except ZeroDivisionError as error:
            raise FileError(_at(path, table, point, "an expression divides by 0")) from error
        for name in table.derived:
            point[name] = _fit(path, table, point, name, least[name])
        yield point


def _fit(path: Path, table: Table, point: Mapping[str, Value], name: str, least: Value) -> Value:
    """Give a formula's value as the type of its axis."""
    value = point[name]
    if isinstance(least, bool):
        return bool(value)
    if isinstance(least, int) and (not isinstance(value, int) or isinstance(value, bool)):
        raise FileError(_at(path, table, point, f"{name} is {value}; expected a whole number"))
    if not least <= value < float("inf"):
        raise FileError(_at(path, table, point, f"{name} is {value}, the least is {least}"))
    return type(least)(value)


def _make_ops(path: Path, table: Table, precision: str, point: Mapping[str, Value]) -> Iterator[OpSpec]:
    make: Callable[..., Iterator[OpSpec]] = table.family.make
    try:
        for op in make(precision, **point):
            infer_outputs(op)
            yield op
    except ModelError as error:
        raise FileError(_at(path, table, point, str(error).rstrip("."))) from error


def _at(path: Path, table: Table, point: Mapping[str, Value], reason: str) -> str:
    where = ", ".join(f"{name}={value}" for name, value in point.items())
    return f"{path}: [{table.name}] at {where}: {reason}."
