"""The benchmark program's command line for a configuration."""

from __future__ import annotations

from bench.device_runner.program.canary import CANARY_ID, CanaryTimes
from lut.entries import RunConfig

__all__ = ["program_arguments"]


def program_arguments(
    config: RunConfig,
    passes: int,
    seed: int | None,
    usual: CanaryTimes | None = None,
    *,
    other_bytes: int = 0,
    gaps_ms: int = 0,
) -> list[str]:
    """Write the arguments of one process: so many passes, in an order drawn from the seed if there is one.

    `usual` is what the canary usually takes; None leaves it to the process to find out.
    `other_bytes` are read of other memory in every round of turns. For `gaps_ms` milliseconds, at first and
    at last, the process watches for gaps.
    """
    arguments = [
        f"--passes={passes}",
        f"--warmup={config.warmup}",
        f"--iter={config.iters}",
        f"--threads={config.threads}",
    ]
    if config.cpus:
        arguments.append(f"--cpus={config.cpus}")
    if config.min_sample_us:
        arguments.append(f"--min-sample-us={config.min_sample_us:g}")
    arguments += [
        f"--{flag}={value:g}" if isinstance(value, float) else f"--{flag}={value}"
        for flag, value in (
            ("turns", config.turns if config.turns > 1 else 0),
            ("fill-bytes", config.fill_bytes),
            ("round-bytes", other_bytes),
            ("thrash-bytes", config.thrash_bytes),
            ("warmup-share", config.warmup_share),
            ("most-iter", config.most_iters),
            ("p50-share", config.p50_share),
            ("gaps-ms", gaps_ms),
        )
        if value
    ]
    if config.canary_share:
        arguments += [f"--canary={CANARY_ID}", f"--canary-share={config.canary_share:g}"]
        if usual is not None:
            arguments += [f"--canary-ns={usual.net_ns}", f"--canary-memory-ns={usual.memory_ns}"]
    if seed is not None:
        arguments.append(f"--seed={seed}")
    return arguments
