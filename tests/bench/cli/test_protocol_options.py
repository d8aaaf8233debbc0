from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from bench.campaign import IN_TURNS, WHEN_WARM, Timing
from bench.cli.protocol_options import protocol_options


def choose(*arguments: str) -> Timing:
    """Give what a command with these arguments is asked for."""
    seen: list[Timing] = []

    @click.command()
    @protocol_options
    def command(timing: Timing) -> None:
        seen.append(timing)

    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    if done.exception:
        raise done.exception
    return seen[0]


def test_operators_take_turns_unless_told_otherwise() -> None:
    assert choose() == Timing("turns", {})
    assert choose().passes == IN_TURNS.passes
    assert choose("--cache", "warm").passes == WHEN_WARM.passes
    assert choose("--iters", "7") == Timing("turns", {"iters": 7})


def test_what_only_warm_runs_can_give_makes_them_warm() -> None:
    assert choose("--min-sample-us", "50").cache == "warm"
    with pytest.raises(click.UsageError, match="goes with --cache warm"):
        choose("--min-sample-us", "50", "--cache", "turns")


def test_no_other_state_is_understood() -> None:
    with pytest.raises(click.BadParameter, match="not turns, warm, or thrash:SIZE"):
        choose("--cache", "cold")
