"""What every command line here shares: how it ends, where its words go, how it shows progress."""

from __future__ import annotations

import atexit
import io
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn, TypeVar

import click

from lut.errors import LutError
from lut.wording import escape_controls, install_extra

__all__ = [
    "Bar",
    "GroupedCommand",
    "LazyGroup",
    "echo",
    "end_program",
    "grouped",
    "need_matplotlib",
    "quiet_option",
    "say",
]

Command = TypeVar("Command", bound=Callable[..., Any])
Item = TypeVar("Item")

_UNCUT = 1000
"""Characters of a summary: more than any sentence has, so that none is cut."""

quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print only errors: no progress, no summary.")


def need_matplotlib() -> None:
    """Refuse, before anything is done, what a picture was asked for that can't be drawn here."""
    if find_spec("matplotlib") is None:
        raise click.UsageError(f"--plot needs matplotlib, which is not installed: {install_extra('plot')}.")


def end_program(command: click.Command, interrupted: str = "Interrupted.") -> NoReturn:
    """Run a command line and end the process with its exit code; see `lut.errors` for the codes.

    `interrupted` is what the user hears on Ctrl-C and SIGTERM.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    atexit.register(_ignore_signals)
    sys.exit(_run(command, interrupted))


def _ignore_signals() -> None:
    """Let nothing disturb the end of the process: the work is done, and its exit code is settled."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _run(command: click.Command, interrupted: str) -> int:
    stdout = sys.stdout
    try:
        return command.main(standalone_mode=False) or 0
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        echo(text.getvalue(), err=True, nl=False)
        return error.exit_code
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        # An interrupt within `exec` of a text, as dataclasses are made by, is one that Python takes for
        # unhandled, and ends by the signal whatever the exit code, until the next text is run.
        eval("None")
        echo(interrupted, err=True)
        return 130
    except SystemExit:
        # Where who reads our output has gone (`… | head`), click puts a mute stdout in place and exits with
        # 1 by itself. It is no error of ours.
        if sys.stdout is not stdout:
            return 0
        raise
    except LutError as error:
        echo(f"error: {error}", err=True)
        return error.exit_code


def echo(text: object, *, err: bool = False, nl: bool = True, bold: bool = False) -> None:
    """Print a text on stdout, or stderr, so that nothing in it moves a terminal (see `escape_controls`).

    Whatever a command prints comes through here or `Bar`: names in it may be of files, phones and hosts.
    """
    harmless = escape_controls(str(text))
    click.echo(click.style(harmless, bold=True) if bold else harmless, err=err, nl=nl)


def say(quiet: bool, *, bold: bool = False) -> Callable[[str], None]:
    """Give what tells the user a sentence on stderr, or tells nothing."""
    return (lambda _: None) if quiet else partial(echo, err=True, bold=bold)


class _GroupedOption(click.Option):
    """An option that help lists under a title of its own."""

    def __init__(self, *args: Any, title: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.title = title


def grouped(title: str) -> Callable[..., Callable[[Command], Command]]:
    """Give `click.option` for options that help lists under a title; see `GroupedCommand`."""
    return partial(click.option, cls=_GroupedOption, title=title)


class GroupedCommand(click.Command):
    """A command whose help lists options by the titles of their groups, the first declared first."""

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups, and last the options that belong to none."""
        groups: dict[str, list[tuple[str, str]]] = {}
        others = []
        for parameter in self.get_params(context):
            record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
            if record is None:
                continue
            if isinstance(parameter, _GroupedOption):
                groups.setdefault(parameter.title, []).append(record)
            else:
                others.append(record)
        for title, records in [*groups.items(), ("Other options", others)]:
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class LazyGroup(click.Group):
    """A group that imports some of its commands only when they are called, or when its help lists them."""

    def __init__(self, *args: Any, lazy: Mapping[str, str] | None = None, **options: Any) -> None:
        """Take, as `lazy`, for each command's name where it is: `module:attribute`."""
        super().__init__(*args, **options)
        self._lazy = dict(lazy or {})

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted({*super().list_commands(context), *self._lazy})

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, each with its whole first sentence, over as many lines as that takes."""
        commands = [(name, self.get_command(context, name)) for name in self.list_commands(context)]
        rows = [(name, command.get_short_help_str(_UNCUT)) for name, command in commands if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in self._lazy:
            module, _, attribute = self._lazy.pop(name).partition(":")
            self.add_command(getattr(import_module(module), attribute), name)
        return super().get_command(context, name)


class Bar:
    """A progress bar with the time left on stderr; silent when that is no terminal, or when asked."""

    def __init__(
        self,
        total: int | None,
        unit: str,
        quiet: bool,
        *,
        title: str = "",
        layout: str | None = None,
        scaled: bool = False,
    ) -> None:
        """Begin at 0 of `total`; a `layout` is a bar format of tqdm's, a title goes in front.

        `scaled` shows figures in thousands or millions of the unit, as they are long.
        """
        from tqdm import tqdm  # a look-up that takes milliseconds should not wait for it

        self.shown = not quiet and sys.stderr.isatty()
        self._bar: tqdm[Any] = tqdm(
            total=total,
            desc=escape_controls(title),
            unit=unit,
            unit_scale=scaled,
            disable=not self.shown,
            file=sys.stderr,
            leave=False,
            dynamic_ncols=True,
            bar_format=layout,
        )

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()

    def set(self, done: int, note: str = "") -> None:
        """Show that so many are done, and a short note beside it."""
        if note:
            self._bar.set_postfix_str(escape_controls(note), refresh=False)
        self._bar.update(done - self._bar.n)

    def follow(self, items: Iterable[Item]) -> Iterator[Item]:
        """Pass items on and count them."""
        for item in items:
            yield item
            self._bar.update()

    def say(self, message: str) -> None:
        """Show a sentence above the bar."""
        self._bar.write(escape_controls(message), file=sys.stderr)
