"""What a space of blocks is: a sequence of layers; for each, a search chooses one of several blocks."""

from __future__ import annotations

from dataclasses import dataclass

from lut.ops import OpSpec

__all__ = ["BlockSpace"]

Ops = tuple[OpSpec, ...]


@dataclass(frozen=True)
class BlockSpace:
    """A search space: `choices[layer][block]` are a block's operators, `fixed` those around the layers.

    `before` of the fixed operators run before the first layer. A block without operators is the identity.
    """

    name: str
    layers: tuple[str, ...]
    blocks: tuple[str, ...]
    choices: tuple[tuple[Ops, ...], ...]
    fixed: Ops
    before: int

    def net(self, chosen: tuple[int, ...]) -> Ops:
        """Give the operators of one architecture: the block of each layer by its number."""
        middle = [op for layer, block in zip(self.choices, chosen, strict=True) for op in layer[block]]
        return (*self.fixed[: self.before], *middle, *self.fixed[self.before :])
