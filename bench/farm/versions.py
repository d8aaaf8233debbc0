"""What both sides of a farm must have in common before one sends the other work."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

__all__ = ["Versions", "find_difference", "hash_sources", "own_versions"]

_SUFFIXES = (".py", ".cc", ".h", ".txt", ".desc")
"""Python, C++, and what both read: scales of the released nets, and the descriptor of their format."""


@dataclass(frozen=True)
class Versions:
    """Versions that work is exchanged between: of this project, its sources (a hash), Dask and Python.

    Dask carries Python's own objects, which another version may read as something else.
    """

    project: str
    dask: str
    python: str
    sources: str = "unknown"
    """Hosts of versions before this one tell it within `project`."""


@cache
def own_versions() -> Versions:
    """Give those of this process."""
    python = ".".join(platform.python_version_tuple()[:2])
    sources = hash_sources(Path(__file__).parents[2])
    return Versions(version("cnn-latency-lut"), version("distributed"), python, sources)


def find_difference(there: Versions, here: Versions) -> str | None:
    """Say in what a host differs, or None where it does not: `dask 2026.8.0 there, 2025.1.0 here`."""
    theirs, ours = asdict(there), asdict(here)
    return next(
        (f"{name} {theirs[name]} there, {ours[name]} here" for name in ours if theirs[name] != ours[name]),
        None,
    )


def hash_sources(root: Path) -> str:
    """Hash what is run, the benchmark program in C++ included, of the folder that holds the packages.

    A release number does not tell two checkouts apart.
    """
    digest = hashlib.sha256()
    for package in ("bench", "lut"):
        for path in sorted((root / package).rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file():
                content = path.read_bytes()
                digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:8]
