"""The command `bench run`: a plan measured on devices."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from bench.campaign import WARM, RunSummary, choose_devices, group_by_name, run_groups, run_plan
from bench.cli.device_options import complete_serial, device_name_option, phone_options, setting_options
from bench.cli.live import Pace, describe_line, describe_moment
from bench.cli.protocol_options import Timing, protocol_options
from bench.device_runner import SILENCE_S, Device, PhoneOptions, Watch
from lut import plan
from lut.cli import Bar, quiet_option, say
from lut.drift import LARGE_IN_WORDS, RunDrift
from lut.errors import FailedError
from lut.journal import read_config

__all__ = ["run"]

PATH = click.Path(path_type=Path)


_LAYOUT = "{desc} {percentage:3.0f}%|{bar:12}| {n_fmt}/{total_fmt}{postfix}"
"""The time left is told behind it: tqdm's own would take what an earlier run left for work done now."""


@click.command()
@click.argument("plan_file", metavar="PLAN", type=PATH)
@click.option(
    "--device",
    "serials",
    metavar="SERIAL",
    multiple=True,
    shell_complete=complete_serial,
    help="A serial, or tcp:HOST:PORT; may be repeated. Default: the one phone, else the host.",
)
@click.option("--all", "every", is_flag=True, help="All attached phones.")
@phone_options
@device_name_option("Record under this name, not the device's own.")
@click.option(
    "-o",
    "--output",
    type=PATH,
    required=True,
    help="The journal to append to (JSON Lines); a folder for phones of different names.",
)
@protocol_options
@setting_options("the device's")
@click.option("--retry-failed", is_flag=True, help="Try operators again that failed in an earlier run.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides the order of operators.")
@click.option(
    "--silence-s",
    type=click.FloatRange(1),
    default=SILENCE_S,
    show_default=True,
    help="How long one visit may take before it counts as hung.",
)
@quiet_option
def run(
    plan_file: Path,
    serials: tuple[str, ...],
    every: bool,
    way: str,
    phones: PhoneOptions,
    device_name: str | None,
    output: Path,
    timing: Timing,
    threads: int | None,
    cpus: str | None,
    retry_failed: bool,
    seed: int,
    silence_s: float,
    quiet: bool,
) -> None:
    """Measure a plan on a device, or on several that share it.

    What was measured is in the journal at once. Interrupted or killed, the same command goes on where
    it stopped. Operators that failed are not tried again but with --retry-failed.

    \b
    Example:
      bench run zoo.plan.jsonl --device host -o zoo.run.jsonl
      bench run zoo.plan.jsonl --device host --cache warm -o zoo.run.jsonl
      bench run zoo.plan.jsonl --all -o runs/
    """
    if phones.binary and (timing.cache != WARM or timing.given.get("canary_share")):
        raise click.UsageError(
            "Turns and canaries are known to this project's program alone; --binary is not it."
        )
    passes = timing.passes
    chosen = choose_devices(serials, every, way, phones)
    groups = group_by_name(chosen, output)
    total = plan.count_lines(plan_file)

    failed = 0
    with ExitStack() as stack:
        for device in chosen:
            stack.callback(device.close)
        # One line of progress for each device.
        bars = {
            device.info.serial: stack.enter_context(
                Bar(total * passes, "visit", quiet, title=device.info.serial, layout=_LAYOUT)
            )
            for device in chosen
        }
        first = bars[chosen[0].info.serial]

        def measure(journal: Path, group: Sequence[Device]) -> RunSummary:
            pace = Pace(total * passes, passes)
            serials = [device.info.serial for device in group]

            announce = first.say if not quiet else (lambda _: None)

            def show(now: RunSummary) -> None:
                if quiet:
                    return
                moments = {serial: pace.read(now, serial, alone=len(group) == 1) for serial in serials}
                for serial, moment in moments.items():
                    if first.shown:
                        bars[serial].set(moment.done, describe_moment(moment))
                if not first.shown and pace.is_due(moments[serials[0]].done):
                    first.say("\n".join(describe_line(serial, moment) for serial, moment in moments.items()))

            return run_plan(
                plan.read_plan(plan_file),
                group,
                timing.config(group[0], threads, cpus, read_config(journal), announce),
                journal,
                seed=seed,
                device_name=device_name,
                retry_failed=retry_failed,
                watch=Watch(announce, silence_s),
                progress=show,
            )

        summaries = run_groups(groups, measure)
    for journal, summary in summaries.items():
        say(quiet)(_describe(summary, journal))
        failed += summary.failed
    if failed:
        planned = sum(summary.planned for summary in summaries.values())
        raise FailedError(
            f"{failed} of {planned} operators could not be measured; "
            f'the lines of kind "failure" in {", ".join(map(str, summaries))} say why.'
        )


def _describe(summary: RunSummary, output: Path) -> str:
    wall = time.clock_gettime(time.CLOCK_BOOTTIME) - _process_start()
    engine = summary.engine_s
    lines = [
        f"{output}: {summary.measured} operators measured in {summary.visits} visits, "
        f"{summary.resumed} done before, {summary.failed} failed."
    ]
    if summary.failed_before:
        lines.append(
            f"{summary.failed_before} of those done before failed then; --retry-failed tries them again."
        )
    if engine:
        lines.append(
            f"{wall:.2f} s in all, {engine:.2f} s of them warm-up and timed runs inside the engine: "
            f"ratio {wall / engine:.2f} (loading nets {summary.load_s:.2f} s)."
        )
    lines += summary.disturbances.describe()
    lines += _describe_drift(summary.drift)
    if summary.recoveries or summary.incidents:
        met = ", ".join(f"{count} x {kind}" for kind, count in sorted(summary.incidents.items()))
        times = "once" if summary.recoveries == 1 else f"{summary.recoveries} times"
        lines.append(f"Lost and found again {times} ({met})." if summary.recoveries else f"Overcome: {met}.")
    lines += [f"{serial} dropped out: {reason}" for serial, reason in summary.lost_devices.items()]
    return "\n".join(lines)


def _describe_drift(drift: RunDrift | None) -> list[str]:
    if drift is None:
        return []
    lines = [f"The device was {drift.describe('the journal before this run')}."]
    if drift.is_large:
        lines.append(
            f"Warning: more than {LARGE_IN_WORDS} apart, so a table of this journal mixes two speeds of the "
            f"device. Let it settle and measure the plan anew into another journal, or merge this one and "
            f"see by `bench validate` how far sums are off."
        )
    return lines


def _process_start() -> float:
    """When this process was started, in seconds since boot (field 22 of /proc/self/stat)."""
    after_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return int(after_name[19]) / os.sysconf("SC_CLK_TCK")
