"""Every command and option is documented, with an example."""

from __future__ import annotations

import inspect

import click
import pytest

from tests.docs.commands import PAGE, PROGRAMS, format_page, walk_commands

COMMANDS = {
    name: command
    for program in PROGRAMS
    for name, command, _ in walk_commands(program)
    if not isinstance(command, click.Group)
}


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == format_page(), "docs/commands.md is out of date: run `make docs`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    text = inspect.cleandoc(COMMANDS[name].help or "")
    _, found, example = text.partition("Example:\n")
    assert found, f"{name} --help has no example"
    assert f"  {name}" in example


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_on_the_page_and_explained(name: str) -> None:
    section = PAGE.read_text().partition(f"### `{name}`\n")[2].partition("\n##")[0]
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts[0]} has no help"
            assert all(option in section for option in parameter.opts), f"{name} {parameter.opts}"
        else:
            assert parameter.make_metavar(click.Context(COMMANDS[name])) in section


def test_lazily_loaded_commands_are_seen() -> None:
    assert {"bench run", "bench doctor", "lut merge", "lut models build"} <= COMMANDS.keys()
