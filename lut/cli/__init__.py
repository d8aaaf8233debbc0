"""The command line `lut`: `entry` is the program, `console` and `table_options` what its commands share."""

from __future__ import annotations

from lut.cli.console import Bar, LazyGroup, end_program, input_dims_option, quiet_option, say
from lut.cli.entry import cli, main
from lut.cli.table_options import TableChoice, missing_option, missing_out_option, refuse_missing

__all__ = [
    "Bar",
    "LazyGroup",
    "TableChoice",
    "cli",
    "end_program",
    "input_dims_option",
    "main",
    "missing_option",
    "missing_out_option",
    "quiet_option",
    "refuse_missing",
    "say",
]
