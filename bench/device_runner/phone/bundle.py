"""The benchmark program on a phone: everything it needs as one archive, known by its content.

All that is ever written or removed on a phone lies in `FOLDER`:

    bundles/<sha1>/        the program, the loader and its libraries; whole, or absent
    runs/<id>/             one block: its manifest, its output; removed when the block is done
"""

from __future__ import annotations

import hashlib
import io
import shlex
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bench.device_runner.device import LostError
from bench.device_runner.phone.connection import Connection
from bench.device_runner.phone.storage import read_free_bytes
from bench.speed_benchmark import Program
from lut.errors import DeviceError

__all__ = [
    "FOLDER",
    "Bundle",
    "clean_phone",
    "install_bundle",
    "pack_archive",
    "pack_bundle",
    "push_archive",
]

FOLDER = "/data/local/tmp/cnn-latency-lut"
"""Ours. /data/local/tmp is the one place where an unrooted phone lets a pushed program run."""

_SPARE_BYTES = 32 << 20


@dataclass(frozen=True)
class Bundle:
    """A program as an archive. `command` starts it from within its folder, `{}` standing for that folder."""

    archive: bytes
    sha1: str
    command: str

    @property
    def folder(self) -> str:
        """Where it is on a phone."""
        return f"{FOLDER}/bundles/{self.sha1}"

    @property
    def start(self) -> str:
        """The words that start the program, its settings in front, ready for a shell."""
        return self.command.format(self.folder)


def pack_archive(files: Mapping[str, bytes | Path], executable: bool = False) -> bytes:
    """Write a tar of files, the same bytes for the same files; `executable` makes all of them so.

    A byte is added to it: messages over USB whose size is a multiple of the packet size may wait for
    an end that never comes, and tar's sizes are such multiples. tar reads up to its end mark only.
    """
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            data = content.read_bytes() if isinstance(content, Path) else content
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            runs = executable or (isinstance(content, Path) and content.stat().st_mode & 0o100)
            entry.mode = 0o755 if runs else 0o644
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue() + b"\0"


@lru_cache(maxsize=2)
def pack_bundle(program: Program) -> Bundle:
    """Pack a program with its loader and libraries; several phones share one pack.

    Raises:
        DeviceError: the loader is not among the libraries.
    """
    libraries = sorted(path for path in program.library_dir.iterdir() if path.is_file())
    loader = next((path.name for path in libraries if path.name.startswith("ld-linux")), None)
    if loader is None:
        raise DeviceError(
            f"{program.library_dir} holds no loader. Run `bench build --target {program.target}`."
        )
    archive = pack_archive({path.name: path for path in [program.executable, *libraries]})
    # A phone has no glibc, so the program comes with one. LD_BIND_NOW is read by that loader: without it
    # the program would start itself once more.
    command = f"LD_BIND_NOW=1 {{0}}/{loader} --library-path {{0}} {{0}}/{program.executable.name}"
    return Bundle(archive, hashlib.sha1(archive, usedforsecurity=False).hexdigest(), command)


def install_bundle(connection: Connection, bundle: Bundle, announce: Callable[[str], None]) -> None:
    """Bring a bundle into its place, unless it is there.

    Raises:
        DeviceError: not enough room, or the phone can't unpack it.
        LostError: the connection broke; call again, nothing half is left in the bundle's place.
    """
    folder = shlex.quote(bundle.folder)
    if connection.run(f"[ -d {folder} ] || ls -d {folder} >/dev/null 2>&1").code == 0:
        return
    connection.check(f"mkdir -p {FOLDER}/bundles {FOLDER}/runs", f"make the folder {FOLDER}")
    _check_room(connection, 2 * len(bundle.archive) + _SPARE_BYTES)
    archive, unfinished = f"{bundle.folder}.tar", f"{bundle.folder}.part"
    push_archive(connection, bundle.archive, archive, announce)
    connection.check(
        f"rm -rf {unfinished} && mkdir {unfinished} && cd {unfinished} && tar -xf {archive} && "
        f"mv {unfinished} {folder} && rm -f {archive}",
        "unpack the benchmark program",
        connection.patience.unpack_s,
    )


def push_archive(
    connection: Connection, archive: bytes, path: str, announce: Callable[[str], None] = lambda _: None
) -> None:
    """Write an archive on the phone under a name of its own, check it, then give it its name.

    Raises:
        LostError: it did not arrive whole.
    """
    part = f"{path}.part"
    connection.push(archive, part, announce)
    expected = hashlib.sha1(archive, usedforsecurity=False).hexdigest()
    answer = connection.check(
        f'set -- $(sha1sum {part}); if [ "$1" = {expected} ]; then mv {part} {path}; echo same; '
        f'else rm -f {part}; echo "other $1"; fi',
        "check what was copied to it",
        connection.patience.unpack_s,
    )
    if answer.split() != ["same"]:
        raise LostError(
            f"what was copied to the phone did not arrive whole ({' '.join(answer.split())[:60]})"
        )


def _check_room(connection: Connection, needed: int) -> None:
    """Raise DeviceError when the phone tells that it has less room than needed (in bytes)."""
    free = read_free_bytes(connection.run("df /data/local/tmp").output)
    if free is not None and free < needed:
        raise DeviceError(
            f"The phone has {free / 1e6:.0f} MB free in /data/local/tmp, {needed / 1e6:.0f} MB are needed. "
            f"Make room on it, or remove what this program left there by `bench clean --device SERIAL`."
        )


def clean_phone(connection: Connection) -> None:
    """Remove our folder and nothing else."""
    connection.check(f"rm -rf {FOLDER}", f"remove {FOLDER}")
