"""How a table's operators were measured, as its sidecar says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lut.drift import Canary
from lut.entries import RunConfig, Segment
from lut.errors import ConflictError, FileError
from lut.sidecar.file import read_sidecar, sidecar_path

__all__ = ["Setting", "describe_setting", "read_canary", "read_config", "read_segments", "read_setting"]

Part = TypeVar("Part")


@dataclass(frozen=True)
class Setting:
    """What a table's operators were measured with: threads, processors, and the programs' SHA-256."""

    threads: int
    cpus: str
    programs: frozenset[str]


def describe_setting(threads: int, cpus: str) -> str:
    """Write threads and processors as the options that ask for them."""
    return f"--threads {threads}" + (f" --cpus {cpus}" if cpus else "")


def read_config(table: Path) -> RunConfig | None:
    """Give how a table's operators were timed; None where its sidecar is absent, or tells of several ways.

    Raises:
        FileError: the sidecar can't be read, or is none.
    """
    segments = read_segments(table)
    is_one = bool(segments) and all(each.is_timed_as(segments[0]) for each in segments)
    return segments[0].config if is_one else None


def read_segments(table: Path) -> list[Segment]:
    """Give the stretches of journals that a table was made of; empty where its sidecar is absent.

    Raises:
        FileError: the sidecar can't be read, or is none.
    """
    return _read_each(table, "segments", Segment.from_json)


def read_canary(table: Path) -> Canary | None:
    """Give the canary's time when a table's operators were measured; None where its sidecar does not say.

    Raises:
        FileError: the sidecar can't be read, or is none.
    """
    return Canary.pooled(_read_each(table, "canary", Canary.from_json))


def read_setting(table: Path, *, mixed: bool = False) -> Setting | None:
    """Give what a table was measured with; None where its sidecar is absent or does not say.

    Args:
        table: the table's file.
        mixed: whether None is an answer for parts that were measured with different threads or processors.

    Raises:
        ConflictError: there are such parts, and `mixed` is not set.
        FileError: the sidecar can't be read, or is none.
    """
    segments = read_segments(table)
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


def _read_each(table: Path, name: str, read: Callable[[Mapping[str, Any]], Part]) -> list[Part]:
    """Read all entries of one list in a table's sidecar; an absent list has none."""
    path = sidecar_path(table)
    fields = read_sidecar(path)
    try:
        return [read(entry) for entry in fields.get(name, [])]
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        what = "a canary" if name == "canary" else name
        raise FileError(
            f"{path} has {what} that can't be understood ({type(error).__name__}: {error}). "
            f"Move it away to go on without it."
        ) from error
