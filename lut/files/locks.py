"""Holding a file or a folder alone among those who lock it, also where the system has no locks for it.

The system's own locks end with the process, however it ends. Where a file system has none, a file beside
what is locked says who holds it; see `lut.files.lock_files`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lut.errors import FileError
from lut.files.lock_files import LOCK_NAME, find_path, lock_by_file, name_maker, release_closed

__all__ = ["lock_descriptor", "lock_folder"]

_POLL_S = 0.05
"""Between two attempts at a lock: Windows itself waits ten seconds at most."""

_PATIENCE_S = 1.0
"""A wait for a lock that is longer is told of: tables are mostly written in less."""

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}


def lock_descriptor(descriptor: int, *, wait: bool) -> bool:
    """Hold an open file alone among those who lock it, until it is closed; say whether it is held now.

    Args:
        descriptor: the file, open for writing.
        wait: whether to wait while another holds it, instead of giving False at once.

    Raises:
        FileError: somebody's lock file stayed there for too long.
        OSError: it can't be locked.
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
    except OSError as refusal:
        target = find_path(descriptor) if refusal.errno in _NO_LOCKS else None
        if target is None:
            raise
        return lock_by_file(descriptor, target, wait=wait)
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
            descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT)
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
        release_closed()


def _wait_for_lock(descriptor: int, folder: Path, announce: Callable[[str], None]) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while not lock_descriptor(descriptor, wait=False):
        if time.monotonic() > until_s:
            announce(f"Waiting for {_name_holder(descriptor)}, which is writing in {folder}.")
            lock_descriptor(descriptor, wait=True)
            return
        time.sleep(_POLL_S)


def _name_holder(descriptor: int) -> str:
    """Name the process that holds an open file, where Linux's /proc/locks or a lock file tells."""
    if sys.platform == "linux":
        file = os.fstat(descriptor)
        place = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
        with contextlib.suppress(OSError):  # it need not be there
            for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
                _, kind, _, _, process, where, *_ = line.split()
                if (kind, where) == ("FLOCK", place) and int(process) > 0:
                    return f"process {process}"
    return name_maker(descriptor) or "another process"
