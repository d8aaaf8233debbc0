"""Spaces of blocks. Adding one is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable

from lut.spaces import fbnet_blocks
from lut.spaces.block_space import BlockSpace

__all__ = ["BLOCK_SPACES", "BlockSpace"]

BLOCK_SPACES: dict[str, Callable[..., BlockSpace]] = {
    "fbnet": fbnet_blocks.make_space,
}
