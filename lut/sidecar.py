"""The `.meta.json` beside a table: who measured it, how, and what was learnt of it since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lut.drift import Canary
from lut.entries import ProgramInfo, RunConfig
from lut.errors import ConflictError, FileError
from lut.files import parse_json, read_bytes, write_atomically

__all__ = [
    "Setting",
    "describe_setting",
    "read_canary",
    "read_config",
    "read_origins",
    "read_setting",
    "read_sidecar",
    "sidecar_path",
    "write_sidecar",
]


@dataclass(frozen=True)
class Setting:
    """What a table's operators were measured with: threads, processors, and the programs' SHA-256."""

    threads: int
    cpus: str
    programs: frozenset[str]


def sidecar_path(table: Path) -> Path:
    """Name the sidecar of a table, plain or zipped."""
    return table.with_name(table.name.removesuffix(".zip")).with_suffix(".meta.json")


def read_sidecar(path: Path) -> dict[str, Any]:
    """Read what is known of a table; of a published one nothing is, and that is an empty dict.

    Raises:
        FileError: the file can't be read, or is no JSON object.
    """
    if not path.exists():
        return {}
    try:
        story = parse_json(read_bytes(path))
    except ValueError as error:
        raise FileError(f"{path} is no JSON: {error}. Move it away to go on without it.") from error
    if not isinstance(story, dict):
        raise FileError(f"{path} is no JSON object. Move it away to go on without it.")
    return story


def write_sidecar(path: Path, story: Mapping[str, Any]) -> None:
    """Write a sidecar, all or nothing.

    Raises:
        FileError: it can't be written.
    """
    write_atomically(path, (json.dumps(story, indent=1, sort_keys=True) + "\n").encode())


def describe_setting(threads: int, cpus: str) -> str:
    """Write threads and processors as the options that ask for them."""
    return f"--threads {threads}" + (f" --cpus {cpus}" if cpus else "")


def read_config(table: Path) -> RunConfig | None:
    """Give how a table's operators were timed; None where its sidecar is absent, or tells of several ways.

    Raises:
        FileError: the sidecar can't be read, or is none.
    """
    path = sidecar_path(table)
    try:
        configs = {RunConfig.from_json(each["config"]) for each in read_sidecar(path).get("segments", [])}
    except (KeyError, TypeError, ValueError) as error:
        raise _not_understood(path, error) from error
    return configs.pop() if len(configs) == 1 else None


def read_origins(table: Path) -> set[tuple[ProgramInfo, RunConfig]]:
    """Give by which programs a table's operators were timed, and how; empty where its sidecar is absent.

    Raises:
        FileError: the sidecar can't be read, or is none.
    """
    path = sidecar_path(table)
    try:
        return {
            (ProgramInfo(**each["program"]), RunConfig.from_json(each["config"]))
            for each in read_sidecar(path).get("segments", [])
        }
    except (KeyError, TypeError, ValueError) as error:
        raise _not_understood(path, error) from error


def read_canary(table: Path) -> Canary | None:
    """Give the canary's time when a table's operators were measured; None where its sidecar does not say.

    Raises:
        FileError: the sidecar can't be read, or is none.
    """
    path = sidecar_path(table)
    try:
        return Canary.pooled([Canary.from_json(each) for each in read_sidecar(path).get("canary", [])])
    except (KeyError, TypeError, ValueError) as error:
        raise _not_understood(path, error, "a canary") from error


def _not_understood(path: Path, error: Exception, part: str = "segments") -> FileError:
    return FileError(
        f"{path} has {part} that can't be understood ({type(error).__name__}: {error}). "
        f"Move it away to go on without it."
    )


def read_setting(table: Path, *, mixed: bool = False) -> Setting | None:
    """Give what a table was measured with; None where its sidecar is absent or does not say.

    Args:
        table: the table's file.
        mixed: whether None is an answer for parts that were measured with different threads or processors.

    Raises:
        ConflictError: there are such parts, and `mixed` is not set.
        FileError: the sidecar can't be read, or is none.
    """
    path = sidecar_path(table)
    segments = read_sidecar(path).get("segments", [])
    try:
        settings = {(int(each["config"]["threads"]), str(each["config"]["cpus"])) for each in segments}
        programs = frozenset(str(each["program"]["sha256"]) for each in segments)
    except (KeyError, TypeError, ValueError) as error:
        raise _not_understood(path, error) from error
    if len(settings) > 1 and mixed:
        return None
    if len(settings) > 1:
        seen = " and ".join(describe_setting(threads, cpus) for threads, cpus in sorted(settings))
        raise ConflictError(
            f"{table} holds operators measured with {seen}. "
            f"Say by --threads and --cpus which to compare with."
        )
    return Setting(*settings.pop(), programs) if settings else None
