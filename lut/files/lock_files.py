"""Locks where the file system has none (NFS without its lock daemon, some of FUSE): files that tell of them.

Such a file is made by the one process that finds it absent. It counts for as long as that process has open
what it locked, as far as this host can tell. Of a process on another host nothing can be told, so that its
file is waited for, but not for ever; and without /proc a process holds what it locked until it ends.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lut.errors import FileError

__all__ = ["LOCK_NAME", "find_path", "lock_by_file", "name_maker", "release_closed"]

LOCK_NAME = ".cnn-latency-lut.lock"
"""The file that holds a folder; with a file's name in front, it holds that file."""

_POLL_S = 0.05

_LONGEST_WAIT_S = 600.0
"""For a lock file: who made it may be gone without a trace."""

_UNWRITTEN_S = 10.0
"""A lock file that says nothing after so long is of a process that was killed while it made it."""


@dataclass(frozen=True)
class _Holder:
    """Who made a lock file; `started` tells a process from a later one of the same number."""

    host: str
    process: int
    started: str

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}"

    @classmethod
    def own(cls) -> _Holder:
        """This process."""
        return cls(platform.node(), os.getpid(), _tell_start(os.getpid()))

    @classmethod
    def read(cls, file: Path) -> _Holder | None:
        """Read a lock file; None where it is absent, or not written yet."""
        try:
            return msgspec.json.decode(file.read_bytes(), type=cls)
        except (OSError, ValueError):
            return None

    def holds(self, target: Path) -> bool:
        """Tell whether it may still hold a file: it is on another host, or has the file open here."""
        if self.host != platform.node():
            return True
        if _tell_start(self.process) != self.started:
            return False
        try:
            return any(_is_open_at(link, target) for link in Path(f"/proc/{self.process}/fd").iterdir())
        except OSError:  # another user's process, or a system without this folder: it lives, so it holds
            return True


def _is_open_at(link: Path, target: Path) -> bool:
    try:
        return link.readlink() == target or link.samefile(target)
    except OSError:  # it was closed just now
        return False


def _tell_start(process: int) -> str:
    """Tell what is the same for a process's whole life; "" when it is gone."""
    if sys.platform == "linux":
        try:  # the name of the program, in brackets, may hold anything
            said = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
            return said.rpartition(")")[2].split()[19]
        except (OSError, IndexError):
            return ""
    try:
        os.kill(process, 0)
    except PermissionError:
        return "alive"
    except OSError:
        return ""
    return "alive"


def find_path(descriptor: int) -> Path | None:
    """Give the path of an open file; None where the system does not tell."""
    try:
        if sys.platform == "darwin":
            import fcntl

            answer = fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024))
            return Path(os.fsdecode(answer.rstrip(b"\0")))
        return Path(f"/proc/self/fd/{descriptor}").readlink()
    except OSError:
        return None


def _lock_file(target: Path) -> Path:
    return target / LOCK_NAME if target.is_dir() else target.with_name(f".{target.name}{LOCK_NAME}")


_made: dict[Path, tuple[int, Path]] = {}
"""The lock files of this process, with the descriptor that each is for, and that one's path."""


def lock_by_file(descriptor: int, target: Path, *, wait: bool) -> bool:
    """Hold an open file by a file that says so, taking the place of one whose process is gone.

    Raises:
        FileError: that file stayed there for as long as anybody waits for one.
        OSError: it can't be made.
    """
    file = _lock_file(target)
    until_s = time.monotonic() + _LONGEST_WAIT_S
    while True:
        release_closed()
        if _made.get(file) == (descriptor, target) or _make_lock_file(file):
            _made[file] = descriptor, target
            return True
        holder = _Holder.read(file)
        gone = _is_unwritten(file) if holder is None else file not in _made and not holder.holds(target)
        if gone and _remove_left(file, holder):
            continue
        if not wait:
            return False
        if time.monotonic() > until_s:
            raise FileError(
                f"{file} says that {holder or 'another process'} is at work. If it is not, remove that file."
            )
        time.sleep(_POLL_S)


def _make_lock_file(file: Path) -> bool:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(msgspec.json.encode(_Holder.own()))
    return True


def _is_unwritten(file: Path) -> bool:
    try:
        return time.time() - file.stat().st_mtime > _UNWRITTEN_S
    except OSError:
        return False


def _remove_left(file: Path, holder: _Holder | None) -> bool:
    """Remove what a process left that is gone. Only one of those who see it may: another's new one stays."""
    guard = file.with_name(f"{file.name}.removal")
    try:
        os.close(os.open(guard, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        if _is_unwritten(guard):  # whoever made it was killed in this moment
            guard.unlink(missing_ok=True)
        return False
    try:
        if _Holder.read(file) == holder:
            file.unlink(missing_ok=True)
        return True
    finally:
        guard.unlink(missing_ok=True)


def release_closed() -> None:
    """Remove this process's lock files of what it has closed."""
    for file, (descriptor, target) in list(_made.items()):
        if find_path(descriptor) != target:
            _drop(file)


@atexit.register
def _drop_all() -> None:
    for file in list(_made):
        _drop(file)


def _drop(file: Path) -> None:
    del _made[file]
    if _Holder.read(file) == _Holder.own():  # a fork has them in its list, too
        with contextlib.suppress(OSError):  # it counts for nothing any more
            file.unlink()


def name_maker(descriptor: int) -> str | None:
    """Name the process whose lock file holds an open file; None where there is no such file."""
    target = find_path(descriptor)
    holder = None if target is None else _Holder.read(_lock_file(target))
    return None if holder is None else str(holder)
