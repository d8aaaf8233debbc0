"""The options that a space brings to the command line: annotations of the function that makes it.

    def make_space(last: Annotated[int, SpaceOption("--last", "Channels of the last convolution.")] = 1984)

Every command that takes a space offers its options, and refuses those of other spaces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

__all__ = ["OptionKind", "SpaceOption", "list_options"]

OptionKind = Literal["flag", "number", "path", "precisions", "shapes", "span", "spans"]
"""What is typed: nothing, a whole number, a path, int8|fp32|both, shapes as JSON, A:B, or A:B,A:B,…"""


@dataclass(frozen=True)
class SpaceOption:
    """An option as it is typed, and the sentence that its help shows."""

    flag: str
    help: str
    kind: OptionKind = "number"
    least: int = 1
    """The smallest number."""
    count: int | None = None
    """How many spans are expected."""
    repeated: bool = False
    """Whether it may be given several times; the function then takes a tuple."""


def list_options(make: Callable[..., Any]) -> dict[str, SpaceOption]:
    """Give the options of a space by the names of its function's parameters."""
    found = {}
    for name, hint in get_type_hints(make, include_extras=True).items():
        for note in getattr(hint, "__metadata__", ()):
            if isinstance(note, SpaceOption):
                found[name] = note
    return found
