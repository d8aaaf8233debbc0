"""What files and messages may hold: types with bounds, and reading and writing them.

A form of a file is written down once, as a `Record` whose fields are of these types; it is the reader and the
writer. What does not fit is a ValueError, whatever was wrong with it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec

from lut.errors import FileError

__all__ = [
    "Factor",
    "Name",
    "Nanoseconds",
    "Positive",
    "Record",
    "Share",
    "Text",
    "Whole",
    "convert",
    "decode",
    "encode_file",
    "encode_line",
    "make_decoder",
    "refuse_newer",
    "to_json",
]

_MOST = (1 << 63) - 1
_MOST_FLOAT = sys.float_info.max

Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=_MOST)]
"""A whole number of 63 bits, such as a count or a size."""

Positive: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=_MOST)]
"""The same from 1."""

Nanoseconds: TypeAlias = Positive
"""A time that was taken, which is never 0."""

Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=_MOST_FLOAT)]
"""A number from 0 that is finite, such as microseconds or a share."""

Factor: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=_MOST_FLOAT)]
"""The same above 0."""

Name: TypeAlias = Annotated[str, msgspec.Meta(max_length=1000)]
"""A name, an id, a time of day."""

Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=1 << 20)]
"""What people or programs said."""

Kind = TypeVar("Kind")


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a form of files and messages is made of: immutable, and read without fields that it lacks."""


def make_decoder(kind: Any) -> Callable[[bytes | str], Any]:
    """Return a reader of JSON texts of one kind, for those of which there are many; see `decode`."""
    read = msgspec.json.Decoder(kind).decode

    def decode_one(text: bytes | str) -> Any:
        try:
            return read(text)
        except _FAULTS as fault:
            raise _word(fault) from fault

    return decode_one


def decode(text: bytes | str, kind: type[Kind]) -> Kind:
    """Read a JSON text.

    Raises:
        ValueError: it is no JSON, holds what the kind does not, or is nested deeper than can be followed.
    """
    read: Callable[[bytes | str], Kind] = make_decoder(kind)
    return read(text)


def convert(fields: Any, kind: type[Kind]) -> Kind:
    """Read values as a parser gives them.

    Raises:
        ValueError: they are not what the kind holds.
    """
    try:
        return msgspec.convert(fields, kind)
    except _FAULTS as fault:
        raise _word(fault) from fault


_FAULTS = (ValueError, TypeError, RecursionError, OverflowError)


def _word(fault: Exception) -> ValueError:
    return ValueError("it is nested too deeply" if isinstance(fault, RecursionError) else str(fault))


def to_json(record: msgspec.Struct) -> dict[str, Any]:
    """Give a record as JSON types."""
    fields: dict[str, Any] = msgspec.to_builtins(record)
    return fields


def encode_line(value: Any) -> bytes:
    """Write a record or JSON types as one line of JSON, spaced as `json.dumps` does it, with the line's end.

    Raises:
        ValueError: a text holds half a surrogate pair.
    """
    return msgspec.json.format(msgspec.json.encode(value), indent=0) + b"\n"


def encode_file(fields: msgspec.Struct | dict[str, Any]) -> bytes:
    """Write a file of one JSON object, a field a line.

    Raises:
        ValueError: a text holds half a surrogate pair.
    """
    return msgspec.json.format(msgspec.json.encode(fields), indent=1) + b"\n"


class _Versioned(msgspec.Struct):
    version: Any = None


def refuse_newer(text: bytes, known: int, what: str) -> None:
    """Refuse a JSON object of a version that is newer than the one known; anything else is let pass.

    Args:
        text: the object.
        known: the newest version that is read.
        what: the file, in words that a sentence can begin with.

    Raises:
        FileError: it is of a newer version.
    """
    try:
        version = decode(text, _Versioned).version
    except ValueError:
        return
    if isinstance(version, int | float) and version > known:
        raise FileError(
            f"{what} is of version {version}; this program reads version {known}. Update cnn-latency-lut."
        )
