"""Scanning a table for its index: every line checked, by two processes where a table is large.

The second process is a fork, so only a process without other threads starts one; it reads the second
half while this one reads the first. Whatever goes wrong there, this process reads that half itself.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lut.ops import MATCHES
from lut.table.formats import LineSpan, format_of

__all__ = ["ROW", "WHOLE", "Part", "scan_table"]

ROW = struct.Struct(">16sII5d")
"""Digest, line, device with marks of whole times, times in microseconds; see `lut.table.index`."""

WHOLE = 1 << 24
"""Times that are whole numbers are marked above the device's number, from this bit on."""


@dataclass
class Part:
    """What a part of a table gave: packed rows, and each device's number and first line."""

    rows: list[bytes] = field(default_factory=list)
    devices: dict[str, int] = field(default_factory=dict)
    first_lines: list[int] = field(default_factory=list)

    def absorb(self, other: Part) -> None:
        """Add the part that follows this one in the table."""
        for device, line in zip(other.devices, other.first_lines, strict=True):
            if device not in self.devices:
                self.devices[device] = len(self.devices)
                self.first_lines.append(line)
        numbers = [self.devices[device] for device in other.devices]
        if numbers == list(range(len(numbers))):
            self.rows += other.rows
            return
        for row in other.rows:
            digest, line, device, *times = ROW.unpack(row)
            number = numbers[device & (WHOLE - 1)] | device & -WHOLE
            self.rows.append(ROW.pack(digest, line, number, *times))


def scan_table(path: Path, match: str, progress: Callable[[int], None]) -> Part:
    """Read a table's rows; see `lut.table.index.build_index`."""
    split = format_of(path).split
    try:
        halves = split(path) if split is not None and _may_fork() else None
    except OSError:
        halves = None  # reading it as a whole says what is wrong
    if halves is None:
        return _scan(path, match, None, progress)
    return _scan_halves(path, match, *halves, progress)


def _may_fork() -> bool:
    try:
        return len(os.sched_getaffinity(0)) > 1 and len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208
    except (OSError, AttributeError):
        return False


def _scan(path: Path, match: str, span: LineSpan | None, progress: Callable[[int], None]) -> Part:
    part = Part()
    devices, pack, add = part.devices, ROW.pack, part.rows.append
    for line, (digest, runtime_us, device) in format_of(path).scan(path, MATCHES[match].digest, span):
        number = devices.get(device)
        if number is None:
            number = devices[device] = len(devices)
            part.first_lines.append(line)
        if int in map(type, runtime_us):
            number |= sum(WHOLE << place for place, time in enumerate(runtime_us) if type(time) is int)
        add(pack(digest, line, number, *runtime_us))
        if not line & 0x3FFF:
            progress(line)
    part.rows.sort()
    return part


def _scan_halves(
    path: Path, match: str, first: LineSpan, second: LineSpan, progress: Callable[[int], None]
) -> Part:
    from multiprocessing import get_context  # small tables should not wait for it

    fork = get_context("fork")
    try:
        receiver, sender = fork.Pipe(duplex=False)
        helper = fork.Process(target=_send_part, args=(sender, path, match, second), daemon=True)
        helper.start()
    except OSError:  # the system has no room for another process: this one takes twice the time
        part = _scan(path, match, first, progress)
        part.absorb(_scan(path, match, second, progress))
        return part
    try:
        sender.close()
        part = _scan(path, match, first, lambda line: progress(2 * line))
        part.absorb(_receive_part(receiver) or _scan(path, match, second, progress))
    finally:
        helper.terminate()
        helper.join()
    return part


def _send_part(sender: Any, path: Path, match: str, span: LineSpan) -> None:
    try:
        part = _scan(path, match, span, lambda _: None)
    except Exception:  # noqa: BLE001 - the other process meets it again, and says where
        return
    sender.send((part.devices, part.first_lines))
    sender.send_bytes(b"".join(part.rows))


def _receive_part(receiver: Any) -> Part | None:
    try:
        devices, first_lines = receiver.recv()
        rows = receiver.recv_bytes()
    except (EOFError, OSError):
        return None
    size = ROW.size
    return Part([rows[at : at + size] for at in range(0, len(rows), size)], devices, first_lines)
