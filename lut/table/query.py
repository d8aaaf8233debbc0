"""Choosing records by what their operators are: type, shapes, arguments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lut.ops import OpKey, normalise_value, parse_argument
from lut.records import LutRecord

__all__ = ["ArgumentFilter", "Query", "Range", "ShapeFilter", "parse_argument_filter", "parse_shape_filter"]


@dataclass(frozen=True)
class Range:
    """Numbers from `least` to `most`, both included."""

    least: float = -math.inf
    most: float = math.inf

    def holds(self, value: object) -> bool:
        """Tell whether this is a number in the range."""
        return isinstance(value, (int, float)) and self.least <= value <= self.most


@dataclass(frozen=True)
class ShapeFilter:
    """An input's shape, dimension by dimension; the number of dimensions must agree."""

    input: int
    dimensions: tuple[Range, ...]

    def holds(self, key: OpKey) -> bool:
        """Tell whether the operator has such an input."""
        if self.input >= len(key.input_shapes):
            return False
        shape = key.input_shapes[self.input]
        return len(shape) == len(self.dimensions) and all(
            allowed.holds(size) for allowed, size in zip(self.dimensions, shape, strict=True)
        )


@dataclass(frozen=True)
class ArgumentFilter:
    """An argument's value: a range of numbers, or a text; None asks that it is not written at all."""

    name: str
    value: Range | str | None

    def holds(self, key: OpKey) -> bool:
        """Tell whether the operator has such an argument."""
        found = [value for name, value in map(_parse, key.op_args) if name == self.name]
        if not found:
            return self.value is None
        if self.value is None:
            return False
        if isinstance(self.value, Range):
            return self._range(found[0]).holds(found[0])
        return str(found[0]) == self.value

    def _range(self, found: object) -> Range:
        """The range in the precision of what it is asked about: alpha=0.1 means the 0.1 of a table."""
        assert isinstance(self.value, Range)
        if not isinstance(found, float):
            return self.value
        least, most = normalise_value(self.value.least), normalise_value(self.value.most)
        assert isinstance(least, float)
        assert isinstance(most, float)
        return Range(least, most)


@dataclass(frozen=True)
class Query:
    """All that is asked of an operator; `types` are patterns such as `Int8Conv*`, any of which may fit."""

    types: tuple[str, ...] = ()
    shapes: tuple[ShapeFilter, ...] = ()
    arguments: tuple[ArgumentFilter, ...] = ()

    def holds(self, key: OpKey) -> bool:
        """Tell whether the operator is all that."""
        if self.types and not any(fnmatchcase(key.op_type, pattern) for pattern in self.types):
            return False
        filters: tuple[ShapeFilter | ArgumentFilter, ...] = (*self.shapes, *self.arguments)
        return all(part.holds(key) for part in filters)

    def choose(self, records: Iterable[LutRecord]) -> Iterator[LutRecord]:
        """Pass on the records that fit."""
        return (record for record in records if self.holds(record.key))


def parse_shape_filter(text: str) -> ShapeFilter:
    """Read `0=1,56..112,56..112,*`: input 0 of four dimensions, two of them from 56 to 112, one of any size.

    Raises:
        ValueError: it is something else.
    """
    number, separator, dimensions = text.partition("=")
    if not separator or not number.strip().isdecimal():
        raise ValueError(f"{text!r} is not a shape; write 0=1,56..112,56..112,*")
    return ShapeFilter(int(number), tuple(_parse_range(part) for part in dimensions.split(",")))


def parse_argument_filter(text: str) -> ArgumentFilter:
    """Read `kernel=3`, `group=2..`, `order=NHWC`, or `group=` for an argument that must not be there.

    Raises:
        ValueError: it is something else.
    """
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise ValueError(f"{text!r} is not an argument; write kernel=3, group=2.. or order=NHWC")
    if not value:
        return ArgumentFilter(name, None)
    try:
        return ArgumentFilter(name, _parse_range(value))
    except ValueError:
        return ArgumentFilter(name, value)


def _parse_range(text: str) -> Range:
    text = text.strip()
    if text == "*":
        return Range()
    least, separator, most = text.partition("..")
    try:
        if not separator:
            return Range(float(text), float(text))
        return Range(float(least) if least else -math.inf, float(most) if most else math.inf)
    except ValueError:
        raise ValueError(f"{text!r} is not a range; write a number, A..B, A.., ..B or *") from None


def _parse(text: str) -> tuple[str, object]:
    try:
        return parse_argument(text)
    except ValueError:
        return "", None
