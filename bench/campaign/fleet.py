"""Several devices at one plan: blocks handed out as devices get free, and back when one drops out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

from bench.campaign.workers import run_apart, working
from bench.device_runner import (
    DEFAULT_ROUTE,
    AdbRoute,
    Block,
    Device,
    PhoneOptions,
    explain_missing_usb,
    explain_no_phone,
    find_usb_phones,
    list_serials,
    open_device,
    server_address,
)
from lut.entries import ProgramInfo
from lut.errors import ConflictError, DeviceError
from lut.files import name_after_device

__all__ = [
    "Check",
    "WorkPool",
    "choose_devices",
    "choose_journals",
    "group_by_name",
    "interrupt_all",
    "no_check",
    "prepare_devices",
    "run_groups",
    "share_work",
]

Outcome = TypeVar("Outcome")


class Interruptible(Protocol):
    """A device, or whoever measures on several."""

    def interrupt(self) -> None:
        """End whatever is waited for in it; see `Device.interrupt`."""


Measurer = TypeVar("Measurer", bound=Interruptible)

Check: TypeAlias = Callable[[Device, ProgramInfo, Callable[[str], None]], None]
"""Raises DeviceError for a prepared device that should not be measured on; it may announce what it does."""


def no_check(_device: Device, _program: ProgramInfo, _announce: Callable[[str], None]) -> None:
    """Let every device be measured on."""


class WorkPool:
    """Blocks to be measured. A block that was taken is given back, empty when it is done."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self._returned: deque[Block] = deque()
        self._out = 0
        self._stopped = False
        self._changed = threading.Condition()

    def take(self) -> Block | None:
        """Give a block, waiting while another device holds the last ones; None when all is done."""
        with self._changed:
            while not self._stopped:
                block = self._draw()
                if block is not None or not self._out:
                    return block
                self._changed.wait()
            return None

    def take_at_once(self) -> Block | None:
        """Give a block; None when there is none at this moment."""
        with self._changed:
            return self._draw()

    def _draw(self) -> Block | None:
        block = self._returned.popleft() if self._returned else next(self._blocks, None)
        self._out += block is not None
        return block

    def give_back(self, block: Block) -> None:
        """Return a block, with what is left of it."""
        with self._changed:
            self._out -= 1
            if block:
                self._returned.append(block)
            self._changed.notify_all()

    def stop(self) -> None:
        """Hand out nothing any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def stopped(self) -> bool:
        """Whether those who hold a block are to leave it."""
        return self._stopped

    @property
    def unfinished(self) -> bool:
        """Whether a block came back with something left, and nobody took it."""
        return bool(self._returned)


def interrupt_all(devices: Iterable[Interruptible]) -> None:
    """Interrupt all devices."""
    for device in devices:
        device.interrupt()


def prepare_devices(
    devices: Sequence[Device], announce: Callable[[str], None], lost: dict[str, str], check: Check
) -> list[tuple[Device, ProgramInfo]]:
    """Prepare and check all devices at once; those that can't be used are put into `lost`, with the reason.

    Raises:
        DeviceError: none can be prepared.
    """

    def prepare(device: Device) -> ProgramInfo:
        program = device.prepare(announce)
        check(device, program, announce)
        return program

    if len(devices) == 1:
        return [(devices[0], prepare(devices[0]))]
    ready: list[tuple[Device, ProgramInfo]] = []
    first: DeviceError | None = None
    tasks = [partial(prepare, device) for device in devices]
    with working(tasks, partial(interrupt_all, devices)) as futures:
        for device, future in zip(devices, futures, strict=True):
            try:
                ready.append((device, future.result()))
            except DeviceError as error:
                first = first or error
                lost[device.info.serial] = str(error)
                announce(f"Going on without {device.info.serial}: {error}")
    if not ready and first:
        raise first
    return ready


def share_work(
    devices: Sequence[Device],
    work: Callable[[Device], None],
    pool: WorkPool,
    announce: Callable[[str], None],
    lost: dict[str, str],
) -> None:
    """Let every device work until the pool is empty; one that drops out is put into `lost`.

    An interruption of the main thread ends all of them, whatever they wait for.

    Raises:
        DeviceError: all dropped out before the pool was empty.
        StoppedError: a device was interrupted.
    """
    failures: list[BaseException] = []

    def stop() -> None:
        pool.stop()
        interrupt_all(devices)

    with working([partial(work, device) for device in devices], stop) as futures:
        running = dict(zip(futures, devices, strict=True))
        for future in as_completed(futures):
            error, device = future.exception(), running[future]
            if isinstance(error, DeviceError):
                lost[device.info.serial] = str(error)
                if len(devices) > 1:
                    announce(f"Going on without {device.info.serial}: {error}")
            elif error is not None:
                stop()
            if error is not None:
                failures.append(error)
    for error in failures:
        if pool.unfinished or not isinstance(error, DeviceError):
            raise error


def choose_devices(
    serials: Sequence[str], every: bool, route: AdbRoute, options: PhoneOptions
) -> Sequence[Device]:
    """Open the devices that were named; all phones; or where nothing is said the one phone, or the host.

    Raises:
        DeviceError: one can't be opened, there is no phone where one was meant, or several and nobody says
            which.
    """
    if serials:
        return [_open(serial, route, options) for serial in dict.fromkeys(serials)]
    phones = [serial for serial, kind in list_serials(route).items() if kind != "host"]
    if not phones and (every or _means_phone(route, options)):
        raise DeviceError(f"{_explain_absence(route)} --device host measures on this machine.")
    if not phones and (seen := find_usb_phones()):
        names = ", ".join(phone.serial for phone in seen)
        raise DeviceError(
            f"A phone is on USB ({names}), but it can't be used from here. "
            f"{explain_missing_usb() or '`bench doctor` says why.'} --device host measures on this machine."
        )
    if not every and len(phones) > 1:
        raise DeviceError(
            f"{len(phones)} phones are attached: {', '.join(phones)}. Name one or more by --device, or take "
            f"all of them by --all."
        )
    return [_open(serial, route, options) for serial in phones or ["host"]]


def _means_phone(route: AdbRoute, options: PhoneOptions) -> bool:
    """Tell whether something was said that makes no sense of this machine itself."""
    return route != DEFAULT_ROUTE or bool(options.profile or options.ignored_gates)


def _explain_absence(route: AdbRoute) -> str:
    if route.way != "server" and not route.servers:
        return explain_no_phone()
    servers = " and ".join(map(str, route.servers or (server_address(),)))
    return f"No phone is listed by an adb server at {servers}."


def _open(serial: str, route: AdbRoute, options: PhoneOptions) -> Device:
    """Open a device; asking at a phone for the user's consent takes as long as the user does."""
    if serial == "host" and options.binary is not None:
        raise DeviceError(
            "--binary is a program for phones, but this run measures this machine. Name a phone by "
            "--device, or leave --binary out."
        )
    return run_apart(partial(open_device, serial, route, options))


