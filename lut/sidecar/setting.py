"""How a table's operators were measured, as its sidecar says."""

from __future__ import annotations

from dataclasses import dataclass

from lut.drift import Canary
from lut.entries import RunConfig
from lut.errors import ConflictError
from lut.sidecar.sidecar import Sidecar

__all__ = ["Setting", "describe_setting", "read_canary", "read_config", "read_setting"]


@dataclass(frozen=True)
class Setting:
    """What a table's operators were measured with: threads, processors, and the programs' SHA-256."""

    threads: int
    cpus: str
    programs: frozenset[str]


def describe_setting(threads: int, cpus: str) -> str:
    """Write threads and processors as the options that ask for them."""
    return f"--threads {threads}" + (f" --cpus {cpus}" if cpus else "")


def read_config(sidecar: Sidecar | None) -> RunConfig | None:
    """Return how a table's operators were timed; None where nothing tells, or several ways are told."""
    segments = () if sidecar is None else sidecar.segments
    is_one = bool(segments) and all(each.is_timed_as(segments[0]) for each in segments)
    return segments[0].config if is_one else None


def read_canary(sidecar: Sidecar | None) -> Canary | None:
    """Return the canary's time when a table's operators were measured; None where nothing tells."""
    return None if sidecar is None else Canary.pooled(sidecar.canary)


def read_setting(sidecar: Sidecar | None, table: str, *, mixed: bool = False) -> Setting | None:
    """Return what a table was measured with; None where nothing tells.

    Args:
        sidecar: the table's.
        table: what to call it.
        mixed: whether None is an answer for parts that were measured with different threads or processors.

    Raises:
        ConflictError: there are such parts, and `mixed` is not set.
    """
    segments = () if sidecar is None else sidecar.segments
    settings: dict[tuple[int, str], tuple[int, str]] = {}
    for each in segments:
        threads, cpus = each.config.threads, each.config.cpus
        settings.setdefault((threads, each.device.generalize(cpus)), (threads, cpus))
    if len(settings) > 1 and mixed:
        return None
    if len(settings) > 1:
        seen = " and ".join(describe_setting(threads, cpus) for threads, cpus in sorted(settings.values()))
        raise ConflictError(
            f"{table} holds operators measured with {seen}. "
            f"Say by --threads and --cpus which to compare with."
        )
    programs = frozenset(each.program.sha256 for each in segments)
    return Setting(*next(iter(settings.values())), programs) if settings else None
