"""A table's records in columns: what charts draw, and what the page's table of records holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lut.ops import OpKey, OpSpec, Sizes, check_family, describe_value
from lut.records import PERCENTILES, LutRecord

__all__ = ["Columns", "Floats", "Indices", "collect_columns", "ratio"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_P10, _P50, _P90 = (PERCENTILES.index(percentile) for percentile in (10, 50, 90))


@dataclass(frozen=True, eq=False)
class Columns:
    """Records in the table's order. Each text is kept once; the columns of numbers say which is whose.

    Times are microseconds. `multiply_adds` and `bytes_moved` are NaN for an operator that can't be
    understood. `inputs` are the shapes of all operators in sequence, `input_counts` of them each.
    """

    op_types: tuple[str, ...]
    families: tuple[str, ...]
    arguments: tuple[str, ...]
    shapes: tuple[str, ...]
    op_type: Indices
    family: Indices
    argument: Indices
    inputs: Indices
    input_counts: Indices
    p10: Floats
    p50: Floats
    p90: Floats
    multiply_adds: Floats
    bytes_moved: Floats
    marked: npt.NDArray[np.bool_]
    incomplete: npt.NDArray[np.bool_]
    predicted: npt.NDArray[np.bool_]
    """Which were not measured: their percentiles are the interval of a prediction."""

    def __len__(self) -> int:
        return len(self.p50)

    @cached_property
    def gmacs(self) -> Floats:
        """Thousand millions of multiply-adds a second; NaN for operators that make none, or took no time."""
        return ratio(np.where(self.multiply_adds > 0, self.multiply_adds, np.nan), 1e3 * self.p50)

    @cached_property
    def spread(self) -> Floats:
        """How far p10 and p90 lie apart, as a part of p50; NaN where that is zero, and of predictions."""
        return np.where(self.predicted, np.nan, ratio(self.p90 - self.p10, self.p50))

    def describe(self, index: int) -> str:
        """One line for people: type, shapes, arguments."""
        start = self._starts[index]
        shapes = (self.shapes[shape] for shape in self.inputs[start : start + self.input_counts[index]])
        words = [self.op_types[self.op_type[index]], *shapes, self.arguments[self.argument[index]]]
        return " ".join(words).rstrip()

    @cached_property
    def _starts(self) -> Indices:
        return np.concatenate([[0], np.cumsum(self.input_counts)[:-1]]).astype(np.intp)


def ratio(above: Floats, below: Floats) -> Floats:
    """Divide, with NaN where there is nothing to divide by."""
    quotient = np.full(len(above), np.nan)
    np.divide(above, below, out=quotient, where=below > 0)
    return quotient


class _Texts(dict[str, int]):
    """Texts, each with the number it was given when it was first met."""

    def __missing__(self, text: str) -> int:
        self[text] = number = len(self)
        return number


class _ArgumentTexts(dict[tuple[str, ...], int]):
    """Numbers of arguments as people read them, by the text tables hold them in."""

    def __init__(self, texts: _Texts) -> None:
        self._texts = texts

    def add(self, key: OpKey, op: OpSpec | None, *, predicted: bool) -> int:
        found = (*key.op_args, "(predicted)") if predicted else key.op_args
        if found not in self:
            words = (
                key.op_args if op is None else (f"{name}={describe_value(value)}" for name, value in op.args)
            )
            text = " ".join([*words, "(predicted)"] if predicted else words)
            self[found] = self._texts[" ".join(text.split())]
        return self[found]


def collect_columns(
    records: Iterable[LutRecord],
    marked: Collection[OpKey] | None = None,
    incomplete: Iterable[OpKey] = (),
    progress: Callable[[int], None] = lambda _: None,
    is_predicted: Callable[[OpKey], bool] = lambda _: False,
) -> Columns:
    """Take records apart; `progress` hears how many are done, `is_predicted` tells which are predictions."""
    marks, cut_short = marked or (), frozenset(incomplete)
    op_types, families, shapes, arguments = _Texts(), _Texts(), _Texts(), _Texts()
    argument_texts = _ArgumentTexts(arguments)
    numbers: list[tuple[int, int, int, int]] = []
    inputs: list[int] = []
    values: list[tuple[float, ...]] = []
    flags: list[tuple[bool, bool, bool]] = []
    for done, record in enumerate(records, 1):
        key, times = record.key, record.runtime_us
        op, predicted = _read_op(key), is_predicted(key)
        known = None if op is None else check_family(op)
        family, work = (key.op_type, (np.nan, np.nan)) if known is None else (known[0], _work(known[1]))
        numbers.append(
            (
                op_types[key.op_type],
                families[family],
                argument_texts.add(key, op, predicted=predicted),
                len(key.input_shapes),
            )
        )
        inputs += [shapes[_format_shape(shape)] for shape in key.input_shapes]
        values.append((times[_P10], times[_P50], times[_P90], *work))
        flags.append((key in marks, key in cut_short, predicted))
        if not done & 0xFF:
            progress(done)
    n, v = np.array(numbers, np.intp).reshape(-1, 4), np.array(values, np.float64).reshape(-1, 5)
    f = np.array(flags, np.bool_).reshape(-1, 3)
    return Columns(
        op_types=tuple(op_types),
        families=tuple(families),
        arguments=tuple(arguments),
        shapes=tuple(shapes),
        op_type=n[:, 0],
        family=n[:, 1],
        argument=n[:, 2],
        inputs=np.array(inputs, np.intp),
        input_counts=n[:, 3],
        p10=v[:, 0],
        p50=v[:, 1],
        p90=v[:, 2],
        multiply_adds=v[:, 3],
        bytes_moved=v[:, 4],
        marked=f[:, 0],
        incomplete=f[:, 1],
        predicted=f[:, 2],
    )


def _read_op(key: OpKey) -> OpSpec | None:
    try:
        return OpSpec.from_key(key)
    except ValueError:
        return None


def _work(sizes: Sizes) -> tuple[float, float]:
    return float(sizes.multiply_adds), float(sizes.bytes_moved)


def _format_shape(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape))}]"
