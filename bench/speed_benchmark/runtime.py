"""What a program is built on: pinned files, and the parts of them that are unpacked."""

from __future__ import annotations

import hashlib
import re
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.speed_benchmark.cache import Announce, new_folder, report
from bench.speed_benchmark.fetch import Download, discard, obtain_all

__all__ = ["Component", "provide"]


@dataclass(frozen=True)
class Component:
    """A part of a download: the members that `pattern` matches whole, stored under its first group."""

    name: str
    download: Download
    pattern: str

    def folder(self, cache: Path) -> Path:
        """Where it is unpacked; the name changes with what it is made of, so an old one is never taken."""
        made_of = hashlib.sha256(f"{self.download.sha256} {self.pattern}".encode()).hexdigest()
        return cache / "runtime" / f"{self.name}-{made_of[:12]}"


def provide(components: Sequence[Component], cache: Path, progress: Announce | None) -> None:
    """Unpack the components that are not there yet, downloading what that takes. Call with the cache locked.

    Raises EngineError when a download fails or a file is not the pinned one.
    """
    missing = [component for component in components if not component.folder(cache).is_dir()]
    archives = obtain_all([component.download for component in missing], cache, progress)
    for component in missing:
        archive = archives[component.download]
        report(progress, f"Unpacking {component.name} from {archive.name}.")
        with new_folder(component.folder(cache)) as folder:
            for member, content in _read_members(archive, component.pattern):
                _store(content, folder / member)
    for component in missing:
        discard(component.download, cache)


def _read_members(archive: Path, pattern: str) -> Iterator[tuple[str, IO[bytes]]]:
    matcher = re.compile(pattern)
    if archive.suffix == ".whl":
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


def _store(content: IO[bytes], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        while chunk := content.read(1 << 20):
            out.write(chunk)
