"""Reading grid files: TOML tables, one for each family of operators, with the values of its axes.

    cap = 100000                                # most points, 2,000,000 or fewer; optional

    [conv]
    H = [7, 14, 28]                             # values,
    W = "H"                                     # an expression over other axes,
    Cin = { from = 16, to = 64, step = 16 }     # or a range that includes its end
    Cout = "2 * Cin"
    kernel = 3
    group = [1, 2, 4]
    where = ["Cin % group == 0"]                # what must hold of a point; optional

A family may have several tables, written `[[conv]]`. H, W, C, Cin and Cout are short for height, width,
channels, in_channels and out_channels.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from bench.op_generators.expression import Evaluate, parse_expression
from bench.op_generators.family import Axis, Family
from lut.errors import FileError
from lut.files import read_bytes

if sys.version_info >= (3, 11):
    import tomllib
else:  # the standard library has it from 3.11 on
    import tomli as tomllib

__all__ = ["MOST_POINTS", "Grid", "Table", "Value", "read_grid"]

MOST_POINTS = 2_000_000
"""Points of a grid before constraints; a day or more of measuring on most devices. No file can raise it."""

ALIASES = {"H": "height", "W": "width", "C": "channels", "Cin": "in_channels", "Cout": "out_channels"}

_FORMS = 'a value, a list of values, { from = …, to = …, step = … }, or an expression such as "2 * Cin"'

Value = int | float | bool


@dataclass(frozen=True)
class Table:
    """One table of a grid: axes with their values, axes that follow from others, and constraints."""

    name: str
    family: Family
    values: Mapping[str, Sequence[Value]]
    derived: Mapping[str, Evaluate]
    where: tuple[Evaluate, ...]

    @property
    def points(self) -> int:
        """How many points the table holds before its constraints."""
        return prod(map(len, self.values.values()))


@dataclass(frozen=True)
class Grid:
    """A grid file: where it was read from, and its tables."""

    path: Path
    tables: tuple[Table, ...]


_MOST = (1 << 63) - 1
"""Sizes have 63 bits, as everywhere."""


class _BadEntry(ValueError):  # noqa: N818 - never leaves this module
    """What is wrong with an entry of the file: its key, and the reason."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")


def read_grid(path: Path, families: Mapping[str, Family]) -> Grid:
    """Read a grid file, and check everything that does not depend on a single point.

    Raises:
        FileError: it can't be read, is not TOML, or an entry of it can't be used; the message names line
            or key and what is allowed.
    """
    try:
        document = tomllib.loads(read_bytes(path).decode())
    except (ValueError, RecursionError) as error:  # TOML and text errors are ValueErrors
        raise FileError(f"{path} is not TOML: {error or 'nested too deep'}.") from error
    try:
        cap = _read_cap(document.pop("cap", MOST_POINTS))
        tables = tuple(_read_tables(document, families))
    except _BadEntry as error:
        raise FileError(f"{path}: {error}.") from error
    if not tables:
        raise FileError(f"{path} holds no table. Families are {', '.join(families)}, written [conv].")
    _check_cap(path, tables, cap)
    return Grid(path, tables)


def _read_cap(value: object) -> int:
    if type(value) is not int or value < 1:
        raise _BadEntry("cap", f"{value!r} is not a whole number from 1 on")
    if value > MOST_POINTS:
        raise _BadEntry(
            "cap", f"{value:,} is more than any grid may have, {MOST_POINTS:,}: use several files"
        )
    return value


def _check_cap(path: Path, tables: tuple[Table, ...], cap: int) -> None:
    points = sum(table.points for table in tables)
    if points <= cap:
        return
    table = max(tables, key=lambda table: table.points)
    axis = max(table.values, key=lambda name: len(table.values[name]))
    otherwise = "raise `cap`" if points <= MOST_POINTS else "use several files"
    raise FileError(
        f"{path} holds {points:,} points before constraints, its cap is {cap:,}. The largest axis is "
        f"[{table.name}] {axis} with {len(table.values[axis]):,} values: take fewer, or {otherwise}."
    )


