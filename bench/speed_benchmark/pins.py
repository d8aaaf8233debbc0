"""What is pinned: files of a package index, and the parts of them that a program is built on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Component", "Download"]


@dataclass(frozen=True)
class Download:
    """One pinned file of a package index.

    `size` is in bytes. `tags` are a wheel's Python version, ABI and platform; without them it is an sdist.
    `keep`: where it was fetched whole, it stays in the cache after it was unpacked.
    """

    name: str
    sha256: str
    size: int
    requirement: str
    tags: tuple[str, str, str] | None = None
    keep: bool = False


@dataclass(frozen=True)
class Component:
    """A part of a download: the members that `pattern` matches whole, stored under its first group.

    `sha256` is that of their list, in the order of their names, with a line `<SHA-256>  <name>` each, as
    sha256sum prints it: it pins which there are and every byte of each, however they got here. `size` is
    what they take unpacked, in bytes.
    """

    name: str
    download: Download
    pattern: str
    sha256: str
    size: int

    def folder(self, cache: Path) -> Path:
        """Where it is unpacked; the name changes with what it is made of, so an old one is never taken."""
        made_of = hashlib.sha256(f"{self.download.sha256} {self.pattern}".encode()).hexdigest()
        return cache / "runtime" / f"{self.name}-{made_of[:12]}"
