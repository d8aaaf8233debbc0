"""`bench run --farm`: a plan on the phones of a farm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from bench.campaign import RunSummary, choose_journals, run_groups
from bench.cli.asked import Asked, Planner, Show
from bench.farm import FarmRun, SchedulerAddress, Wanted, explain_absence, list_hosts
from lut.errors import DeviceError
from lut.journal import read_config

__all__ = ["measure_on_farm"]


def measure_on_farm(
    plan: Planner,
    asked: Asked,
    farm: SchedulerAddress,
    output: Path,
    show: Show,
    say: Callable[[str], None],
) -> dict[Path, RunSummary]:
    """Measure on all phones of a farm, or on those of the device name that is asked for.

    Raises:
        click.UsageError: an option is given that only devices of this computer take.
        DeviceError: no scheduler answers, nobody offers such a phone, or a host is of another version.
    """
    devices, engine = asked.devices, asked.devices.phones.engine
    if devices.serials or devices.every or devices.phones.binary is not None:
        raise click.UsageError(
            "--farm takes all phones that are offered, or those of one --device-name: leave out --device, "
            "--all and --binary."
        )
    names = _choose_names(farm, asked)
    journals = choose_journals([engine.name_device(name) for name in names], output)
    with ExitStack() as stack:
        runs: dict[Path, list[FarmRun]] = {}
        for name in names:
            wanted = Wanted(name, engine.name, devices.phones.ignored_gates, devices.phones.profile)
            run = FarmRun(farm, wanted, say, asked.silence_s)
            stack.callback(run.close)
            runs[journals[engine.name_device(name)]] = [run]
        known = [name for group in runs.values() for name in group[0].labels]
        display = stack.enter_context(show(known))

        def measure(journal: Path, group: Sequence[FarmRun]) -> RunSummary:
            [run] = group
            run.say = display.say

            def progress(summary: RunSummary) -> None:
                display.show(list(dict.fromkeys([*run.labels, *summary.visits_on])), summary)

            return run.run(
                plan(journal),
                asked.timing.config(run.phone, read_config(journal), display.say),
                journal,
                seed=asked.seed,
                retry_failed=asked.retry_failed,
                progress=progress,
            )

        return run_groups(runs, measure)


def _choose_names(farm: SchedulerAddress, asked: Asked) -> list[str]:
    hosts = list_hosts(farm)
    offered = sorted({phone.name for host in hosts for phone in host.usable()})
    engine, wanted = asked.devices.phones.engine, asked.devices.name
    if wanted is None:
        if not offered:
            raise DeviceError(explain_absence(hosts))
        return offered
    names = [name for name in offered if engine.name_device(name) == wanted]
    if not names:
        raise DeviceError(explain_absence(hosts, wanted))
    return names
