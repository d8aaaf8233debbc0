"""The options that say how operators are timed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from bench.campaign import IN_TURNS, TURNS, WARM, WHEN_WARM, Processors, Timing, is_cache_choice
from bench.cli.device_options import DeviceChoice
from lut.cli import grouped

__all__ = ["processor_options", "protocol_options"]

_timing = grouped("Timing")


def _check_cache(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    if text is not None and not is_cache_choice(text):
        raise click.BadParameter(f"{text!r} is not turns, warm, or thrash:SIZE such as thrash:8M.")
    return text


def _other(name: str) -> str:
    return f"Default: {getattr(IN_TURNS, name):g}; without turns: {getattr(WHEN_WARM, name):g}."


_OPTIONS: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
    _timing(
        "--cache",
        metavar="STATE",
        callback=_check_cache,
        help="How a timed run finds the caches: turns, as in a net, since operators take turns; warm; "
        "thrash:SIZE, with that much other memory read before each. Default: turns; with --binary warm.",
    ),
    _timing(
        "--passes", type=click.IntRange(1), help=f"Visits of each operator, well apart. {_other('passes')}"
    ),
    _timing("--iters", type=click.IntRange(1), help=f"Timed runs a visit, at least. {_other('iters')}"),
    _timing("--most-iters", type=click.IntRange(1), help="Timed runs a visit, at most, with --p50-share."),
    _timing(
        "--p50-share",
        type=click.FloatRange(0, 1),
        help="Keep timing until medians are known to within this share. Default: never.",
    ),
    _timing(
        "--warmup", type=click.IntRange(0), help=f"Runs a visit before the timed ones. {_other('warmup')}"
    ),
    _timing(
        "--warmup-share",
        type=click.FloatRange(0, 1),
        help=f"End the warm-up once its moving averages agree to within this share. {_other('warmup_share')}",
    ),
    _timing(
        "--canary-share",
        type=click.FloatRange(0, 10),
        help="Repeat what was measured while a canary was slower than usual by this share; 0: have "
        f"none. {_other('canary_share')}",
    ),
    _timing(
        "--min-sample-us",
        type=click.FloatRange(0),
        help="Time runs shorter than this in batches. Implies --cache warm.",
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

    @processor_options("the device's")
    @wraps(command)
    def with_timing(*args: Any, cache: str | None, processors: Processors, **options: Any) -> Any:
        given = {name: value for name in _FIELDS if (value := options.pop(name)) is not None}
        devices: DeviceChoice | None = options.get("devices")
        foreign = devices is not None and devices.phones.binary is not None
        # As in a net, unless what else is asked for can only be had of warm runs.
        usual = WARM if given.get("min_sample_us") or foreign else TURNS
        timing = Timing(cache or usual, given, processors)
        _check_together(timing.cache, given, foreign)
        return command(*args, timing=timing, **options)

    for option in reversed(_OPTIONS):
        with_timing = option(with_timing)
    return with_timing


def processor_options(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--threads` and `--cpus`; the command gets them as one `processors: Processors`.

    `default` says in their help what is taken without them.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @_timing("--threads", type=click.IntRange(1), help=f"Threads of the engine. Default: {default}.")
        @_timing(
            "--cpus",
            metavar="MASK",
            callback=_parse_mask,
            help=f"Processors to run on, as a hexadecimal mask. Default: {default}; a host takes cores that "
            "others leave alone, and a run that goes on keeps its own.",
        )
        @wraps(command)
        def with_processors(*args: Any, threads: int | None, cpus: str | None, **options: Any) -> Any:
            devices: DeviceChoice | None = options.get("devices")
            cluster = None if devices is None else devices.phones.cluster
            if cpus is not None and cluster is not None:
                raise click.UsageError("--cpus and --cluster both choose cores: leave one of them out.")
            return command(*args, processors=Processors(threads, cpus, cluster), **options)

        return with_processors

    return decorate


def _parse_mask(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        mask = int(text, 16)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a hexadecimal mask, such as 0xf0.") from error
    if mask < 1:
        raise click.BadParameter("the mask holds no processor.")
    return hex(mask)


def _check_together(cache: str, given: dict[str, Any], foreign: bool) -> None:
    if foreign and (cache != WARM or given.get("canary_share")):
        raise click.UsageError(
            "Only this project's own program can take turns and run a canary; --binary replaces it."
        )
    if given.get("min_sample_us"):
        if cache != WARM:
            raise click.UsageError(
                "--min-sample-us times several runs at once, which are warm: it goes with --cache warm."
            )
        if given.get("warmup") == 0:
            raise click.UsageError(
                "--min-sample-us is calibrated in the warm-up: give --warmup of 1 or more."
            )
    if bool(given.get("p50_share")) != ("most_iters" in given):
        raise click.UsageError(
            "--p50-share and --most-iters go together: how precise, and how many runs at most."
        )
