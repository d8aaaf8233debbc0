"""The command `completion`, which `lut` and `bench` share."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from lut.cli.console import echo

__all__ = ["completion"]

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes this program's commands and options in a shell.

    bash and fish read the folders below by themselves; zsh needs the folder in its fpath.

    \b
    Example:
      lut completion bash >~/.local/share/bash-completion/completions/lut
      bench completion bash >~/.local/share/bash-completion/completions/bench
      bench completion zsh >~/.zfunc/_bench
      bench completion fish >~/.config/fish/completions/bench.fish
    """
    root = context.find_root()
    name = root.info_name or ""
    script = get_completion_class(shell)
    assert script is not None
    echo(script(root.command, {}, name, f"_{name.replace('-', '_').upper()}_COMPLETE").source())
