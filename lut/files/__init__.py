"""Files: read and written so that none is ever there by half (`access`), held alone (`lock_files`, `locks`),
line by line (`lines`), called after devices (`names`), and known by content (`kinds`)."""

from __future__ import annotations

from lut.files.access import (
    hash_stream,
    open_atomically,
    parse_json,
    read_bytes,
    write_atomically,
)
from lut.files.kinds import explain_kind, kind_of
from lut.files.lines import LONGEST_LINE_BYTES, read_lines
from lut.files.locks import lock_descriptor, lock_folder
from lut.files.names import name_after_device

__all__ = [
    "LONGEST_LINE_BYTES",
    "explain_kind",
    "hash_stream",
    "kind_of",
    "lock_descriptor",
    "lock_folder",
    "name_after_device",
    "open_atomically",
    "parse_json",
    "read_bytes",
    "read_lines",
    "write_atomically",
]
