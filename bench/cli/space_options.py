"""What commands share of spaces: the options that choose one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from bench.op_generators import PRECISIONS, SPACES, SpaceOptions, Span
from lut.cli import input_dims_option

__all__ = ["space_options"]

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)

_GROUPS = 7
_NAMES = tuple(field.name for field in fields(SpaceOptions) if field.name != "precisions")


def _read_span(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Span | None:
    return None if text is None else _parse_span(text)


def _read_spans(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[Span, ...]:
    if text is None:
        return ()
    spans = tuple(map(_parse_span, text.split(",")))
    if len(spans) != _GROUPS:
        raise click.BadParameter(f"{text!r} holds {len(spans)} spans, expected are {_GROUPS}: one a group.")
    return spans


def _parse_span(text: str) -> Span:
    least, _, most = text.partition(":")
    try:
        span = int(least), int(most or least)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no span such as 8:32.") from error
    if not 1 <= span[0] <= span[1]:
        raise click.BadParameter(f"{text!r} is empty: write the least, then the greatest, from 1 on.")
    return span


_OPTIONS = (
    click.option("--model", "models", type=PATH, multiple=True, help="A model's folder; may be repeated."),
    input_dims_option(),
    click.option(
        "--precision",
        type=click.Choice([*PRECISIONS, "both"]),
        default="int8",
        show_default=True,
        help="Of fbnet, chamnet and grid.",
    ),
    click.option("--grid", type=PATH, help="The file of the space grid (TOML)."),
    click.option(
        "--resolution",
        "resolutions",
        type=click.IntRange(32),
        multiple=True,
        help="Of fbnet and chamnet; may be repeated. Default: those of the released nets.",
    ),
    click.option(
        "--expansion",
        "expansions",
        type=click.IntRange(1),
        multiple=True,
        help="Of chamnet; may be repeated. Default: 4, 5 and 6.",
    ),
    click.option("--stem", "stem_span", metavar="A:B", callback=_read_span, help="Of chamnet: stem widths."),
    click.option(
        "--widths",
        "width_spans",
        metavar="A:B,…",
        callback=_read_spans,
        help="Of chamnet: widths of the seven groups of blocks.",
    ),
    click.option("--last", "last_span", metavar="A:B", callback=_read_span, help="Of chamnet: last widths."),
    click.option("--width-step", type=click.IntRange(1), default=8, show_default=True, help="Of chamnet."),
    click.option("--last-step", type=click.IntRange(1), default=24, show_default=True, help="Of chamnet."),
)


def space_options(*, required: bool) -> Callable[[Command], Callable[..., Any]]:
    """Give the options that choose a space; the command gets them as `space` and `options`.

    Where no space is required, `--model` alone means the space `models`.
    """

    def decorate(command: Command) -> Callable[..., Any]:
        @wraps(command)
        def run(space: str | None, precision: str, **given: Any) -> Any:
            if space is None and not given["models"]:
                raise click.UsageError("Give --space, or nets by --model.")
            precisions = PRECISIONS if precision == "both" else (precision,)
            chosen = {name: given.pop(name) for name in _NAMES}
            options = SpaceOptions(precisions=precisions, **chosen)
            return command(space=SPACES[space or "models"], options=options, **given)

        decorated: Callable[..., Any] = run
        for option in reversed(_OPTIONS):
            decorated = option(decorated)
        return click.option(
            "--space", type=click.Choice(list(SPACES)), required=required, help="Which operators."
        )(decorated)

    return decorate
