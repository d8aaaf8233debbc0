"""A node that notes what its mapper asks of it: what is not asked for can't have gone into the operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, SupportsIndex, overload

from lut.frontends.nodes.graph import Node

__all__ = ["Watch"]


class _Names(tuple[str, ...]):
    """Names of which those that were asked for by place are noted; running through all notes none."""

    asked: set[int]

    def __new__(cls, names: tuple[str, ...]) -> _Names:
        """Give names of which none was asked for."""
        made = super().__new__(cls, names)
        made.asked = set()
        return made

    @overload
    def __getitem__(self, place: SupportsIndex, /) -> str: ...

    @overload
    def __getitem__(self, place: slice, /) -> tuple[str, ...]: ...

    def __getitem__(self, place: SupportsIndex | slice, /) -> str | tuple[str, ...]:
        self.asked |= set(range(len(self))[place] if isinstance(place, slice) else {range(len(self))[place]})
        return super().__getitem__(place)


class _Attributes(Mapping[str, Any]):
    """Attributes of which those that were asked for are noted."""

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        self._attributes = attributes
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return self._attributes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)


class Watch:
    """A node as its mapper sees it, and what that has not asked for.

    Attributes that have their default are not among a node's: readers leave them out.
    """

    def __init__(self, node: Node) -> None:
        self._inputs, self._attributes = _Names(node.inputs), _Attributes(node.attributes)
        self.node = replace(node, inputs=self._inputs, attributes=self._attributes)

    @property
    def left_inputs(self) -> list[str]:
        """The inputs that were not asked for by their places."""
        return [name for place, name in enumerate(tuple(self._inputs)) if place not in self._inputs.asked]

    @property
    def left_attributes(self) -> list[str]:
        """The attributes that were not asked for."""
        return [name for name in self._attributes if name not in self._attributes.asked]
