"""Files and folders held alone, with the system's locks and without."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from lut.errors import FileError
from lut.files import lock_descriptor, lock_folder


def test_a_wait_for_a_lock_tells_whom_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lut.files.locks._PATIENCE_S", 0)
    said: list[str] = []
    with ExitStack() as holder:
        holder.enter_context(lock_folder(tmp_path, pytest.fail))

        def leave(sentence: str) -> None:
            said.append(sentence)
            holder.close()

        with lock_folder(tmp_path, leave):
            pass
    [sentence] = said
    # Some file systems are numbered otherwise in the system's list of locks.
    holders = rf"(process {os.getpid()}|another process)"
    assert re.fullmatch(rf"Waiting for {holders}, which is writing in {re.escape(str(tmp_path))}\.", sentence)


def test_a_folder_that_takes_no_lock_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, *, wait: bool) -> bool:
        raise OSError(37, f"No locks available, wait={wait}")

    monkeypatch.setattr("lut.files.locks.lock_descriptor", refuse)
    with pytest.raises(FileError, match="can't be locked: No locks available"), lock_folder(tmp_path):
        pass


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has none, as NFS without its lock daemon."""

    def refuse(*_: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", refuse)


_HOLD = """
import errno, fcntl, os, sys, time
def refuse(*_): raise OSError(errno.ENOLCK, "no locks")
fcntl.flock = refuse
from lut.files import lock_descriptor
descriptor = os.open(sys.argv[1], os.O_RDWR)
print(lock_descriptor(descriptor, wait=False), flush=True)
sys.stdin.readline()
os.close(descriptor)
print("closed", flush=True)
sys.stdin.readline()
"""


def try_lock(path: Path) -> bool:
    with path.open("r+b") as stream:
        return lock_descriptor(stream.fileno(), wait=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "run.jsonl"
    path.touch()
    return path


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_file_says_who_holds_another_until_that_is_closed(file: Path) -> None:
    with file.open("r+b") as first:
        assert lock_descriptor(first.fileno(), wait=False)
        assert lock_descriptor(first.fileno(), wait=False)
        assert not try_lock(file)
    assert try_lock(file)
    assert try_lock(file)


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_folder_is_left_as_it_was(tmp_path: Path) -> None:
    with lock_folder(tmp_path, pytest.fail):
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize("ending", ["close", "kill", "leave"])
def test_without_locks_another_process_holds_a_file_as_long_as_it_has_it_open(
    file: Path, ending: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "True\n"
        assert not try_lock(file)
        if ending == "kill":
            other.kill()
            other.wait()
        else:
            other.stdin.write("\n")
            other.stdin.flush()
            assert other.stdout.readline() == "closed\n"
        if ending == "leave":
            other.communicate("\n")
            assert list(file.parent.iterdir()) == [file]
        assert try_lock(file)
        other.kill()


@pytest.mark.usefixtures("no_locks")
def test_a_lock_file_of_another_host_is_waited_for_but_not_for_ever(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = file.with_name(f".{file.name}.cnn-latency-lut.lock")
    left.write_text(json.dumps({"host": "elsewhere", "process": 7, "started": "1"}))
    assert not try_lock(file)
    monkeypatch.setattr("lut.files.lock_files._LONGEST_WAIT_S", 0)
    with (
        file.open("r+b") as stream,
        pytest.raises(FileError, match=r"process 7 on elsewhere is at work\. If it is not, remove that file"),
    ):
        lock_descriptor(stream.fileno(), wait=True)


@pytest.mark.usefixtures("no_locks")
def test_a_lock_file_that_was_never_written_counts_for_a_moment_only(file: Path) -> None:
    left = file.with_name(f".{file.name}.cnn-latency-lut.lock")
    left.touch()
    assert not try_lock(file)
    os.utime(left, (1_000_000_000, 1_000_000_000))
    assert try_lock(file)
