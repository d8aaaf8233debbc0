"""Spaces of blocks. Adding one is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lut.errors import FileError
from lut.lazy import load_lazily
from lut.spaces import fbnet_blocks
from lut.spaces.block_space import BlockSpace
from lut.spaces.fbnet_layers import BLOCKS, RESOLUTIONS, FbnetLayer, list_layers, surroundings
from lut.spaces.options import SpaceOption, list_options

if TYPE_CHECKING:
    from lut.spaces.block_files import BLOCK_FORMATS, load_blocks, write_blocks
    from lut.spaces.block_table import BlockTable, MissingOpsError, make_blocks

__all__ = [
    "BLOCKS",
    "BLOCK_FORMATS",
    "BLOCK_SPACES",
    "RESOLUTIONS",
    "BlockSpace",
    "BlockTable",
    "FbnetLayer",
    "MissingOpsError",
    "SpaceOption",
    "find_block_space",
    "list_layers",
    "list_options",
    "load_blocks",
    "make_blocks",
    "surroundings",
    "write_blocks",
]

BLOCK_SPACES: dict[str, Callable[..., BlockSpace]] = {
    "fbnet": fbnet_blocks.make_space,
}


def find_block_space(name: str, **options: Any) -> BlockSpace:
    """Build a space of blocks by its name; the options are those of its module.

    Raises:
        FileError: there is no such space, or it has no such option.
    """
    if name not in BLOCK_SPACES:
        raise FileError(f"No space of blocks is called {name!r}. Known: {', '.join(BLOCK_SPACES)}.")
    known = list_options(BLOCK_SPACES[name])
    if unknown := sorted(options.keys() - known.keys()):
        raise FileError(f"The space {name} has no option {unknown[0]!r}, only: {', '.join(known) or 'none'}.")
    return BLOCK_SPACES[name](**options)


if not TYPE_CHECKING:
    __getattr__ = load_lazily(
        __name__,
        {
            "BLOCK_FORMATS": "block_files",
            "BlockTable": "block_table",
            "MissingOpsError": "block_table",
            "load_blocks": "block_files",
            "make_blocks": "block_table",
            "write_blocks": "block_files",
        },
    )
