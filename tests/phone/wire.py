"""Messages of the ADB protocol: a header of six little-endian words, then the payload."""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["HEADER_BYTES", "MAX_DATA", "VERSION", "Header", "pack_message", "parse_header"]

VERSION = 0x01000000
"""With this version both sides check the payload's sum; 0x01000001 is the one that leaves it out."""

MAX_DATA = 1 << 20
HEADER_BYTES = 24

_HEADER = struct.Struct("<4s5I")


@dataclass(frozen=True)
class Header:
    """A message without its payload, which is `length` bytes long and adds up to `checksum`."""

    command: str
    arg0: int
    arg1: int
    length: int
    checksum: int


def parse_header(data: bytes) -> Header:
    """Read a header.

    Raises:
        ValueError: the last word is not the first one inverted: the stream is out of step.
    """
    command, arg0, arg1, length, checksum, magic = _HEADER.unpack(data)
    if magic != int.from_bytes(command, "little") ^ 0xFFFFFFFF:
        raise ValueError(f"{data!r} is no header of an ADB message")
    return Header(command.decode("ascii"), arg0, arg1, length, checksum)


def pack_message(command: str, arg0: int, arg1: int, data: bytes = b"") -> bytes:
    """Write a message, payload and all."""
    word = command.encode("ascii")
    magic = int.from_bytes(word, "little") ^ 0xFFFFFFFF
    return _HEADER.pack(word, arg0, arg1, len(data), sum(data) & 0xFFFFFFFF, magic) + data
