"""An operator argument as the text that table keys carry: protobuf's text format of one Argument.

    ("kernel", 3)        name: "kernel"\\ni: 3\\n
    ("order", "NHWC")    name: "order"\\ns: "NHWC"\\n
    ("kernels", (3, 3))  name: "kernels"\\nints: 3\\nints: 3\\n

Values keep their Python type: int, float, str (text), bytes (what is not UTF-8), or a tuple of one of them.
Floats are single precision there: 0.1 comes back as 0.10000000149011612.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from google.protobuf import text_format

from lut.caffe2_pb2 import Argument

__all__ = [
    "ArgumentValue",
    "argument_value",
    "describe_value",
    "format_argument",
    "make_argument",
    "normalise_value",
    "parse_argument",
]

Scalar: TypeAlias = int | float | str | bytes
ArgumentValue: TypeAlias = Scalar | tuple[int, ...] | tuple[float, ...] | tuple[str | bytes, ...]


def format_argument(name: str, value: ArgumentValue) -> str:
    """Write the text of an argument, as Caffe2's Python prints its message."""
    # 0.0 and -0.0, (1,) and (1.0,) are one cache key each, and not one text.
    if (type(value) is float and value == 0) or (
        isinstance(value, tuple) and not all(type(item) is int for item in value)
    ):
        return text_format.MessageToString(make_argument(name, value))
    return _format_cached(name, value)


@lru_cache(maxsize=65536, typed=True)
def _format_cached(name: str, value: ArgumentValue) -> str:
    return text_format.MessageToString(make_argument(name, value))


@lru_cache(maxsize=65536)
def parse_argument(text: str) -> tuple[str, ArgumentValue]:
    """Read an argument's text, as any version of protobuf prints it.

    Raises:
        ValueError: the text is not that of an argument.
    """
    try:
        message = text_format.Parse(text, Argument())
    except text_format.ParseError as error:
        raise ValueError(f"{text!r} is not the text of an argument: {error}") from error
    return message.name, argument_value(message)


def normalise_value(value: ArgumentValue) -> ArgumentValue:
    """Give the value that is read back once this one is written: floats in single precision, True as 1."""
    if type(value) is int or type(value) is str:
        return value
    if isinstance(value, tuple) and all(type(item) is int for item in value):
        return value
    # By way of the text, since protobuf prints too few digits of the smallest floats to read them back.
    return parse_argument(format_argument("", value))[1]


def describe_value(value: ArgumentValue) -> str:
    """Write a value for people: floats with as few digits as single precision needs, 0.1 as 0.1."""
    if isinstance(value, tuple):
        items = [describe_value(item) if isinstance(item, float) else repr(item) for item in value]
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    if isinstance(value, float):
        # Protobuf's own digits: those of the key.
        return text_format.MessageToString(make_argument("", value)).partition("f: ")[2].strip()
    return str(value)


def make_argument(name: str, value: ArgumentValue) -> Argument:
    """Make the protobuf message; the value's type decides its field. An empty tuple means no ints."""
    match value:
        case tuple():
            if any(isinstance(item, (str, bytes)) for item in value):
                return Argument(name=name, strings=[_to_bytes(item) for item in value])
            if any(isinstance(item, float) for item in value):
                return Argument(name=name, floats=[float(item) for item in value])
            return Argument(name=name, ints=[int(item) for item in value])
        case str() | bytes():
            return Argument(name=name, s=_to_bytes(value))
        case float():
            return Argument(name=name, f=value)
        case int():
            return Argument(name=name, i=int(value))  # True is 1


def argument_value(message: Argument) -> ArgumentValue:
    """Take the value out of a message; an argument with no value at all is an empty tuple."""
    if message.HasField("i"):
        return message.i
    if message.HasField("f"):
        return message.f
    if message.HasField("s"):
        return _to_text(message.s)
    if message.floats:
        return tuple(message.floats)
    if message.strings:
        return tuple(_to_text(item) for item in message.strings)
    return tuple(message.ints)


def _to_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _to_text(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value
