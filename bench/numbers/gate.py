"""Nothing is timed on a device whose numbers are wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bench.device_runner import SILENCE_S, Device
from lut.cache import default_cache
from lut.entries import ProgramInfo
from lut.errors import DeviceError, FileError
from lut.files import write_atomically
from lut.wording import list_first

__all__ = ["WrongNumbersError", "check_numbers"]

_SHOWN = 5
"""So many wrong operators are named."""

_CHECKING = ("engines", "numbers", "op_generators")
"""Packages of `bench` that decide what is computed, from which nets, and what is right."""


class WrongNumbersError(DeviceError):
    """A device computes wrong numbers; the message names the operators, one a line."""


def check_numbers(
    device: Device,
    program: ProgramInfo,
    announce: Callable[[str], None],
    *,
    folder: Path | None = None,
) -> None:
    """Let a device compute one operator of each family, unless it has proved right before.

    That its numbers are right is remembered in the cache folder, for this device and program and for these
    sources of the check. A program of the user's own can't tell what it computes, and is not asked.

    Args:
        device: prepared by `prepare`, which gave `program`.
        program: what will measure.
        announce: hears what a device that was lost is waited for, and of a folder that can't be used.
        folder: where it is remembered; by default in the user's cache folder.

    Raises:
        WrongNumbersError: it computes wrong numbers.
        DeviceError: it can't be used.
    """
    if program.kind != "speed_benchmark":
        return
    proof = (folder or default_cache() / "numbers") / f"{_identify(device, program)}.json"
    if proof.exists():
        return
    from bench.numbers.check import draw_case, find_mismatches  # numpy, for which no later run waits
    from bench.numbers.reference import has_reference
    from bench.numbers.samples import list_samples

    ops = list_samples(lambda op: has_reference(op) and device.engine.refusal(op) is None)
    cases = [draw_case(op) for op in ops]
    wrong = find_mismatches(device, cases, SILENCE_S, announce)
    if wrong:
        names = list_first((mismatch.describe() for mismatch in wrong), len(wrong), _SHOWN)
        raise WrongNumbersError(
            f"{device.info.serial}: {device.engine.name} computes wrong numbers here, in {len(wrong)} of "
            f"{len(cases)} operators, so that their times would mean nothing:\n{names}\n"
            f"Measure with another --engine, or on another device."
        )
    try:
        write_atomically(proof, json.dumps({"device": device.info.name, "operators": len(cases)}).encode())
    except FileError as refusal:
        announce(f"That numbers are right here can't be remembered: {refusal} The next run checks them.")


def _identify(device: Device, program: ProgramInfo) -> str:
    """Name a device, a program and a check.

    Another build or processor under the same name is another device. Operators that are lowered in another
    way run other nets on the same program, so what was right of the former says nothing of these.
    """
    info = device.info
    facts = {name: info.facts.get(name, "") for name in ("build", "cpu", "clusters")}
    text = json.dumps([info.name, info.serial, facts, program.sha256, _hash_check()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _hash_check() -> str:
    """Hash the sources: to lower all samples instead would delay every run by some 75 ms."""
    digest = hashlib.sha256()
    for package in _CHECKING:
        for path in sorted((Path(__file__).parents[1] / package).rglob("*.py")):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
