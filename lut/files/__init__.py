"""Files: read and written so that none is ever there by half (`access`), and known by content (`kinds`)."""

from __future__ import annotations

from lut.files.access import (
    lock_descriptor,
    lock_folder,
    open_atomically,
    parse_json,
    read_bytes,
    write_atomically,
)
from lut.files.kinds import explain_kind, kind_of

__all__ = [
    "explain_kind",
    "kind_of",
    "lock_descriptor",
    "lock_folder",
    "open_atomically",
    "parse_json",
    "read_bytes",
    "write_atomically",
]
