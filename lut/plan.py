"""Plans: operators to measure, one JSON object a line, in the form of `lut.ops.spec`.

An operator may carry the net that it is a part of, as `net`: on some engines it has to be measured beside the
others of that net. A plan is read and written as a stream, so that a million operators need no memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lut.errors import FileError, ModelError
from lut.files import LONGEST_LINE_BYTES, explain_kind, open_atomically, read_lines
from lut.ops import KeyFields, OpSpec, infer_outputs, weight_bytes
from lut.schema import Name, Positive, Record, Whole, encode_line, make_decoder

__all__ = [
    "Origin",
    "Part",
    "Plan",
    "count_lines",
    "format_op",
    "read_parts",
    "read_plan",
    "take_part",
    "write_plan",
]

_CHUNK_BYTES = 1 << 20


class Origin(Record, frozen=True):
    """A net that holds an operator: how many operators it runs, and how many bytes their parameters have."""

    name: Name
    operators: Positive
    weights: Whole

    @classmethod
    def of(cls, name: str, ops: Sequence[OpSpec]) -> Origin:
        """Describe a net by the operators that it runs, repetitions included.

        Raises:
            ModelError: an operator is of an unknown type.
        """
        return cls(name, len(ops), sum(map(weight_bytes, ops)))


@dataclass(frozen=True, slots=True)
class Part:
    """An operator of a plan, and the net that it is measured as a part of; None where it is of no net."""

    op: OpSpec
    origin: Origin | None = None


Plan: TypeAlias = Iterable[OpSpec | Part]
"""What is to be measured: operators, each with its net or without."""


def take_part(entry: OpSpec | Part) -> Part:
    """Give an entry of a plan as a part: an operator alone is of no net."""
    return entry if isinstance(entry, Part) else Part(entry)


class _Line(KeyFields, frozen=True, forbid_unknown_fields=False):
    """A line, which may hold other keys too."""

    net: Origin | None = None


_decode = make_decoder(_Line)


def format_op(op: OpSpec) -> str:
    """Write an operator as one line of JSON, without the line's end."""
    return op.key.to_line()


def read_plan(path: Path) -> Iterator[OpSpec]:
    """Read a plan's operators; see `read_parts`."""
    return (part.op for part in read_parts(path))


def read_parts(path: Path) -> Iterator[Part]:
    """Read a plan's operators, each checked against its shape rule, with the nets they are parts of.

    Raises:
        FileError: the file can't be read, or a line is not an operator; the message names the line.
        ModelError: an operator of unknown type, or whose shapes don't fit.
    """
    empty = True
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(read_lines(stream), 1):
                if len(line) > LONGEST_LINE_BYTES:
                    raise FileError(
                        f"{path}:{number} is longer than {LONGEST_LINE_BYTES >> 20} MiB, the longest line "
                        f"that is read. Is the file a plan?"
                    )
                if line.isspace():
                    continue
                empty = False
                yield _read_line(path, number, line)
    except OSError as refusal:
        raise FileError(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal
    if empty:
        raise FileError(f"{path} holds no operator. Make a plan by `bench generate`.")


def count_lines(path: Path) -> int:
    """Count a plan's lines without reading operators: a million in a second, for showing progress.

    Raises:
        FileError: the file can't be read.
    """
    try:
        with path.open("rb") as stream:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(_CHUNK_BYTES), b""))
    except OSError as refusal:
        raise FileError(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal


def _read_line(path: Path, number: int, line: bytes) -> Part:
    try:
        part = _parse_line(line)
    except ValueError as error:  # JSON and text errors are ValueErrors too
        if words := explain_kind(path, "plan"):
            raise FileError(words) from error
        raise FileError(
            f"{path}:{number} is not an operator: {error}. Expected a line as `bench generate` writes it."
        ) from error
    try:
        infer_outputs(part.op)
    except ModelError as error:
        raise ModelError(f"{path}:{number}: {error}") from error
    return part


def _parse_line(line: bytes) -> Part:
    fields: _Line = _decode(line)
    return Part(OpSpec.from_key(fields.key), fields.net)


def write_plan(plan: Plan, path: Path) -> int:
    """Write a plan, all or nothing; give the number of operators written.

    Raises:
        FileError: the file can't be written, or an operator holds what can't be read back.
    """
    count = 0
    with open_atomically(path) as stream:
        for count, part in enumerate(map(take_part, plan), 1):  # noqa: B007 - the last is the answer
            stream.write(_format_part(path, part))
    return count


def _format_part(path: Path, part: Part) -> bytes:
    line = format_op(part.op)
    if part.origin is not None:
        line = f'{line[:-1]}, "net": {encode_line(part.origin).decode().strip()}}}'
    try:
        _decode(line)
    except ValueError as fault:
        raise FileError(f"{path} can't take the operator {part.op.id}: {fault}.") from fault
    return line.encode() + b"\n"
