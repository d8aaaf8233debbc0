"""Brings what components are made of: taken from where the user put it, or fetched, in parts or whole."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from bench.speed_benchmark.cache import Announce, Transfer, report
from bench.speed_benchmark.contents import hash_file
from bench.speed_benchmark.index import NotFoundError, ask_settings, download_whole, find_address
from bench.speed_benchmark.pins import Component, Download
from bench.speed_benchmark.ranges import BrokenOffError, NoRangesError, Parts, RemoteFile, find_parts
from lut.errors import EngineError

__all__ = ["Supply", "bring", "discard", "find_supply", "is_fetched"]


@dataclass
class Supply:
    """Where components come from: archives that are here, parts of remote ones, or whole files."""

    here: dict[Component, Path] = field(default_factory=dict)
    parts: dict[Component, Parts] = field(default_factory=dict)
    whole: dict[Component, Download] = field(default_factory=dict)

    def count_missing(self, cache: Path) -> int:
        """Give how many bytes are still to be downloaded."""
        whole = sum(download.size for download in set(self.whole.values()))
        return self.count_missing_parts(cache) + whole

    def count_missing_parts(self, cache: Path) -> int:
        """Give how many bytes are still to be downloaded of remote archives' parts."""
        return sum(parts.count_missing(_part(each, cache)) for each, parts in self.parts.items())


def find_supply(components: Sequence[Component], cache: Path, progress: Announce | None) -> Supply:
    """Find out where each comes from. Of a wheel on a server, only its directory is read.

    Raises EngineError: a file that is here is not the pinned one, or the index has not got one (naming every
    file that is wanted, so that a machine without network gets them all in one go).
    """
    supply = Supply()
    downloads = list(dict.fromkeys(component.download for component in components))
    for download in downloads:
        wanted = [component for component in components if component.download == download]
        try:
            source = _find(download, cache) or _reach(download)
            if isinstance(source, Path):
                supply.here |= dict.fromkeys(wanted, source)
            elif source is not None:
                found = find_parts(source, [each.pattern for each in wanted])
                supply.parts |= dict(zip(wanted, found, strict=True))
            else:
                supply.whole |= dict.fromkeys(wanted, download)
        except NoRangesError as error:
            _tell_whole(download, error, progress)
            supply.whole |= dict.fromkeys(wanted, download)
        except NotFoundError as error:
            absent = [each for each in downloads if _find(each, cache) is None]
            raise EngineError(_describe_failure(download, str(error), absent, cache)) from error
    return supply


def bring(
    supply: Supply, cache: Path, progress: Announce | None, transfer: Transfer | None
) -> dict[Component, Path]:
    """Fetch what is not here and give each component's archive, a whole one with its SHA-256 checked.

    Raises EngineError: a download failed, or broke off (to go on the next time), or is not the pinned file.
    """
    archives = {**supply.here, **_bring_whole(supply.whole, cache, progress)}
    done, total = 0, supply.count_missing_parts(cache)

    def advance(length: int) -> None:
        nonlocal done
        done += length
        if transfer is not None:
            transfer(done, total)

    for component, parts in supply.parts.items():
        path, download = _part(component, cache), component.download
        if missing := parts.count_missing(path):
            report(progress, f"Downloading parts of {download.name} ({_megabytes(missing)}).")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            parts.fetch(path, advance)
            archives[component] = path
        except NoRangesError as error:
            _tell_whole(download, error, progress)
            archives |= _bring_whole({component: download}, cache, progress)
        except BrokenOffError as error:
            raise EngineError(
                f"The download of {download.name} broke off with {_megabytes(total - done)} to go: {error}. "
                "Connect to the network and give the command again: it goes on from there."
            ) from error
    return archives


def discard(component: Component, cache: Path) -> None:
    """Remove what this project fetched for it and nothing else will ask for."""
    _part(component, cache).unlink(missing_ok=True)
    if not component.download.keep:
        _fetched(component.download, cache).unlink(missing_ok=True)


def is_fetched(archive: Path, cache: Path) -> bool:
    """Whether this project fetched it; else it is the user's own."""
    return archive.parent == cache / "fetched"


def _fetched(download: Download, cache: Path) -> Path:
    return cache / "fetched" / download.name


def _part(component: Component, cache: Path) -> Path:
    return cache / "fetched" / f"{component.folder(cache).name}.part"


def _reach(download: Download) -> Path | RemoteFile | None:
    """Find a wheel in a folder, or on a server; None for an sdist, which can only be taken whole."""
    if not download.tags:
        return None
    address = find_address(download)
    if address is None:
        raise NoRangesError("pip does not tell where it lies")
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    remote = RemoteFile(address, ask_settings())
    if remote.size != download.size:
        raise NoRangesError(f"the server's file has {remote.size} bytes instead of {download.size}")
    return remote


def _tell_whole(download: Download, error: NoRangesError, progress: Announce | None) -> None:
    report(progress, f"{download.name} can't be fetched in parts ({error}); the whole file is taken.")


def _find(download: Download, cache: Path) -> Path | None:
    by_user = cache / "downloads" / download.name
    for path in (by_user, _fetched(download, cache)):
        if not path.is_file():
            continue
        actual = hash_file(path)
        if actual == download.sha256:
            return path
        message = f"{path} has the SHA-256 {actual}; the pinned file has {download.sha256}."
        if path == by_user:
            raise EngineError(f"{message} Put the right file in its place, or remove it.")
        path.unlink()
        raise EngineError(f"{message} It was removed; run this again to download it.")
    return None


def _bring_whole(
    wanted: dict[Component, Download], cache: Path, progress: Announce | None
) -> dict[Component, Path]:
    absent = list(dict.fromkeys(wanted.values()))
    found = {}
    while absent:
        found[absent[0]] = _find(absent[0], cache) or _fetch_whole(absent, cache, progress)
        del absent[0]
    return {component: found[download] for component, download in wanted.items()}


def _fetch_whole(absent: Sequence[Download], cache: Path, progress: Announce | None) -> Path:
    """Fetch the first of those that are wanted; the others are named if that fails."""
    download = absent[0]
    report(progress, f"Downloading {download.name} ({_megabytes(download.size)}).")
    fetched = _fetched(download, cache)
    fetched.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=fetched.parent) as folder:
        said = download_whole(download, Path(folder))
        arrived = Path(folder, download.name)
        if said is not None or not arrived.is_file():
            raise EngineError(_describe_failure(download, said or "pip brought another file", absent, cache))
        arrived.replace(fetched)
    # pip has checked the hash too; this one does not depend on how pip is configured.
    path = _find(download, cache)
    assert path is not None
    return path


def _describe_failure(download: Download, said: str, absent: Sequence[Download], cache: Path) -> str:
    files = "".join(f"\n  {other.name}  sha256 {other.sha256}  {_megabytes(other.size)}" for other in absent)
    return (
        f"{download.name} could not be downloaded; pip said: {said.rstrip('.')}.\n"
        "Connect to the network and run this again. Or fetch on another machine (pip download) and put into\n"
        f"{cache / 'downloads'}, from where the next build takes it without network:{files}"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
