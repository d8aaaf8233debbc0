"""Spaces of blocks. Adding one is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable

from lut.spaces import fbnet_blocks
from lut.spaces.block_space import BlockSpace
from lut.spaces.block_table import (
    BLOCK_FORMATS,
    BlockTable,
    MissingOpsError,
    block_space,
    load_blocks,
    make_blocks,
    write_blocks,
)
from lut.spaces.fbnet_layers import BLOCKS, RESOLUTIONS, list_layers, surroundings

__all__ = [
    "BLOCKS",
    "BLOCK_FORMATS",
    "BLOCK_SPACES",
    "RESOLUTIONS",
    "BlockSpace",
    "BlockTable",
    "MissingOpsError",
    "block_space",
    "list_layers",
    "load_blocks",
    "make_blocks",
    "surroundings",
    "write_blocks",
]

BLOCK_SPACES: dict[str, Callable[..., BlockSpace]] = {
    "fbnet": fbnet_blocks.make_space,
}