def choose_journals(names: Sequence[str], output: Path) -> dict[str, Path]:
    """Give the journal of each device name: the output itself, or one in it.

    Raises:
        ConflictError: there are several, and the output is not a folder for several journals.
        FileError: no file can be called after one of them.
    """
    if output.is_dir() or (len(names) > 1 and not output.suffix and not output.exists()):
        return {name: output / name_after_device(name, ".run.jsonl") for name in names}
    if len(names) > 1:
        raise ConflictError(
            f"The phones are of {len(names)} names ({', '.join(names)}), and a journal holds one: give a "
            f"folder as the output instead of {output}."
        )
    return dict.fromkeys(names, output)


def group_by_name(devices: Sequence[Device], output: Path) -> dict[Path, list[Device]]:
    """Put devices of the same name together: they share a plan, and the journal that this gives.

    Raises:
        ConflictError: names differ, and the output is not a folder for several journals.
    """
    groups: dict[str, list[Device]] = {}
    for device in devices:
        groups.setdefault(device.info.name, []).append(device)
    return {journal: groups[name] for name, journal in choose_journals(list(groups), output).items()}


def run_groups(
    groups: Mapping[Path, Sequence[Measurer]], measure: Callable[[Path, Sequence[Measurer]], Outcome]
) -> dict[Path, Outcome]:
    """Measure all groups at once, each into its own journal; the first error is raised at the end."""
    if len(groups) == 1:
        return {journal: measure(journal, group) for journal, group in groups.items()}
    tasks = [partial(measure, journal, group) for journal, group in groups.items()]
    with working(tasks, partial(interrupt_all, chain.from_iterable(groups.values()))) as futures:
        pass
    return {journal: future.result() for journal, future in zip(groups, futures, strict=True)}
