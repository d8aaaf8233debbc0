"""The command line `lut`: `entry` is the program, one module a group of commands.

`console`, `table_choice` and `space_choice` are what commands share, those of `bench` too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lut.cli.console import (
    Bar,
    GroupedCommand,
    LazyGroup,
    echo,
    end_program,
    grouped,
    need_matplotlib,
    quiet_option,
    say,
)
from lut.cli.entry import cli, main
from lut.cli.model_choice import describe_unmapped, input_dims_option, precision_option
from lut.cli.space_choice import ChosenSpace, space_options
from lut.cli.table_choice import (
    MissingChoice,
    TableChoice,
    missing_options,
    missing_out_option,
    table_options,
)
from lut.lazy import load_lazily

if TYPE_CHECKING:
    from lut.cli.comparing import COMPARISONS
    from lut.cli.estimate import refuse_partial
    from lut.cli.merge import describe_units, extend_by, write_merged
    from lut.cli.rendering import render_all

__all__ = [
    "COMPARISONS",
    "Bar",
    "ChosenSpace",
    "GroupedCommand",
    "LazyGroup",
    "MissingChoice",
    "TableChoice",
    "cli",
    "describe_units",
    "describe_unmapped",
    "echo",
    "end_program",
    "extend_by",
    "grouped",
    "input_dims_option",
    "main",
    "missing_options",
    "missing_out_option",
    "need_matplotlib",
    "precision_option",
    "quiet_option",
    "refuse_partial",
    "render_all",
    "say",
    "space_options",
    "table_options",
    "write_merged",
]

if not TYPE_CHECKING:
    __getattr__ = load_lazily(
        __name__,
        {
            "COMPARISONS": "comparing",
            "describe_units": "merge",
            "extend_by": "merge",
            "refuse_partial": "estimate",
            "render_all": "rendering",
            "write_merged": "merge",
        },
    )
