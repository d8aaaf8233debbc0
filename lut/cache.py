"""The user's cache folder: everything in it can be made again, so it may be deleted at any time."""

from __future__ import annotations

import os
from pathlib import Path

from lut.errors import FileError

__all__ = ["default_cache"]


def default_cache() -> Path:
    """`$CNN_LATENCY_LUT_CACHE`, else `cnn-latency-lut` in the user's cache folder (XDG base directories).

    Raises:
        FileError: it lies in a home folder that this system does not know.
    """
    try:
        if own := os.environ.get("CNN_LATENCY_LUT_CACHE"):
            return Path(own).expanduser().absolute()
        # XDG says that a relative path there is invalid and to be ignored.
        shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
        return (shared if shared.is_absolute() else Path.home() / ".cache") / "cnn-latency-lut"
    except RuntimeError as error:
        raise FileError(
            "The user's home folder, and the cache in it, can't be found. "
            "Set CNN_LATENCY_LUT_CACHE to the full path of a folder that can be written."
        ) from error
