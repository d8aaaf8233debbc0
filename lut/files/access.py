"""Reading and writing files so that nothing is ever there by half."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from lut.errors import FileError

__all__ = [
    "lock_descriptor",
    "lock_folder",
    "open_atomically",
    "parse_json",
    "read_bytes",
    "write_atomically",
]

_POLL_S = 0.05
"""Between two attempts at a lock: Windows itself waits ten seconds at most."""

_PATIENCE_S = 1.0
"""A wait for a lock that is longer is told of: tables are mostly written in less."""


def read_bytes(path: Path, error: type[FileError] = FileError) -> bytes:
    """Read a whole file, turning the system's refusal into a sentence.

    Raises:
        FileError: (or the subclass given) the file is absent or can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as refusal:
        raise error(f"{path} can't be read: {refusal.strerror or refusal}.") from refusal


def parse_json(text: bytes | str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: it is none, no text, or nested deeper than the parser can follow.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def lock_descriptor(descriptor: int, *, wait: bool) -> bool:
    """Hold an open file alone among those who lock it, until it is closed; say whether it is held now.

    Args:
        descriptor: the file, open for writing.
        wait: whether to wait while another holds it, instead of giving False at once.
    """
    if sys.platform == "win32":
        import msvcrt

        # Windows locks bytes, and nobody else may read these: one that lies beyond what any file holds.
        os.lseek(descriptor, 1 << 62, os.SEEK_SET)
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except PermissionError:
                if not wait:
                    return False
                time.sleep(_POLL_S)
            else:
                return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def lock_folder(folder: Path, announce: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """Hold a folder alone among those who lock it, waiting for whoever holds it, while the block lasts.

    A file that is replaced as a whole can't be locked itself: whoever waited would hold the old one.

    Args:
        folder: the folder.
        announce: hears a sentence when the wait is longer than a moment.

    Raises:
        FileError: there is no such folder, or it can't be read or locked.
    """
    try:
        if sys.platform == "win32":  # which opens no folder, and so locks a file that stays there
            descriptor = os.open(folder / ".cnn-latency-lut.lock", os.O_RDWR | os.O_CREAT)
        else:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as refusal:
        raise FileError(f"{folder} can't be read: {refusal.strerror or refusal}.") from refusal
    try:
        try:
            _wait_for_lock(descriptor, folder, announce)
        except OSError as refusal:
            raise FileError(f"{folder} can't be locked: {refusal.strerror or refusal}.") from refusal
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, folder: Path, announce: Callable[[str], None]) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while not lock_descriptor(descriptor, wait=False):
        if time.monotonic() > until_s:
            announce(f"Waiting for {_name_holder(descriptor)}, which is writing in {folder}.")
            lock_descriptor(descriptor, wait=True)
            return
        time.sleep(_POLL_S)


def _name_holder(descriptor: int) -> str:
    """Name the process that holds the lock on an open file, where the system tells: Linux in /proc/locks."""
    if sys.platform == "linux":
        file = os.fstat(descriptor)
        place = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
        with contextlib.suppress(OSError):  # it need not be there
            for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
                _, kind, _, _, process, where, *_ = line.split()
                if (kind, where) == ("FLOCK", place) and int(process) > 0:
                    return f"process {process}"
    return "another process"


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
