"""Plans: operators to measure, one JSON object a line, in the form of `lut.ops.spec`.

A plan is read and written as a stream, so that a million operators need no memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from lut.errors import FileError, ModelError
from lut.files import open_atomically, parse_json
from lut.ops import KeyFields, OpKey, OpSpec, infer_outputs

__all__ = ["count_lines", "format_op", "parse_op", "read_plan", "write_plan"]

_CHUNK_BYTES = 1 << 20

_decode = msgspec.json.Decoder(KeyFields).decode


def format_op(op: OpSpec) -> str:
    """Write an operator as one line of JSON, without the line's end."""
    return op.key.to_line()


def parse_op(line: Any) -> OpSpec:
    """Read an operator from a parsed JSON object, which may hold other keys too.

    Raises:
        ValueError: it holds no operator; the message says why.
    """
    return OpSpec.from_key(OpKey.from_json(line))


def read_plan(path: Path) -> Iterator[OpSpec]:
    """Read a plan's operators, each checked against its shape rule.

    Raises:
        FileError: the file can't be read, or a line is not an operator; the message names the line.
        ModelError: an operator of unknown type, or whose shapes don't fit.
    """
    empty = True
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
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


def _read_line(path: Path, number: int, line: bytes) -> OpSpec:
    try:
        op = OpSpec.from_key(_read_key(line))
    except ValueError as error:  # JSON and text errors are ValueErrors too
        raise FileError(
            f"{path}:{number} is not an operator: {error}. Expected a line as `bench generate` writes it."
        ) from error
    try:
        infer_outputs(op)
    except ModelError as error:
        raise ModelError(f"{path}:{number}: {error}") from error
    return op


def _read_key(line: bytes) -> OpKey:
    try:
        return _decode(line).key
    except ValueError:  # a line with more keys, which is good, or no operator: then it says why
        return OpKey.from_json(parse_json(line))


def write_plan(ops: Iterable[OpSpec], path: Path) -> int:
    """Write a plan, all or nothing; give the number of operators written."""
    count = 0
    with open_atomically(path) as stream:
        for op in ops:
            stream.write(format_op(op).encode() + b"\n")
            count += 1
    return count