def _read_tables(document: Mapping[str, Any], families: Mapping[str, Family]) -> list[Table]:
    tables = []
    for name, content in document.items():
        if name not in families:
            raise _BadEntry(f"[{name}]", f"there is no such family; choose from {', '.join(families)}")
        several = isinstance(content, list)
        for number, entries in enumerate(content if several else [content], 1):
            if not isinstance(entries, dict):
                raise _BadEntry(name, f"expected a table, written [{name}]")
            title = f"{name} {number}" if several else name
            tables.append(_read_table(title, families[name], entries))
    return tables


def _read_table(title: str, family: Family, entries: Mapping[str, Any]) -> Table:
    axes = {axis.name: axis for axis in family.axes}
    short = {alias: name for alias, name in ALIASES.items() if name in axes}
    names = {**{name: name for name in axes}, **short}
    values: dict[str, Sequence[Value]] = {}
    formulas: dict[str, str] = {}
    for written, content in entries.items():
        key = f"[{title}] {written}"
        if written == "where":
            continue
        if written not in names:
            raise _BadEntry(key, f"there is no such axis; choose from {', '.join([*short, *axes])}")
        name = names[written]
        if name in values or name in formulas:
            raise _BadEntry(key, f"this axis is there twice, as {written} and under its other name")
        if isinstance(content, str):
            formulas[name] = content
        else:
            values[name] = _read_values(key, axes[name], content)
    for axis in family.axes:
        if axis.name not in values and axis.name not in formulas:
            if axis.default is None:
                raise _BadEntry(f"[{title}] {axis.name}", f"this axis is missing: give {_FORMS}")
            values[axis.name] = (axis.default,)
    derived = _read_formulas(title, formulas, names, values)
    return Table(title, family, values, derived, _read_where(title, entries.get("where", []), names))


def _read_values(key: str, axis: Axis, content: object) -> Sequence[Value]:
    if isinstance(content, dict):
        return _read_range(key, axis, content)
    items = content if isinstance(content, list) else [content]
    values = tuple(_read_value(key, axis, item) for item in items)
    if not values:
        raise _BadEntry(key, f"it is empty; expected {_FORMS}")
    return tuple(dict.fromkeys(values))


def _read_range(key: str, axis: Axis, content: Mapping[str, object]) -> range:
    if type(axis.least) is not int:
        raise _BadEntry(key, "a range is for whole numbers; expected a value or a list of values")
    if not {"from", "to"} <= content.keys() <= {"from", "to", "step"}:
        raise _BadEntry(key, "a range is written { from = …, to = …, step = … }, step may be absent")
    first = int(_read_value(f"{key}.from", axis, content["from"]))
    last = int(_read_value(f"{key}.to", axis, content["to"]))
    step = int(_read_value(f"{key}.step", Axis("step"), content.get("step", 1)))
    if first > last:
        raise _BadEntry(key, f"the range from {first} to {last} is empty: from must not be above to")
    return range(first, last + 1, step)


def _read_value(key: str, axis: Axis, value: object) -> Value:
    kind = type(axis.least)
    if type(value) is int and abs(value) > _MOST:
        raise _BadEntry(key, f"{str(value)[:20]}… is out of range, the most is {_MOST}")
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        wanted = {int: "a whole number", float: "a number", bool: "true or false"}[kind]
        raise _BadEntry(key, f"{value!r} is not {wanted}")
    assert isinstance(value, int | float)
    if kind is not bool and not axis.least <= value < float("inf"):
        raise _BadEntry(key, f"{value} is out of range, the least is {axis.least}")
    return value


def _read_formulas(
    title: str, formulas: Mapping[str, str], names: Mapping[str, str], values: Mapping[str, object]
) -> dict[str, Evaluate]:
    """Read axes that follow from others; those others must have values of their own."""
    plain = {written: name for written, name in names.items() if name in values}
    derived = {}
    for name, text in formulas.items():
        try:
            derived[name], _ = parse_expression(text, plain)
        except ValueError as error:
            raise _BadEntry(f"[{title}] {name}", str(error)) from error
    return derived


def _read_where(title: str, texts: object, names: Mapping[str, str]) -> tuple[Evaluate, ...]:
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _BadEntry(f"[{title}] where", 'expected a list of expressions such as ["Cin % group == 0"]')
    try:
        return tuple(parse_expression(text, names)[0] for text in texts)
    except ValueError as error:
        raise _BadEntry(f"[{title}] where", str(error)) from error
