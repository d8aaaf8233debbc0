"""The command `bench run`: a plan measured on devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.campaign import (
    ChosenOperators,
    RunSummary,
    Source,
    Timing,
    group_by_name,
    run_groups,
    run_plan,
)
from bench.cli.asked import Asked, Show
from bench.cli.device_options import DeviceChoice, device_options
from bench.cli.ending import describe_run, refuse_failures
from bench.cli.farm_options import farm_options
from bench.cli.goal import GoalDisplay, describe_end, goal_options
from bench.cli.live import DeviceLines, Display
from bench.cli.protocol_options import protocol_options
from bench.cli.space_walk import SpaceWalk
from bench.device_runner import SILENCE_S, Device, Watch
from bench.engines import Engine
from bench.numbers import check_numbers
from bench.op_generators import SPACES
from bench.sampling import Goal
from lut.cli import ChosenSpace, GroupedCommand, grouped, quiet_option, say, space_options
from lut.errors import EngineError
from lut.journal import read_config
from lut.plan import Plan, count_lines, read_parts, read_plan

if TYPE_CHECKING:
    from bench.farm import SchedulerAddress

__all__ = ["run"]

PATH = click.Path(path_type=Path)

_TITLE = "Journal and devices"

_main = grouped(_TITLE)
_order = grouped("Order and patience")


@click.command(cls=GroupedCommand)
@click.argument("plan_file", metavar="[PLAN]", type=PATH, required=False)
@_main(
    "-o",
    "--output",
    type=PATH,
    required=True,
    help="The journal to append to (JSON Lines); a folder for phones of different names.",
)
@_main("--retry-failed", is_flag=True, help="Try operators again that failed in an earlier run.")
@device_options(
    _TITLE,
    several=True,
    name_help="Record under this name, not the device's own.",
)
@goal_options
@protocol_options
@_order("--seed", type=int, default=0, show_default=True, help="Decides the order of operators.")
@_order(
    "--silence-s",
    type=click.FloatRange(1),
    default=SILENCE_S,
    show_default=True,
    help="How long one visit may take before it counts as hung.",
)
@farm_options
@space_options({name: space.walk for name, space in SPACES.items()}, optional=True)
@quiet_option
def run(
    plan_file: Path | None,
    output: Path,
    retry_failed: bool,
    devices: DeviceChoice,
    timing: Timing,
    goal: Goal | None,
    space: ChosenSpace | None,
    farm: SchedulerAddress | None,
    seed: int,
    silence_s: float,
    quiet: bool,
) -> None:
    """Measure a plan, or a space, on a device, or on several that share it.

    What was measured is in the journal at once. Interrupted or killed, the same command goes on where
    it stopped. Operators that failed are tried again only with --retry-failed.

    With --budget or --error it measures a part only, chosen as it goes so that the rest can be estimated:
    `lut fill` then completes the table. How far such estimates are off is said at the end.

    \b
    Example:
      bench run zoo.plan.jsonl --device host -o zoo.run.jsonl
      bench run zoo.plan.jsonl --device host --cache warm -o zoo.run.jsonl
      bench run zoo.plan.jsonl --all -o runs/
      bench run --space chamnet --budget 60s -o chamnet.run.jsonl
    """
    work = _take_work(plan_file, space, devices.phones.engine, goal, say(quiet))

    def show(serials: Sequence[str]) -> DeviceLines:
        if goal is not None:
            return GoalDisplay(serials, quiet)
        return Display(serials, work.operators, timing.passes, quiet)

    asked = Asked(partial(work.plan, seed=seed), timing, devices, seed, retry_failed, silence_s)
    if farm is None:
        summaries = _measure_here(asked, output, show)
    else:
        from bench.cli.run_on_farm import measure_on_farm  # Dask, which no other run should wait for

        summaries = measure_on_farm(asked, farm, output, show, say(quiet))
    for journal, summary in summaries.items():
        say(quiet)(describe_run(summary, journal))
        if goal is not None and summary.standing is not None:
            say(quiet)("\n".join(describe_end(summary.standing, goal)))
    refuse_failures(summaries)


def _measure_here(asked: Asked, output: Path, show: Show) -> dict[Path, RunSummary]:
    """Measure on devices of this computer."""
    with ExitStack() as stack:
        opened = asked.devices.open()
        for device in opened:
            stack.callback(device.close)
        groups = group_by_name(opened, output)
        display = stack.enter_context(show([device.info.serial for device in opened]))

        def measure(journal: Path, group: Sequence[Device]) -> RunSummary:
            return run_plan(
                asked.plan(journal),
                group,
                asked.timing.config(group[0], read_config(journal), display.say),
                journal,
                seed=asked.seed,
                device_name=asked.devices.name,
                retry_failed=asked.retry_failed,
                watch=Watch(display.say, asked.silence_s),
                check=check_numbers,
                progress=partial(display.show, [device.info.serial for device in group]),
            )

        return run_groups(groups, measure)


@dataclass(frozen=True)
class _Work:
    """What is to be measured: how many operators, and where they come from for a journal and a seed."""

    operators: int
    plan: Callable[..., Plan | Source]


def _take_work(
    plan_file: Path | None,
    space: ChosenSpace | None,
    engine: Engine,
    goal: Goal | None,
    tell: Callable[[str], None],
) -> _Work:
    """Read what the command line names, and refuse it before anything is measured if it can't be."""
    if (plan_file is None) == (space is None):
        raise click.UsageError("Give either a PLAN or --space.")
    if plan_file is not None:
        _check_plan(plan_file, engine)
        if goal is None:
            return _Work(count_lines(plan_file), lambda _journal, **_: read_parts(plan_file))
        parts = list(read_parts(plan_file))
    else:
        assert space is not None
        walk = SpaceWalk(space, engine)
        parts = list(walk)
        for remark in walk.describe():
            tell(remark)
        if goal is None:
            return _Work(len(parts), lambda _journal, **_: parts)
    from bench.sampling import gather_candidates  # numpy, which a run of a whole plan should not wait for

    candidates = gather_candidates(parts)
    return _Work(len(candidates), lambda journal, seed: ChosenOperators(candidates, goal, journal, seed))


def _check_plan(plan_file: Path, engine: Engine) -> None:
    """Refuse, before anything is measured, a plan with operators that the engine does not run."""
    refused = {op.op_type: reason for op in read_plan(plan_file) if (reason := engine.refusal(op))}
    if refused:
        reasons = "\n".join(f"  {reason}" for reason in refused.values())
        raise EngineError(
            f"{engine.name} does not run all operators of {plan_file}; of each type, one:\n{reasons}\n"
            f"`bench generate --engine {engine.name}` leaves such operators out."
        )
