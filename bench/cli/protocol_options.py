"""The options that say how operators are timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import click

from bench.campaign import IN_TURNS, TURNS, WARM, WHEN_WARM, cache_settings, is_cache_choice
from bench.device_runner import Device, PhoneOptions
from lut.entries import RunConfig

__all__ = ["Timing", "protocol_options"]


@dataclass(frozen=True)
class Timing:
    """What the options ask for: a state of the caches, and the fields of RunConfig that were given."""

    cache: str
    given: dict[str, Any]

    @property
    def passes(self) -> int:
        """How many visits of each operator."""
        return self._base.passes

    @property
    def _base(self) -> RunConfig:
        return replace(IN_TURNS if self.cache == TURNS else WHEN_WARM, **self.given)

    def config(
        self,
        device: Device,
        threads: int | None,
        cpus: str | None,
        earlier: RunConfig | None = None,
        announce: Callable[[str], None] = lambda _: None,
    ) -> RunConfig:
        """Give the configuration for a device.

        Args:
            device: whose own threads and processors are the default.
            threads: given by the user, or None.
            cpus: given by the user as a hexadecimal mask, or None.
            earlier: of the run that goes on, which stays on its processors.
            announce: hears which processors are taken where others keep the usual ones busy.
        """
        count = threads or device.default_threads
        if cpus is None and earlier is not None and earlier.threads == count:
            cpus = earlier.cpus
        mask = cpus or device.choose_cpus(count, announce)
        return replace(self._base, threads=count, cpus=mask, **cache_settings(self.cache, device))


def _check_cache(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    if text is not None and not is_cache_choice(text):
        raise click.BadParameter(f"{text!r} is neither turns nor warm nor thrash:SIZE, such as thrash:8M.")
    return text


def _other(name: str) -> str:
    return f"Default: {getattr(IN_TURNS, name):g}; not with --cache turns: {getattr(WHEN_WARM, name):g}."


_OPTIONS: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
    click.option(
        "--cache",
        metavar="STATE",
        callback=_check_cache,
        help="How a timed run finds the caches: turns, as in a net, since operators take turns; warm; "
        "thrash:SIZE, so much other memory read before. Default: turns; with --binary warm.",
    ),
    click.option(
        "--passes", type=click.IntRange(1), help=f"Visits of each operator, well apart. {_other('passes')}"
    ),
    click.option("--iters", type=click.IntRange(1), help=f"Timed runs a visit, at least. {_other('iters')}"),
    click.option(
        "--most-iters", type=click.IntRange(1), help="Timed runs a visit, at most, with --p50-share."
    ),
    click.option(
        "--p50-share",
        type=click.FloatRange(0, 1),
        help="Go on with timed runs until medians are known within this share. Default: never.",
    ),
    click.option(
        "--warmup", type=click.IntRange(0), help=f"Runs a visit before the timed ones. {_other('warmup')}"
    ),
    click.option(
        "--warmup-share",
        type=click.FloatRange(0, 1),
        help=f"End them once moving averages are within this share. {_other('warmup_share')}",
    ),
    click.option(
        "--canary-share",
        type=click.FloatRange(0, 10),
        help="Measure again what was measured while a canary was slower than usual by this share; 0: have "
        f"none. {_other('canary_share')}",
    ),
    click.option(
        "--min-sample-us",
        type=click.FloatRange(0),
        help="Time runs shorter than this several at once; with --cache warm, then the default.",
    ),
)
_FIELDS = (
    "passes",
    "iters",
    "most_iters",
    "p50_share",
    "warmup",
    "warmup_share",
    "canary_share",
    "min_sample_us",
)


def protocol_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how to time; the command gets them as one `timing: Timing`."""

    @wraps(command)
    def with_timing(*args: Any, cache: str | None, **options: Any) -> Any:
        given = {name: value for name in _FIELDS if (value := options.pop(name)) is not None}
        timing = Timing(cache or _choose_cache(given, options.get("phones")), given)
        _check_together(timing.cache, timing.given)
        return command(*args, timing=timing, **options)

    for option in reversed(_OPTIONS):
        with_timing = option(with_timing)
    return with_timing


def _choose_cache(given: dict[str, Any], phones: PhoneOptions | None) -> str:
    """Choose as in a net, unless what else is asked for can only be had of warm runs."""
    only_warm = given.get("min_sample_us") or (phones is not None and phones.binary)
    return WARM if only_warm else TURNS


def _check_together(cache: str, given: dict[str, Any]) -> None:
    if given.get("min_sample_us"):
        if cache != WARM:
            raise click.UsageError(
                "--min-sample-us times several runs at once, which are warm: it goes with --cache warm."
            )
        if given.get("warmup") == 0:
            raise click.UsageError(
                "--min-sample-us takes its measure from the warm-up: give --warmup of 1 or more."
            )
    if bool(given.get("p50_share")) != ("most_iters" in given):
        raise click.UsageError("--p50-share and --most-iters go together: how sure, and how long at most.")
