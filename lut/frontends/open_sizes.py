"""Sizes that a model leaves open: a batch is taken as 1, and any other is asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lut.errors import ModelError

__all__ = ["close_shape"]

_NO_BATCH = (
    *("channel", "depth", "feature", "frame", "height", "len", "node", "point", "sample", "seq", "step"),
    *("time", "token", "width"),
)
"""What is in the name of a first dimension that is no batch."""

_EXAMPLE = 224
"""The size shown for one that is open."""


def close_shape(
    name: str, sizes: Sequence[int], titles: Sequence[str] = (), *, has_rank: bool = True
) -> tuple[int, ...]:
    """Give an input's shape, with a batch of 1 where that is open: the first of several dimensions.

    Args:
        name: the input's, for the message.
        sizes: what the model states; -1 is open.
        titles: what the dimensions are called, "" where they are not.
        has_rank: whether the model states how many dimensions there are.

    Raises:
        ModelError: another size is open; the message says how to give it.
    """
    titles = [*titles, *[""] * len(sizes)][: len(sizes)]
    closed = list(sizes)
    if len(sizes) > 1 and sizes[0] < 1 and not any(word in titles[0].casefold() for word in _NO_BATCH):
        closed[0] = 1
    if has_rank and min(closed, default=1) > 0:
        return tuple(closed)
    shown = ", ".join(
        str(size) if size > 0 else title or "?" for size, title in zip(closed, titles, strict=True)
    )
    example = json.dumps({name: [size if size > 0 else _EXAMPLE for size in closed] or [1]})
    raise ModelError(
        f"the input {name!r} has the open shape [{shown}]. Give it by --input_dims, such as '{example}'."
    )
