"""The options of spaces, as each space states them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any, TypeAlias

import click

from lut.cli.console import grouped
from lut.cli.model_choice import read_input_dims
from lut.spaces import SpaceOption, list_options

__all__ = ["ChosenSpace", "space_options"]

Span: TypeAlias = tuple[int, int]

_PRECISIONS: dict[str, tuple[str, ...]] = {"int8": ("int8",), "fp32": ("fp32",), "both": ("int8", "fp32")}


@dataclass(frozen=True)
class ChosenSpace:
    """A space by its name, and the options that were given for it."""

    name: str
    options: dict[str, Any]


def space_options(
    makers: Mapping[str, Callable[..., Any]], *, otherwise: str | None = None, optional: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--space` and the options of all spaces; the command gets one `space: ChosenSpace`.

    Args:
        makers: what makes each space, by its name; see `lut.spaces.list_options`.
        otherwise: the space that is meant where options of it are given and no `--space`.
        optional: whether the command does without a space; it gets None then.
    """
    options: dict[str, SpaceOption] = {}
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for space, make in makers.items():
        for name, option in list_options(make).items():
            options[name] = option
            owners[name].append(space)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_space(*args: Any, space: str | None, **values: Any) -> Any:
            given = {name: value for name in options if (value := values.pop(name)) not in (None, (), False)}
            name = space or (otherwise if any(otherwise in owners[each] for each in given) else None)
            if name is None and optional and not given:
                return command(*args, space=None, **values)
            if name is None:
                hint = ", or nets by --model" if otherwise == "models" else ""
                raise click.UsageError(f"Give --space: {', '.join(makers)}{hint}.")
            for each in given:
                if name not in owners[each]:
                    raise click.UsageError(
                        f"{options[each].flag} is an option of {_name_spaces(owners[each])}, not of {name}."
                    )
            return command(*args, space=ChosenSpace(name, given), **values)

        decorated: Callable[..., Any] = with_space
        several = {name for name in options if len(owners[name]) > 1}
        backwards = list(options)[::-1]  # the option that is added first is listed last
        own = [name for name in backwards if name not in several]
        for name in own + [name for name in backwards if name in several]:
            title = "Several spaces" if name in several else f"The space {owners[name][0]}"
            decorated = _add(decorated, name, options[name], title, owners[name] if name in several else [])
        return grouped("Space")(
            "--space",
            type=click.Choice(list(makers)),
            required=otherwise is None and not optional,
            help="Which one." + (f" Default: {otherwise}, if its options are given." if otherwise else ""),
        )(decorated)

    return decorate


def _name_spaces(names: list[str]) -> str:
    if len(names) == 1:
        return f"the space {names[0]}"
    return f"the spaces {', '.join(names[:-1])} and {names[-1]}"


def _add(
    command: Callable[..., Any], name: str, option: SpaceOption, title: str, owners: list[str]
) -> Callable[..., Any]:
    """Add one option to a command."""
    words = f"{option.help} For {', '.join(owners)}." if owners else option.help
    add = partial(grouped(title), option.flag, name, help=words)
    match option.kind:
        case "flag":
            return add(is_flag=True)(command)
        case "number":
            return add(type=click.IntRange(option.least), multiple=option.repeated)(command)
        case "path":
            return add(type=click.Path(path_type=Path), multiple=option.repeated)(command)
        case "precisions":
            return add(type=click.Choice(list(_PRECISIONS)), callback=_read_precisions)(command)
        case "shapes":
            return add(metavar="JSON", callback=read_input_dims)(command)
        case "span":
            return add(metavar="A:B", callback=_read_span)(command)
        case "spans":
            return add(metavar="A:B,…", callback=partial(_read_spans, option.count))(command)


def _read_precisions(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> tuple[str, ...]:
    return () if text is None else _PRECISIONS[text]


def _read_span(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Span | None:
    return None if text is None else _parse_span(text)


def _read_spans(
    count: int | None, _context: click.Context, _parameter: click.Parameter, text: str | None
) -> tuple[Span, ...]:
    if text is None:
        return ()
    spans = tuple(map(_parse_span, text.split(",")))
    if count is not None and len(spans) != count:
        raise click.BadParameter(f"{text!r} has {len(spans)} spans; {count} are expected.")
    return spans


def _parse_span(text: str) -> Span:
    least, _, most = text.partition(":")
    try:
        span = int(least), int(most or least)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a span such as 8:32.") from error
    if not 1 <= span[0] <= span[1]:
        raise click.BadParameter(f"{text!r} is empty: write the smallest value first, from 1 on.")
    return span
