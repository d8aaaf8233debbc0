"""The `.meta.json` beside a table, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lut.errors import FileError
from lut.files import parse_json, read_bytes, write_atomically

__all__ = ["read_sidecar", "sidecar_path", "write_sidecar"]


def sidecar_path(table: Path) -> Path:
    """Name the sidecar of a table, plain or zipped."""
    return table.with_name(table.name.removesuffix(".zip")).with_suffix(".meta.json")


def read_sidecar(path: Path) -> dict[str, Any]:
    """Read what is known of a table; of a published one nothing is, and that is an empty dict.

    Raises:
        FileError: the file can't be read, or is not a JSON object.
    """
    if not path.exists():
        return {}
    try:
        story = parse_json(read_bytes(path))
    except ValueError as error:
        raise FileError(f"{path} is not JSON: {error}. Move it away to go on without it.") from error
    if not isinstance(story, dict):
        raise FileError(f"{path} is not a JSON object. Move it away to go on without it.")
    return story


def write_sidecar(path: Path, story: Mapping[str, Any]) -> None:
    """Write a sidecar, all or nothing.

    Raises:
        FileError: it can't be written.
    """
    write_atomically(path, (json.dumps(story, indent=1, sort_keys=True) + "\n").encode())
