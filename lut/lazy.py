"""Names that a package loads when they are first asked for.

A command line should not wait for numpy or matplotlib where it needs neither. A package's `__init__` says
under `TYPE_CHECKING` where such names come from, and hides the rest from type checkers, which would otherwise
take any name for one of the package's:

    if not TYPE_CHECKING:
        __getattr__ = load_lazily(__name__, {"compare": "comparison"})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["load_lazily"]


def load_lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Make a package's `__getattr__`, given the module of each name within the package."""

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return load
