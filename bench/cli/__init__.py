"""The command line `bench`: `entry` is the program, one module a command, and the options they share."""

from __future__ import annotations

from bench.cli.entry import cli, main

__all__ = ["cli", "main"]
