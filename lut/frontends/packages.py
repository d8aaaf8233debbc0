"""Packages that only some formats need: optional extras of the same names."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from lut.errors import ModelError
from lut.wording import install_extra

__all__ = ["need_package"]


def need_package(package: str, path: Path) -> None:
    """Refuse to read or write a file where the package for it is not installed.

    Raises:
        ModelError: it is not; the message says how to install it.
    """
    if find_spec(package) is None:
        raise ModelError(
            f"{path} is read and written with the package {package}, which is not installed. Run "
            f"`{install_extra(package)}`."
        )
