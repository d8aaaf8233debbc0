"""An ONNX file without its weights: what is large in it is never read.

The file is walked as protobuf writes it, field by field, and copied but for the data of large tensors. The
numbers of fields are those of `onnx.proto`, which are never changed.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from lut.errors import ModelError

__all__ = ["MOST_BYTES", "read_skeleton"]

MOST_BYTES = 4096
"""A tensor with more data is one of weights; those that shapes are computed from hold a few numbers."""

_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5

Fields: TypeAlias = "Mapping[int, Fields | None]"
"""The fields of a message that are looked into: messages by their own fields, None for a tensor's data."""

_TENSOR: Fields = dict.fromkeys((4, 5, 6, 7, 9, 10, 11))  # float_data … raw_data … uint64_data
_ATTRIBUTE: dict[int, Fields | None] = {5: _TENSOR, 10: _TENSOR}
_NODE: Fields = {5: _ATTRIBUTE}
_GRAPH: Fields = {1: _NODE, 5: _TENSOR}
_ATTRIBUTE |= {6: _GRAPH, 11: _GRAPH}  # of nodes that hold graphs themselves
_MODEL: Fields = {7: _GRAPH}


def read_skeleton(path: Path) -> bytes:
    """Read an ONNX model as bytes, without the data of its large tensors.

    Raises:
        ModelError: the file can't be read, is empty, cut off, or not written by protobuf.
    """
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return b"".join(_copy(content, 0, len(content), _MODEL))
    except OSError as refusal:
        raise ModelError(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal
    except ValueError as error:
        raise ModelError(
            f"{path} is not an ONNX model, or not whole ({error}). Export it again, or fetch it again."
        ) from error


def _copy(content: mmap.mmap, start: int, end: int, fields: Fields) -> Iterator[bytes]:
    """Copy a message's fields but for large data; each piece is a tag with what belongs to it."""
    at = start
    while at < end:
        tag_at = at
        tag, at = _read_varint(content, at, end)
        number, kind = tag >> 3, tag & 7
        if not number:
            raise ValueError(f"a field without a number at byte {tag_at}")
        if kind != _BYTES:
            at = _skip(content, at, end, kind)
            yield content[tag_at:at]
            continue
        size, at = _read_varint(content, at, end)
        if size > end - at:
            raise ValueError(f"the field at byte {tag_at} should have {size:,} bytes, {end - at:,} are there")
        inner = fields.get(number, _WHOLE)
        if inner is _WHOLE or (inner is None and size <= MOST_BYTES):
            yield content[tag_at : at + size]
        elif inner is not None:
            copied = b"".join(_copy(content, at, at + size, inner))
            yield _write_varint(tag) + _write_varint(len(copied)) + copied
        at += size


_WHOLE: Fields = {}
"""Of a message that is not looked into."""


def _skip(content: mmap.mmap, at: int, end: int, kind: int) -> int:
    """Give the place behind a number."""
    if kind == _VARINT:
        return _read_varint(content, at, end)[1]
    size = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind)
    if size is None:
        raise ValueError(f"a field of the unknown kind {kind} before byte {at}")
    if size > end - at:
        raise ValueError(f"it ends within a number at byte {at}")
    return at + size


def _read_varint(content: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, and give it with the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            raise ValueError(f"it ends within a number at byte {at}")
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError(f"a number of more than ten bytes before byte {at}")


def _write_varint(value: int) -> bytes:
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)
