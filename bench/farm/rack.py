"""The phones of a host: which are there, which are free, and who measures on them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from bench.device_runner import Device, PhoneOptions
from bench.farm.offer import FREE, MEASURING, UNUSABLE, OfferedPhone, offer_phone
from bench.farm.phone_source import PhoneSource
from lut.entries import ProgramInfo
from lut.errors import DeviceError

__all__ = ["HeldPhone", "PhoneError", "Rack"]

RETRY_S = 10.0
"""A phone that could not be used is tried again after so many seconds."""

LOOK_S = 15.0
"""The state of a phone that is free is read anew after so many seconds."""

LINGER_S = 3.0
"""A phone stays prepared so long after a block: the next one of the same run needs no preparation."""

CLAIM_S = 60.0
"""A phone that is being looked at, or that another task is about to give back, is waited for so long."""

_AT_ONCE = 8
"""So many phones are looked at at the same time: one that waits for its owner's consent holds up no other."""

_LOOK = "a look"

_IN_USE = "it is in use by another run on its host"


class PhoneError(DeviceError):
    """A phone can't be used, or was lost for good."""

    def __init__(self, serial: str, reason: str) -> None:
        super().__init__(serial, reason)
        self.serial = serial
        self.reason = reason

    def __str__(self) -> str:
        return self.reason if self.serial in self.reason else f"{self.serial}: {self.reason}"


@dataclass(frozen=True)
class HeldPhone:
    """A phone that is prepared and nobody else's, until it is given back."""

    serial: str
    device: Device
    program: ProgramInfo


@dataclass
class _Place:
    """A phone's place in the rack, and what is known of it."""

    serial: str
    offer: OfferedPhone | None = None
    holder: str | None = None
    device: Device | None = None
    """Open, for its holder or while it lingers."""
    held: HeldPhone | None = None
    options: PhoneOptions | None = None
    closed: Device | None = None
    """It still tells whether another run holds the phone."""
    idle_since: float = 0.0
    trouble: str = ""
    look_at: float = 0.0


