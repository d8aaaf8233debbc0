"""What a host offers: its phones, how they are, and the versions it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, TypeAlias

import msgspec

from bench.device_runner import Device, clean_name
from bench.farm.versions import Versions
from lut.entries import DeviceInfo
from lut.errors import FileError

__all__ = ["FREE", "MEASURING", "UNUSABLE", "HostOffer", "OfferedPhone", "label", "offer_phone", "resource"]

FREE, MEASURING, UNUSABLE = "free", "measuring", "unusable"
"""What a phone is doing."""


_Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=10_000)]
_Texts: TypeAlias = Annotated[Mapping[_Text, _Text], msgspec.Meta(max_length=1000)]
"""Bounds of what is read of a host; no phone is known that comes near them."""


def label(serial: str, host: str) -> str:
    """Name a phone of a farm: serials such as "host" or tcp:127.0.0.1:5555 are there on every host."""
    return f"{serial}@{host}"


def resource(name: str) -> str:
    """Name Dask's resource for phones of this device name."""
    return f"phone:{name}"


@dataclass(frozen=True)
class OfferedPhone:
    """A phone at a host. `name` is its device name on Caffe2; other engines add theirs."""

    serial: _Text
    kind: _Text
    name: _Text
    facts: _Texts
    default_threads: int
    masks: _Texts
    """The mask of processors it is measured on by itself, by the number of threads."""
    state: _Texts = field(default_factory=dict)
    """How it was when it was last looked at, as text by name."""
    doing: _Text = FREE
    note: _Text = ""
    """The operator it measures, what it waits for, or why it can't be used."""

    @property
    def info(self) -> DeviceInfo:
        """The device, as a journal names it."""
        return DeviceInfo(self.name, self.kind, self.serial, self.facts)

    def choose_cpus(self, threads: int, announce: Callable[[str], None]) -> str:  # noqa: ARG002
        """As usual: what keeps a phone busy is its host's to see."""
        return self.masks.get(str(threads), "")


@dataclass(frozen=True)
class HostOffer:
    """All phones of a host, and what runs there; `address` is where Dask reaches it."""

    name: _Text
    versions: Versions
    phones: Annotated[tuple[OfferedPhone, ...], msgspec.Meta(max_length=1000)]
    address: str = ""
    granted: Mapping[str, float] = field(default_factory=dict)
    """How many phones of each name the scheduler knows of; tasks it is asked for before wait for ever."""

    def usable(self, name: str | None = None) -> list[OfferedPhone]:
        """Give the phones that can be measured on, of a device name or all."""
        return [phone for phone in self._fit if name in (None, phone.name) and self._is_known(phone)]

    @property
    def is_granted(self) -> bool:
        """Whether the scheduler knows of all phones here that can be measured on."""
        return all(map(self._is_known, self._fit))

    @property
    def _fit(self) -> list[OfferedPhone]:
        return [phone for phone in self.phones if phone.doing != UNUSABLE]

    def _is_known(self, phone: OfferedPhone) -> bool:
        return self.granted.get(resource(phone.name), 0) > 0

    def has_free(self, name: str) -> bool:
        """Tell whether a phone of a device name does nothing."""
        return any(phone.doing == FREE for phone in self.usable(name))

    def to_json(self) -> dict[str, Any]:
        """Give it as a JSON object, without what the scheduler knows."""
        fields = asdict(self)
        del fields["address"], fields["granted"]
        fields["phones"] = list(fields["phones"])
        return fields

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], address: str, granted: Mapping[str, float]) -> HostOffer:
        """Read one, with what the scheduler knows.

        Of a host of another version only that is known for certain.

        Raises:
            FileError: it is none.
        """
        known = {"address": address, "granted": granted}
        try:
            try:
                offer = msgspec.convert({**fields, **known}, cls)
            except msgspec.ValidationError:
                offer = msgspec.convert({**fields, **known, "phones": ()}, cls)
        except (msgspec.ValidationError, TypeError) as error:
            raise FileError(f"What {address} offers can't be read: {error}") from error
        # A file may be called after the phone: the name is cleaned here, as that of a phone on USB is.
        phones = tuple(replace(phone, name=clean_name(phone.name)) for phone in offer.phones)
        return replace(offer, phones=phones)


_MOST_THREADS = 16
"""Masks are told for so many threads: no phone has more cores. More, on a host, are not pinned."""


def offer_phone(serial: str, device: Device) -> OfferedPhone:
    """Describe an open device, its state included.

    Raises:
        DeviceError: it went away.
    """
    return OfferedPhone(
        serial,
        device.info.kind,
        device.info.name,
        dict(device.info.facts),
        device.default_threads,
        {str(threads): device.default_cpus(threads) for threads in range(1, _MOST_THREADS + 1)},
        dict(device.probe()),
    )
