"""The command `bench generate`: plans, and how large they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click

from bench.campaign import Forecaster, learn
from bench.cli.device_options import engine_option
from bench.cli.space_walk import SpaceWalk
from bench.engines import Engine, build_nets
from bench.op_generators import SPACES, draw
from lut.cli import Bar, ChosenSpace, GroupedCommand, echo, grouped, quiet_option, say, space_options
from lut.frontends import write_netdef
from lut.ops import OpSpec
from lut.plan import Part, write_plan
from lut.schema import to_json

__all__ = ["generate", "write_space"]

PATH = click.Path(path_type=Path)

Outcome = TypeVar("Outcome")

Draw: TypeAlias = Callable[[Iterable[Part]], Iterable[Part]]
"""Gives some of a space's operators, or all."""


@dataclass(frozen=True)
class CountChoice:
    """Whether to count only, for which device's journal, and how to print it."""

    asked: bool
    run: Path | None
    as_json: bool


def count_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that count; the command gets them as one `counting: CountChoice`."""
    counting = grouped("Counting")

    @counting("--count", is_flag=True, help="Write nothing, only count, by operator type.")
    @counting("--run", type=PATH, help="A journal of a device, to say how long it will take there.")
    @counting("--json", "as_json", is_flag=True, help="Print JSON.")
    @wraps(command)
    def with_count(*args: Any, count: bool, run: Path | None, as_json: bool, **options: Any) -> Any:
        return command(*args, counting=CountChoice(count, run, as_json), **options)

    return with_count


plan = grouped("Plan")


@click.command(cls=GroupedCommand)
@plan("-o", "--output", type=PATH, help="The plan to write (JSON Lines).")
@plan("--nets", type=PATH, help="Also write <id>/init_net.pb and predict_net.pb in this folder.")
@plan("--sample", type=click.IntRange(1), help="Draw this many operators at random. Default: all.")
@plan("--seed", type=int, default=0, show_default=True, help="Decides what is drawn.")
@space_options({name: space.walk for name, space in SPACES.items()})
@engine_option
@count_options
@quiet_option
def generate(
    output: Path | None,
    nets: Path | None,
    sample: int | None,
    seed: int,
    space: ChosenSpace,
    engine: Engine,
    counting: CountChoice,
    quiet: bool,
) -> None:
    """Write a plan: the operators to measure, each once.

    \b
    The spaces:
      models   every operator of the nets given by --model
      fbnet    FBNet: 22 layers of ten blocks, at 224 and 96
      chamnet  ChamNet: widths, expansions, resolutions in the hull of the released nets
      grid     every point of the axes in a TOML file

    \b
    Example:
      bench generate --space fbnet --count --run zoo.run.jsonl
      bench generate --space fbnet -o fbnet.plan.jsonl
      bench generate --space models --model models/FBNet-A/int8 -o fbnet-a.plan.jsonl
    """
    if counting.asked == (output is not None) or (counting.asked and nets is not None):
        raise click.UsageError("Give either -o PLAN (and perhaps --nets), or --count.")
    if not counting.asked and (counting.run is not None or counting.as_json):
        raise click.UsageError("--run and --json go with --count.")

    def take(parts: Iterable[Part]) -> Iterable[Part]:
        taken = parts if sample is None else draw(parts, sample, seed)
        return taken if nets is None else _write_nets(taken, nets)

    if output is not None:
        write_space(space, engine, output, quiet, take)
        return
    forecaster = None if counting.run is None else learn(counting.run, say(quiet))
    counts, run_ns = _walk_through(
        space, engine, quiet, lambda parts: _count((part.op for part in take(parts)), forecaster)
    )
    if counting.as_json:
        echo(json.dumps(_to_json(counts, run_ns, forecaster), indent=1))
    else:
        _show(counts, run_ns, forecaster)


def write_space(
    space: ChosenSpace, engine: Engine, output: Path, quiet: bool, take: Draw = lambda parts: parts
) -> None:
    """Write a space's operators as a plan, and say how many there are and which are left out.

    Args:
        space: whose operators.
        engine: what is to run them; those that it doesn't run are left out.
        output: the plan.
        quiet: whether to say nothing.
        take: gives those of the operators that are written.
    """
    number = _walk_through(space, engine, quiet, lambda parts: write_plan(take(parts), output))
    say(quiet)(f"{output}: {number:,} operators")


def _walk_through(
    space: ChosenSpace, engine: Engine, quiet: bool, use: Callable[[Iterable[Part]], Outcome]
) -> Outcome:
    """Give what comes of a space's operators, and say which are left out."""
    with Bar(None, "op", quiet) as bar:
        walk = SpaceWalk(space, engine)
        outcome = use(bar.follow(walk))
    for remark in walk.describe():
        say(quiet)(remark)
    return outcome


def _write_nets(parts: Iterable[Part], folder: Path) -> Iterator[Part]:
    for part in parts:
        single = build_nets(part.op)
        write_netdef(single.init_net, folder / single.id / "init_net.pb")
        write_netdef(single.predict_net, folder / single.id / "predict_net.pb")
        yield part


def _count(ops: Iterable[OpSpec], forecaster: Forecaster | None) -> tuple[Counter[str], float]:
    """Count operators by type, and sum up the times of their single runs in nanoseconds."""
    counts: Counter[str] = Counter()
    run_ns = 0.0
    for op in ops:
        counts[op.op_type] += 1
        if forecaster is not None:
            run_ns += forecaster.run_ns(op)
    return counts, run_ns


def _to_json(counts: Counter[str], run_ns: float, forecaster: Forecaster | None) -> dict[str, Any]:
    estimate = {}
    if forecaster is not None:
        seconds = round(forecaster.campaign_s(run_ns), 1)
        estimate = {"device": forecaster.device, "config": to_json(forecaster.config), "estimated_s": seconds}
    return {"operators": counts.total(), "by_type": dict(sorted(counts.items())), **estimate}


def _show(counts: Counter[str], run_ns: float, forecaster: Forecaster | None) -> None:
    for op_type, count in sorted(counts.items()):
        echo(f"{op_type:<20} {count:>10,}")
    echo(f"{'in all':<20} {counts.total():>10,}")
    if forecaster is not None:
        config = forecaster.config
        seconds = timedelta(seconds=round(forecaster.campaign_s(run_ns)))
        echo(
            f"About {seconds} on {forecaster.device} with {config.passes} passes of "
            f"{config.warmup}+{config.iters} runs, judged from {forecaster.learnt_from:,} operators."
        )