class Rack:
    """Phones that tasks in threads of their own take and give back, while one thread surveys them."""

    def __init__(self, source: PhoneSource, announce: Callable[[str], None] = lambda _: None) -> None:
        """Take where phones come from, and who hears of those that can't be used."""
        self._source = source
        self._announce = announce
        self._places: dict[str, _Place] = {}
        self._lock = threading.Condition()
        self._lookers = ThreadPoolExecutor(_AT_ONCE, "look")
        self._trouble = ""
        self._closed = False

    def survey(self) -> None:
        """See which phones are there, and how those are that nobody measures on."""
        try:
            present = list(dict.fromkeys(self._source.list()))
        except DeviceError as error:
            self._tell_once(str(error))
            return
        self._trouble = ""
        with self._lock:
            for serial in present:
                self._places.setdefault(serial, _Place(serial))
            gone = [
                place for place in self._places.values() if place.serial not in present and not place.holder
            ]
            for place in gone:
                del self._places[place.serial]
            idle = [place for place in self._places.values() if not place.holder]
        for place in gone:
            self._let_go(place)
            self._announce(f"{place.serial} is gone.")
        for place in idle:
            if self._is_due(place):
                self._lookers.submit(self._look, place)

    @property
    def is_surveyed(self) -> bool:
        """Whether all phones that are there were looked at."""
        with self._lock:
            return all(place.offer or place.trouble for place in self._places.values())

    def offers(self) -> tuple[OfferedPhone, ...]:
        """Give the phones as they are at this moment; of those that were never open nothing is known."""
        with self._lock:
            return tuple(
                replace(place.offer, doing=UNUSABLE, note=place.trouble) if place.trouble else place.offer
                for place in self._places.values()
                if place.offer is not None
            )

    def note(self, serial: str, *, state: dict[str, str] | None = None, note: str | None = None) -> None:
        """Keep what a phone's holder sees: its state, the operator it is at."""
        with self._lock:
            place = self._places[serial]
            assert place.offer is not None
            if state is not None:
                place.offer = replace(place.offer, state=state)
            if note is not None:
                place.offer = replace(place.offer, note=note)

    @contextlib.contextmanager
    def take(
        self,
        name: str,
        options: PhoneOptions,
        holder: str,
        without: frozenset[str],
        say: Callable[[str], None],
    ) -> Iterator[HeldPhone]:
        """Hold a free phone of a device name, prepared and checked.

        Args:
            name: the device name, as phones are offered.
            options: how to treat it.
            holder: who `interrupt` knows it by.
            without: serials that are not wanted.
            say: hears what takes long.

        Raises:
            PhoneError: it can't be used; it is not offered for a while then.
            DeviceError: none is free.
        """
        place = self._claim(name, holder, without)
        try:
            yield self._prepare(place, options, say)
        except DeviceError as error:
            self._set_trouble(place, str(error))
            self._let_go(place)
            raise PhoneError(place.serial, str(error)) from error
        except BaseException:
            self._let_go(place)
            raise
        finally:
            self._give_back(place)

    def interrupt(self, holder: str) -> None:
        """End what somebody waits for at a phone."""
        with self._lock:
            devices = [place.device for place in self._places.values() if place.holder == holder]
        for device in devices:
            if device is not None:
                device.interrupt()

    def close(self) -> None:
        """Interrupt everybody, and let go of all phones."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
            places = list(self._places.values())
        self._lookers.shutdown(wait=False, cancel_futures=True)
        for place in places:
            if place.holder and place.device:
                place.device.interrupt()
            elif not place.holder:
                self._let_go(place)

    def _claim(self, name: str, holder: str, without: frozenset[str]) -> _Place:
        deadline = time.monotonic() + CLAIM_S
        with self._lock:
            while not self._closed:
                fitting = [
                    place
                    for place in self._places.values()
                    if place.offer is not None
                    and place.offer.name == name
                    and place.serial not in without
                    and not place.trouble
                ]
                for place in fitting:
                    if not place.holder:
                        assert place.offer is not None
                        place.holder = holder
                        place.offer = replace(place.offer, doing=MEASURING, note="it is being prepared")
                        return place
                if not fitting or not self._lock.wait(deadline - time.monotonic()):
                    break
        raise DeviceError(f"No phone named {name} is free there any more.")

    def _give_back(self, place: _Place) -> None:
        with self._lock:
            place.holder = None
            place.idle_since = time.monotonic()
            if place.offer is not None:
                place.offer = replace(place.offer, doing=FREE, note="")
            self._lock.notify_all()

    def _prepare(self, place: _Place, options: PhoneOptions, say: Callable[[str], None]) -> HeldPhone:
        if place.held is not None and place.options == options:
            return place.held
        self._let_go(place)
        place.device = device = self._source.open(place.serial, options)
        program = device.prepare(say)
        self._source.check(device, program, say)
        place.held, place.options = HeldPhone(place.serial, device, program), options
        return place.held

    def _is_due(self, place: _Place) -> bool:
        if place.device is not None:
            return time.monotonic() - place.idle_since > LINGER_S
        return time.monotonic() >= place.look_at

    def _look(self, place: _Place) -> None:
        """See how a phone is that nobody holds, and let go of one that is kept in vain."""
        with self._lock:
            if place.holder or self._closed or not self._is_due(place):
                return
            place.holder = _LOOK
        try:
            self._let_go(place)
            self._open_and_look(place)
        except DeviceError as error:
            self._set_trouble(place, str(error))
        finally:
            self._give_back(place)

    def _open_and_look(self, place: _Place) -> None:
        if place.closed is not None and place.closed.is_taken:
            raise DeviceError(_IN_USE)
        device = self._source.open(place.serial, PhoneOptions())
        try:
            offer = offer_phone(place.serial, device)
            taken = device.is_taken
        finally:
            device.close()
        with self._lock:
            place.offer, place.closed, place.look_at = offer, device, time.monotonic() + LOOK_S
        if taken:
            raise DeviceError(_IN_USE)
        with self._lock:
            place.trouble = ""

    def _set_trouble(self, place: _Place, reason: str) -> None:
        with self._lock:
            known = place.trouble
            place.trouble, place.look_at = reason, time.monotonic() + RETRY_S
        if reason != known:
            self._announce(f"{place.serial} can't be used: {reason}")

    def _let_go(self, place: _Place) -> None:
        device, place.device, place.held = place.device, None, None
        if device is not None:
            device.close()

    def _tell_once(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._announce(trouble)
