"""What a program is built on: the pinned parts of files, unpacked and checked."""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from bench.speed_benchmark.cache import Announce, Transfer, new_folder, report
from bench.speed_benchmark.contents import hash_files, list_folder
from bench.speed_benchmark.fetch import bring, discard, find_supply, is_fetched
from bench.speed_benchmark.pins import Component
from lut.errors import EngineError

__all__ = ["provide"]

_PROGRAM_BYTES = 100_000_000
"""For what is compiled: a phone's program takes a copy of its libraries along."""


def provide(
    components: Sequence[Component],
    cache: Path,
    progress: Announce | None,
    transfer: Transfer | None = None,
) -> None:
    """Unpack the components that are not there as they are pinned, downloading what that takes.

    Every file of those that are there is read and compared; one that was changed costs its component, which
    is unpacked anew. Call with the cache locked.

    Raises EngineError when the disk has no room for it, a download fails, or what came is not what is pinned.
    """
    missing = [component for component in components if not _is_pinned(component, cache, progress)]
    if not missing:
        return
    supply = find_supply(missing, cache, progress)
    download = supply.count_missing(cache)
    needed = download + sum(component.size for component in missing) + _PROGRAM_BYTES
    if download:
        report(
            progress,
            f"{download / 1e6:.0f} MB to download; the build takes {needed / 1e9:.1f} GB of disk space.",
        )
    free = shutil.disk_usage(cache).free
    if free < needed:
        raise EngineError(
            f"The build takes {needed / 1e6:,.0f} MB of disk space, and {free / 1e6:,.0f} MB are free in "
            f"{cache}. Make room, or set CNN_LATENCY_LUT_CACHE to another folder."
        )
    archives = bring(supply, cache, progress, transfer)
    for component in missing:
        report(progress, f"Unpacking {component.name} from {component.download.name}.")
        _unpack(component, archives[component], cache)
    for component in missing:
        discard(component, cache)


def _is_pinned(component: Component, cache: Path, progress: Announce | None) -> bool:
    """Tell whether a component is there, every byte of it."""
    folder = component.folder(cache)
    if not folder.is_dir():
        return False
    whole = hash_files(list_folder(folder)) == component.sha256
    if not whole:
        report(progress, f"{folder} is not what was unpacked there; it is made again.")
    return whole


def _unpack(component: Component, archive: Path, cache: Path) -> None:
    """Store the component's members, unless one is not what is pinned."""
    stored, left = dict[str, str](), component.size
    with new_folder(component.folder(cache)) as folder:
        try:
            for member, content in _read_members(archive, component):
                stored[member], size = _store(content, _place(folder, member), left)
                left -= size
            actual = f"the SHA-256 {hash_files(stored)}"
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError) as error:
            actual = f"an error in it ({error})"
        if actual == f"the SHA-256 {component.sha256}":
            return
        message = f"{component.name} of {component.download.name} has {actual}; pinned is {component.sha256}."
        if not is_fetched(archive, cache):
            raise EngineError(f"{message} Put the right file in the place of {archive}, or remove it.")
        archive.unlink()
        raise EngineError(f"{message} It was removed; run this again to download it.")


def _read_members(archive: Path, component: Component) -> Iterator[tuple[str, IO[bytes]]]:
    matcher = re.compile(component.pattern)
    if component.download.tags:
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                if match := matcher.fullmatch(name):
                    with wheel.open(name) as content:
                        yield match[1], content
    else:
        with tarfile.open(archive) as sdist:
            for entry in sdist:
                match = matcher.fullmatch(entry.name)
                opened = sdist.extractfile(entry) if match else None
                if match and opened:
                    with opened as content:
                        yield match[1], content


def _place(folder: Path, member: str) -> Path:
    """Tell where a member goes. What it is called is not yet known to be what is pinned."""
    if ".." in Path(member).parts or Path(member).is_absolute():
        raise zipfile.BadZipFile(f"a member is called {member}")
    return folder / member


def _store(content: IO[bytes], path: Path, left: int) -> tuple[str, int]:
    """Write it, and give its SHA-256 and size, which may be as much as is left of the component's."""
    digest, size = hashlib.sha256(), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        while chunk := content.read(1 << 20):
            size += len(chunk)
            if size > left:
                raise zipfile.BadZipFile("it is longer than it should be")
            out.write(chunk)
            digest.update(chunk)
    return digest.hexdigest(), size
