"""Runs that choose their operators: the options that say when to stop, and how such a run looks."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click

from bench.campaign import RunSummary
from bench.cli.live import QUIET_S, DeviceLines
from bench.sampling import Goal, Standing
from lut.cli import Bar, grouped

__all__ = ["GoalDisplay", "describe_end", "goal_options", "parse_seconds"]

_goal = grouped("Choosing operators")

_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
_duration = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|)").fullmatch


def parse_seconds(text: str) -> float:
    """Read `60s`, `5m`, `1.5h`, or a number of seconds.

    Raises:
        ValueError: it is something else, or no time at all.
    """
    found = _duration(text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not seconds:
        raise ValueError(f"{text!r} is not a time such as 60s, 5m or 1h.")
    return seconds


def _read_budget(_context: click.Context, _parameter: click.Parameter, text: str | None) -> float | None:
    try:
        return None if text is None else parse_seconds(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _read_error(_context: click.Context, _parameter: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    number, percent, rest = text.strip().partition("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = 0.0
    if rest or not 0 < share < 1:
        raise click.BadParameter(f"{text!r} is not a share such as 1% or 0.01.")
    return share


def goal_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--budget` and `--error`; the command gets them as one `goal: Goal | None`."""

    @_goal(
        "--budget",
        metavar="TIME",
        callback=_read_budget,
        help="Choose operators for so much of the device's time, such as 60s or 5m, so that the others can "
        "be estimated (`lut fill`).",
    )
    @_goal(
        "--error",
        metavar="SHARE",
        callback=_read_error,
        help="Choose operators until estimates of the others are off by no more than this share in the "
        "median, such as 1%, as judged by operators that are measured for that alone.",
    )
    @wraps(command)
    def with_goal(*args: Any, budget: float | None, error: float | None, **options: Any) -> Any:
        goal = None if budget is None and error is None else Goal(budget, error)
        return command(*args, goal=goal, **options)

    return with_goal


def _describe_error(standing: Standing) -> str:
    if standing.median_error is None or standing.p90_error is None:
        return "error not known yet"
    return (
        f"error {standing.median_error:.1%} in the median, {standing.p90_error:.1%} or "
        f"{standing.p90_error_us:.1f} us at the 90th percentile"
    )


def describe_standing(now: RunSummary, standing: Standing, serial: str) -> str:
    """Say the error, the operators and the time so far, and the operator in work."""
    parts = [
        _describe_error(standing),
        f"{now.resumed + now.measured:,} of {standing.operators:,} operators",
        f"{now.engine_s + now.load_s:.0f} s",
        f"{now.failed} failed",
    ]
    outcome = now.latest.get(serial)
    if outcome is not None:
        parts.append(outcome.op.describe())
    return ", ".join(parts)


class GoalDisplay(DeviceLines):
    """One line for each device of a run that chooses its operators; into a log, a line now and then."""

    def __init__(self, serials: Sequence[str], quiet: bool) -> None:
        def make_bar(serial: str) -> Bar:
            return Bar(None, "op", quiet, title=serial, layout="{desc} {postfix}")

        super().__init__(serials, make_bar, quiet)
        self._told_s = time.monotonic()

    def show(self, serials: Sequence[str], now: RunSummary) -> None:
        """Show how far the devices are that share a journal."""
        if self._quiet or now.standing is None:
            return
        if self._first.shown:
            for serial in serials:
                self.bar(serial).set(now.visits, describe_standing(now, now.standing, serial))
        elif time.monotonic() - self._told_s >= QUIET_S:
            self._told_s = time.monotonic()
            self._first.say(f"{serials[0]}: {describe_standing(now, now.standing, serials[0])}")


def describe_end(standing: Standing, goal: Goal) -> list[str]:
    """Say what was chosen, what it took, how far estimates of the rest are off, and what to do next."""
    lines = [
        f"{standing.measured:,} of {standing.operators:,} operators are measured ({standing.held_out:,} of "
        f"them to judge by) in {standing.spent_s:.1f} s of the device's time."
    ]
    if standing.median_error is not None:
        lines.append(f"Estimates of operators held out: {_describe_error(standing)}.")
    elif standing.left:
        lines.append(
            "How far estimates are off is not known: too few operators were held out; "
            "a larger --budget goes on."
        )
    if goal.error is not None and standing.left and not standing.is_within(goal.error):
        lines.append(f"That is not the {goal.error:.2%} asked for; a larger --budget goes on.")
    if standing.refused:
        lines.append(
            f"{standing.refused:,} operators can't be estimated from these; a larger --budget goes on."
        )
    elif standing.left:
        lines.append(
            f"The other {standing.left:,} can be estimated: `lut merge` makes a table of the journal, and "
            f"`lut fill` completes it."
        )
    return lines
