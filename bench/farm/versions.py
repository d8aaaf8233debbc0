"""What both sides of a farm must have in common before one sends the other work."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

__all__ = ["Versions", "find_difference", "own_versions"]


@dataclass(frozen=True)
class Versions:
    """Versions that work is exchanged between: of this project, with its sources' hash, of Dask and Python.

    Dask carries Python's own objects, which another version may read as something else.
    """

    project: str
    dask: str
    python: str


@cache
def own_versions() -> Versions:
    """Give those of this process. The sources' hash covers those of the benchmark program too."""
    release = version("cnn-latency-lut")
    python = ".".join(platform.python_version_tuple()[:2])
    return Versions(f"{release} (sources {_hash_sources()})", version("distributed"), python)


def find_difference(there: Versions, here: Versions) -> str | None:
    """Say in what a host differs, or None where it does not: `dask 2026.8.0 there, 2025.1.0 here`."""
    theirs, ours = asdict(there), asdict(here)
    return next(
        (f"{name} {theirs[name]} there, {ours[name]} here" for name in ours if theirs[name] != ours[name]),
        None,
    )


def _hash_sources() -> str:
    """Hash what is run: a release number does not tell two checkouts apart."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[2]
    for package in ("bench", "lut"):
        for path in sorted((root / package).rglob("*")):
            if path.suffix in (".py", ".cpp", ".h") and path.is_file():
                digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:8]
