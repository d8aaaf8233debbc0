"""Reading and writing files so that nothing is ever there by half."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from lut.errors import FileError

__all__ = [
    "hash_stream",
    "open_atomically",
    "parse_json",
    "read_bytes",
    "write_atomically",
]


def read_bytes(path: Path, error: type[FileError] = FileError) -> bytes:
    """Read a whole file, turning the system's refusal into a sentence.

    Raises:
        FileError: (or the subclass given) the file is absent or can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as refusal:
        raise error(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal


def hash_stream(stream: IO[bytes]) -> str:
    """Return the SHA-256 of what is left of a stream, read in pieces."""
    digest = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def parse_json(text: bytes | str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: it is none, no text, or nested deeper than the parser can follow.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


@contextlib.contextmanager
def open_atomically(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes its place only when the block ends without an error.

    Raises:
        FileError: the folder can't be made or written to, or something other than a regular file is there.
    """
    try:
        if path.exists() and not path.is_file():  # /dev/null would become a file, for root
            raise FileError(f"{path} is not a regular file. Choose another name for the output.")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as refusal:
        raise FileError(f"{path} can't be written: {refusal.strerror or refusal}.") from refusal
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes files for their owner alone; a table is for everybody, as open() would make it.
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except OSError as refusal:
        raise FileError(f"{path} can't be written: {refusal.strerror or refusal}.") from refusal
    finally:
        Path(name).unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a whole file, or leave the old one as it was."""
    with open_atomically(path) as stream:
        stream.write(data)
