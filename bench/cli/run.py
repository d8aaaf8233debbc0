"""The command `bench run`: a plan measured on devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from bench.campaign import (
    ChosenOperators,
    RunSummary,
    Source,
    group_by_name,
    run_groups,
    run_plan,
)
from bench.cli.asked import Asked, Planner, Show, asked_options
from bench.cli.ending import describe_run, refuse_failures
from bench.cli.goal import GoalDisplay, describe_end, goal_options
from bench.cli.live import DeviceLines, Display
from bench.cli.space_walk import SpaceWalk
from bench.device_runner import Device, Watch
from bench.engines import Engine
from bench.numbers import check_numbers
from bench.op_generators import SPACES
from bench.sampling import Goal
from lut.cli import ChosenSpace, GroupedCommand, grouped, quiet_option, say, space_options
from lut.entries import DeviceInfo
from lut.errors import EngineError
from lut.journal import read_config
from lut.plan import Plan, count_lines, read_parts, read_plan

__all__ = ["Work", "measure", "run", "take_work"]

PATH = click.Path(path_type=Path)

_TITLE = "Journal and devices"


@click.command(cls=GroupedCommand)
@click.argument("plan_file", metavar="[PLAN]", type=PATH, required=False)
@grouped(_TITLE)(
    "-o",
    "--output",
    type=PATH,
    required=True,
    help="The journal to append to (JSON Lines); a folder for phones of different names.",
)
@asked_options(_TITLE)
@goal_options
@space_options({name: space.walk for name, space in SPACES.items()}, optional=True)
@quiet_option
def run(
    plan_file: Path | None,
    output: Path,
    asked: Asked,
    goal: Goal | None,
    space: ChosenSpace | None,
    quiet: bool,
) -> None:
    """Measure a plan, or a space, on a device, or on several that share it.

    A space needs no plan; nets are one too: --space models --model net.onnx.

    What was measured is in the journal at once. Interrupted or killed, the same command goes on where
    it stopped. Operators that failed are tried again only with --retry-failed.

    With --budget or --error it measures a part only, chosen as it goes so that the rest can be estimated:
    `lut fill` then completes the table. How far such estimates are off is said at the end.

    \b
    Example:
      bench run zoo.plan.jsonl --device host -o zoo.run.jsonl
      bench run zoo.plan.jsonl --device host --cache warm -o zoo.run.jsonl
      bench run zoo.plan.jsonl --all -o runs/
      bench run --space models --model net.onnx -o net.run.jsonl
      bench run --space chamnet --budget 60s -o chamnet.run.jsonl
    """
    engine = asked.devices.phones.engine
    work = take_work(plan_file, space, engine, goal, say(quiet))
    refuse_failures(measure(work, asked, output, goal, quiet))


def measure(work: Work, asked: Asked, output: Path, goal: Goal | None, quiet: bool) -> dict[Path, RunSummary]:
    """Measure, show how far it is, and say at the end what came of it; give that by journal."""

    def show(serials: Sequence[str]) -> DeviceLines:
        if goal is not None:
            return GoalDisplay(serials, quiet)
        return Display(serials, work.operators, asked.timing.passes, quiet)

    plan = partial(work.plan, seed=asked.seed)
    if asked.farm is None:
        summaries = _measure_here(plan, asked, output, show, say(quiet))
    else:
        from bench.cli.run_on_farm import measure_on_farm  # Dask, which no other run should wait for

        summaries = measure_on_farm(plan, asked, asked.farm, output, show, say(quiet))
    for journal, summary in summaries.items():
        say(quiet)(describe_run(summary, journal))
        if goal is not None and summary.standing is not None:
            say(quiet)("\n".join(describe_end(summary.standing, goal)))
    return summaries


def _measure_here(
    plan: Planner, asked: Asked, output: Path, show: Show, tell: Callable[[str], None]
) -> dict[Path, RunSummary]:
    """Measure on devices of this computer; where nobody chose one, name the one that is taken."""
    with ExitStack() as stack:
        opened = asked.devices.open()
        for device in opened:
            stack.callback(device.close)
        groups = group_by_name(opened, output)
        chosen = bool(asked.devices.serials) or asked.devices.every
        if not chosen:
            tell(_name_device(opened[0].info, "Measuring on"))
        display = stack.enter_context(show([device.info.serial for device in opened]))

        def measure_group(journal: Path, group: Sequence[Device]) -> RunSummary:
            return run_plan(
                plan(journal),
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

        summaries = run_groups(groups, measure_group)
    if not chosen:
        tell(_name_device(opened[0].info, "Measured on"))
    return summaries


def _name_device(device: DeviceInfo, begun: str) -> str:
    if device.kind == "host":
        return f"{begun} this computer, {device.name}: no phone was found."
    return f"{begun} the phone {device.serial}, {device.name}."


@dataclass(frozen=True)
class Work:
    """What is to be measured: how many operators, and where they come from for a journal and a seed."""

    operators: int
    plan: Callable[..., Plan | Source]


def take_work(
    plan_file: Path | None,
    space: ChosenSpace | None,
    engine: Engine,
    goal: Goal | None,
    tell: Callable[[str], None],
) -> Work:
    """Read what the command line names, and refuse it before anything is measured if it can't be."""
    if (plan_file is None) == (space is None):
        raise click.UsageError("Give either a PLAN or --space.")
    if plan_file is not None:
        _check_plan(plan_file, engine)
        if goal is None:
            return Work(count_lines(plan_file), lambda _journal, **_: read_parts(plan_file))
        parts = list(read_parts(plan_file))
    else:
        assert space is not None
        walk = SpaceWalk(space, engine)
        parts = list(walk)
        for remark in walk.describe():
            tell(remark)
        if goal is None:
            return Work(len(parts), lambda _journal, **_: parts)
    from bench.sampling import gather_candidates  # numpy, which a run of a whole plan should not wait for

    candidates = gather_candidates(parts)
    return Work(len(candidates), lambda journal, seed: ChosenOperators(candidates, goal, journal, seed))


def _check_plan(plan_file: Path, engine: Engine) -> None:
    """Refuse, before anything is measured, a plan with operators that the engine does not run."""
    refused = {op.op_type: reason for op in read_plan(plan_file) if (reason := engine.refusal(op))}
    if refused:
        reasons = "\n".join(f"  {reason}" for reason in refused.values())
        raise EngineError(
            f"{engine.name} does not run all operators of {plan_file}; of each type, one:\n{reasons}\n"
            f"`bench generate --engine {engine.name}` leaves such operators out."
        )
