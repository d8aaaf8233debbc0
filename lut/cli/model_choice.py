"""Options that say how models are read, and words for what of them has no operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import floor
from pathlib import Path
from typing import Any, TypeVar

import click

from lut.frontends import PRECISIONS, Fate, Lost, parse_input_dims

__all__ = [
    "blame_unmapped",
    "describe_unmapped",
    "input_dims_option",
    "precision_option",
    "read_input_dims",
]

Command = TypeVar("Command", bound=Callable[..., Any])


def input_dims_option(default: str | None = None) -> Callable[[Command], Command]:
    """Give the option `--input_dims`, which hands a dict of shapes to the command."""
    return click.option(
        "--input_dims",
        metavar="JSON",
        default=default,
        show_default=default is not None,
        callback=read_input_dims,
        help="Shapes of the net's inputs, such as '{\"data\": [1, 3, 224, 224]}'."
        + ("" if default else " Default: the model's input_dims.json."),
    )


def precision_option(command: Command) -> Command:
    """Add `--precision`, for models that leave it open."""
    return click.option(
        "--precision",
        type=click.Choice(list(PRECISIONS)),
        help="How a model of floats runs: quantised to 8 bits, or as it is. Default: as it is.",
    )(command)


def describe_unmapped(fates: Sequence[Fate]) -> str:
    """Name nodes that no operator stands for, each type with the reason and how often it is there."""
    counts = Counter((fate.op_type, fate.detail) for fate in fates)
    names = [f"{count} {op_type} ({reason})" for (op_type, reason), count in counts.most_common(_MOST_SHOWN)]
    more = f", and {len(counts) - _MOST_SHOWN} more kinds" if len(counts) > _MOST_SHOWN else ""
    return f"{len(fates)} nodes: {', '.join(names)}{more}"


_MOST_SHOWN = 8
"""So many kinds are named; `lut ops --explain` has all."""


def read_input_dims(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> dict[str, tuple[int, ...]] | None:
    """Read shapes as JSON, for an option's `callback`."""
    try:
        return None if text is None else parse_input_dims(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


def blame_unmapped(model: Path, unmapped: Sequence[Fate], known: int) -> str:
    """Name the nodes of a model without operators, and their share of the multiply-adds that can be told."""
    share = _describe_share(unmapped, known)
    return (
        f"No operator stands for {describe_unmapped(unmapped)}. They make {share} of the multiply-adds of "
        f"{model}, and what is said of it is without them."
    )


def _describe_share(unmapped: Sequence[Fate], known: int) -> str:
    """Put in words which part of all multiply-adds nodes make; what can't be counted makes it a bound."""
    lost = Lost.of(unmapped)
    if not lost.multiply_adds and lost.uncounted:
        return "an unknown share"
    if not lost.multiply_adds:
        return "0.0%" if known else "none"
    share = lost.multiply_adds / (lost.multiply_adds + known)
    if lost.uncounted:
        return f"at least {floor(1000 * share) / 1000:.1%}"
    return "less than 0.1%" if share < 0.0005 else f"{share:.1%}"
