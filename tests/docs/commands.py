"""Writes docs/commands.md from the commands' own help: `make docs`, or `python -m tests.docs.commands`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

import bench.cli
import lut.cli

__all__ = ["PAGE", "PROGRAMS", "format_page", "walk_commands"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"

PROGRAMS: dict[str, click.Group] = {"bench": bench.cli.cli, "lut": lut.cli.cli}

_WIDTH = 98
"""What click leaves of 100 columns."""

_HEAD = """\
# Commands

Every command with every option, as `--help` prints it (`make docs` writes this page).
[troubleshooting.md](troubleshooting.md) explains the messages. `bench --version` and `lut --version` print
the version.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | a bug: please report the traceback |
| 2 | wrong usage |
| 3 | a device, or the engine, can't be used |
| 4 | a file can't be read or written, or is not what it should be |
| 5 | the table lacks operators, or no operator stands for a node of the model |
| 6 | operators or nets could not be measured, or nets are further off than `--max-error` |
| 130 | interrupted |
"""


def walk_commands(program: str) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Give a program, its commands and theirs, lazily loaded ones too, each with its full name."""
    yield from _walk(program, PROGRAMS[program], None)


def _walk(
    name: str, command: click.Command, parent: click.Context | None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    context = click.Context(
        command,
        info_name=name.rpartition(" ")[2],
        parent=parent,
        terminal_width=_WIDTH,
        help_option_names=["-h", "--help"],
    )
    yield name, command, context
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            inner = command.get_command(context, each)
            assert inner is not None
            yield from _walk(f"{name} {each}", inner, context)


def format_page() -> str:
    """Write the page."""
    parts = [_HEAD]
    for program in PROGRAMS:
        for name, command, context in walk_commands(program):
            title = f"## `{name}`" if name == program else f"### `{name}`"
            lines = [f"$ {name} --help", *command.get_help(context).splitlines()]
            parts.append("\n".join([title, "", *(f"    {line}".rstrip() for line in lines)]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(format_page())
