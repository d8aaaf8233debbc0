"""Commands that do the work of several others, and show each as the line that a user could type for it."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from lut.cli import GroupedCommand

__all__ = ["READING", "SteppedCommand", "Steps", "name_program"]

READING = ("--precision", "--input_dims")
"""The options that say how nets are read."""

_OWN = ("--output", "--quiet", *READING)
_TYPED = "bench.cli.steps.typed"


class SteppedCommand(GroupedCommand):
    """A command that remembers its options as they were typed, for the lines of its steps."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Read the command line, and keep the words of each option, by the name of its parameter."""
        typed, _, _ = self.make_parser(context).parse_args(args=list(args))
        context.meta[_TYPED] = typed
        return super().parse_args(context, args)


class Steps:
    """Shows the steps of a command, each as a line for a shell."""

    def __init__(self, context: click.Context, tell: Callable[[str], None]) -> None:
        """Take the context of a `SteppedCommand`, and who hears the lines."""
        self._context = context
        self._tell = tell

    def show(
        self, program: str, *words: object, passing: click.Command | None = None, flags: Sequence[str] = ()
    ) -> None:
        """Show a step.

        Args:
            program: `bench` or `lut`.
            words: the command and what it is given.
            passing: a command to which options go on that were typed, as far as it takes them.
            flags: of which options; all where none is named, but for those that say how nets are read.
        """
        if passing is not None:
            words += tuple(self._pass_on(passing, flags))
        self._tell(shlex.join([name_program(program), *map(str, words)]))

    def _pass_on(self, command: click.Command, flags: Sequence[str]) -> Iterator[str]:
        taken = {flag for option in command.params for flag in option.opts}
        for option in self._context.command.params:
            flag = max(option.opts, key=len)
            typed = self._context.meta[_TYPED].get(option.name)
            if typed is None or not isinstance(option, click.Option) or flag not in taken:
                continue
            if flag not in flags if flags else flag in _OWN:
                continue
            for value in typed if isinstance(typed, list) else [typed]:
                yield from (flag,) if option.is_flag else (flag, str(value))


def name_program(name: str) -> str:
    """Give what a user types for `bench` or `lut`: its path where the shell does not find it by name."""
    beside = Path(sys.argv[0]).with_name(name)
    found = shutil.which(name)
    if beside.is_file() and (found is None or not beside.samefile(found)):
        return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)
    return name
