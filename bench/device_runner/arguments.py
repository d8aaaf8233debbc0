"""The benchmark program's command line for a configuration."""

from __future__ import annotations

from lut.records import RunConfig

__all__ = ["program_arguments"]


def program_arguments(config: RunConfig, passes: int, seed: int | None) -> list[str]:
    """Write the arguments of one process: so many passes, in an order drawn from the seed if there is one."""
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
    if seed is not None:
        arguments.append(f"--seed={seed}")
    return arguments
