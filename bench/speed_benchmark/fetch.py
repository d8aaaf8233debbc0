"""Brings pinned files here with pip, or takes them from where the user put them, and checks each one."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.speed_benchmark.cache import Announce, report
from bench.starting import describe_refusal
from lut.errors import EngineError

__all__ = ["Download", "discard", "obtain_all"]

# pip asks an sdist for its metadata even when it only downloads it, and for an old one that means running
# its setup.py through setuptools. This stands in for setuptools (found first, by PYTHONPATH) and answers
# from PKG-INFO, so nothing of the sdist runs and neither setuptools nor a network is needed for it.
_STAND_IN = """\
import email, pathlib

class __legacy__:
    @staticmethod
    def get_requires_for_build_wheel(config_settings=None):
        return []

    @staticmethod
    def prepare_metadata_for_build_wheel(folder, config_settings=None):
        text = pathlib.Path("PKG-INFO").read_text(encoding="utf-8")
        about = email.message_from_string(text)
        info = pathlib.Path(folder, f"{about['Name'].replace('-', '_')}-{about['Version']}.dist-info")
        info.mkdir()
        info.joinpath("METADATA").write_text(text, encoding="utf-8")
        return info.name
"""


@dataclass(frozen=True)
class Download:
    """One pinned file of a package index.

    `size` is in bytes. `tags` are a wheel's Python version, ABI and platform; without them it is an sdist.
    `keep`: stays in the cache after it was unpacked.
    """

    name: str
    sha256: str
    size: int
    requirement: str
    tags: tuple[str, str, str] | None = None
    keep: bool = False


def obtain_all(downloads: Sequence[Download], cache: Path, progress: Announce | None) -> dict[Download, Path]:
    """Give the path of each file, its sha256 checked: the user's own from downloads/, or fetched with pip.

    Raises EngineError: the download failed (naming every file that is still wanted, so that a machine
    without network gets them all in one go), or a file is not the pinned one.
    """
    wanted = list(dict.fromkeys(downloads))
    found = {download: path for download in wanted if (path := _find(download, cache)) is not None}
    for download in wanted:
        if download not in found:
            absent = [other for other in wanted if other not in found]
            found[download] = _fetch(download, absent, cache, progress)
    return found


def discard(download: Download, cache: Path) -> None:
    """Remove the file if this project fetched it and nothing else will ask for it."""
    if not download.keep:
        _fetched(download, cache).unlink(missing_ok=True)


def _fetched(download: Download, cache: Path) -> Path:
    return cache / "fetched" / download.name


def _find(download: Download, cache: Path) -> Path | None:
    by_user = cache / "downloads" / download.name
    for path in (by_user, _fetched(download, cache)):
        if not path.is_file():
            continue
        actual = _hash_file(path)
        if actual == download.sha256:
            return path
        message = f"{path} has the SHA-256 {actual}; the pinned file has {download.sha256}."
        if path == by_user:
            raise EngineError(f"{message} Put the right file in its place, or remove it.")
        path.unlink()
        raise EngineError(f"{message} It was removed; run this again to download it.")
    return None


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while chunk := content.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _fetch(download: Download, absent: Sequence[Download], cache: Path, progress: Announce | None) -> Path:
    report(progress, f"Downloading {download.name} ({_megabytes(download)}).")
    fetched = _fetched(download, cache)
    fetched.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=fetched.parent) as folder:
        said = _run_pip(download, Path(folder))
        arrived = Path(folder, download.name)
        if said is not None or not arrived.is_file():
            raise EngineError(_describe_failure(download, said or "pip brought another file", absent, cache))
        arrived.replace(fetched)
    # pip has checked the hash too; this one does not depend on how pip is configured.
    path = _find(download, cache)
    assert path is not None
    return path


def _run_pip(download: Download, folder: Path) -> str | None:
    """Run `pip download` into the folder; None, or what pip said when it failed."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{download.requirement} --hash=sha256:{download.sha256}\n")
    environment = dict(os.environ)
    if download.tags:
        version, abi, platform = download.tags
        kind = ["--only-binary=:all:", "--implementation=cp"]
        kind += [f"--python-version={version}", f"--abi={abi}", f"--platform={platform}"]
    else:
        kind = ["--no-binary=:all:", "--no-build-isolation", "--use-pep517"]
        stand_in = folder / "stand_in" / "setuptools"
        stand_in.mkdir(parents=True)
        (stand_in / "__init__.py").touch()
        (stand_in / "build_meta.py").write_text(_STAND_IN)
        paths = [str(stand_in.parent), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--retries=2"]
    # Without pip's cache: a second copy of 804 MB that nobody would ever read.
    command += ["--no-cache-dir", "--disable-pip-version-check", "--require-hashes", "-r", str(requirements)]
    command += ["--dest", str(folder), *kind]
    # pip draws its progress bar on stdout if that is a terminal; ours stays free for what a command prints.
    terminal = sys.__stderr__ is not None and sys.__stderr__.isatty()
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.__stderr__ if terminal else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise EngineError(describe_refusal(f"{sys.executable} -m pip", error, "Reinstall Python.")) from error
    return None if done.returncode == 0 else _summarise(done.stderr)


def _summarise(stderr: str) -> str:
    # A list of some hundred versions that exist says nothing here.
    lines = [re.sub(r" \(from versions: .*\)", "", line).strip() for line in stderr.splitlines()]
    errors = [line for line in lines if line and not line.startswith(("WARNING", "[notice]"))]
    return " ".join(errors[-6:])[:1200] or "nothing"


def _describe_failure(download: Download, said: str, absent: Sequence[Download], cache: Path) -> str:
    files = "".join(f"\n  {other.name}  sha256 {other.sha256}  {_megabytes(other)}" for other in absent)
    return (
        f"{download.name} could not be downloaded; pip said: {said.rstrip('.')}.\n"
        "Connect to the network and run this again. Or fetch on another machine (pip download) and put into\n"
        f"{cache / 'downloads'}, from where the next build takes it without network:{files}"
    )


def _megabytes(download: Download) -> str:
    return f"{download.size / 1e6:.0f} MB"
