"""A host's phones: which are there, which are free, and who has them."""

from __future__ import annotations

import contextlib
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

from bench.device_runner import PhoneOptions
from bench.farm import rack as rack_module
from bench.farm.offer import FREE, MEASURING, UNUSABLE
from bench.farm.rack import HeldPhone, PhoneError, Rack
from lut.errors import DeviceError, StoppedError
from tests.bench.farm.stand_ins import NAME, StandIn, StandIns
from tests.bounds import within


@dataclass
class Place:
    """A folder that says what happens to the phones, a rack with them, and what it said."""

    folder: Path
    rack: Rack
    said: list[str] = field(default_factory=list)

    def survey(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + within(5)
        while time.monotonic() < deadline:
            self.rack.survey()
            if until():
                return
            time.sleep(0.02)
        raise AssertionError(self.rack.offers())

    def doing(self) -> dict[str, str]:
        return {phone.serial: phone.doing for phone in self.rack.offers()}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A rack with the phones a and b."""
    monkeypatch.setattr(rack_module, "RETRY_S", 0.1)
    monkeypatch.setattr(rack_module, "LINGER_S", 0.1)
    said: list[str] = []
    rack = Rack(StandIns(tmp_path, ("a", "b")), said.append)
    place = Place(tmp_path, rack, said)
    place.survey(lambda: place.doing() == {"a": FREE, "b": FREE})
    yield place
    rack.close()


def take(place: Place, holder: str, without: str = "") -> AbstractContextManager[HeldPhone]:
    return place.rack.take(NAME, PhoneOptions(), holder, frozenset(without), lambda _: None)


def test_a_phone_has_one_holder(place: Place) -> None:
    with take(place, "first") as first, take(place, "second") as second:
        assert {first.serial, second.serial} == {"a", "b"}
        assert place.doing() == {"a": MEASURING, "b": MEASURING}
    assert place.doing() == {"a": FREE, "b": FREE}


def test_who_finds_none_free_waits_for_one(place: Place) -> None:
    with ExitStack() as first, take(place, "second"):
        held = first.enter_context(take(place, "first")).serial
        threading.Timer(0.2, first.close).start()
        with take(place, "third") as phone:
            assert phone.serial == held


def test_nobody_waits_for_what_nobody_has(place: Place) -> None:
    with pytest.raises(DeviceError, match="is free there any more"), take(place, "me", without="ab"):
        raise AssertionError


def test_an_unplugged_phone_is_not_offered_until_it_is_back(place: Place) -> None:
    (place.folder / "a.gone").touch()
    place.survey(lambda: place.doing() == {"b": FREE})
    assert place.said == ["a is gone."]
    (place.folder / "a.gone").unlink()
    place.survey(lambda: place.doing() == {"a": FREE, "b": FREE})


def test_a_phone_that_another_run_has_is_left_to_it(place: Place) -> None:
    (place.folder / "a.taken").touch()
    with pytest.raises(PhoneError, match="in use by another run") as failure, take(place, "me", without="b"):
        raise AssertionError
    assert failure.value.serial == "a"
    assert str(pickle.loads(pickle.dumps(failure.value))) == str(failure.value)
    assert place.doing() == {"a": UNUSABLE, "b": FREE}
    (place.folder / "a.taken").unlink()
    place.survey(lambda: place.doing() == {"a": FREE, "b": FREE})


def test_a_free_phone_is_seen_to_be_taken(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rack_module, "LOOK_S", 0.0)
    (place.folder / "b.taken").touch()
    for known in place.rack._places.values():
        known.look_at = 0.0
    place.survey(lambda: place.doing()["b"] == UNUSABLE)


def test_a_phone_stays_prepared_for_the_next_block(place: Place) -> None:
    with take(place, "me", without="b") as phone:
        device = phone.device
    with take(place, "me", without="b") as again:
        assert again.device is device
    time.sleep(0.15)
    place.survey(lambda: place.rack._places["a"].device is None)


def test_an_interruption_is_its_holders(place: Place) -> None:
    with take(place, "first") as mine, take(place, "second") as other:
        place.rack.interrupt("first")
        assert isinstance(mine.device, StandIn)
        assert isinstance(other.device, StandIn)
        assert (mine.device.interruption.is_set, other.device.interruption.is_set) == (True, False)


def test_an_interrupted_phone_is_opened_anew(place: Place) -> None:
    with contextlib.suppress(StoppedError), take(place, "me", without="b") as phone:
        before = phone.device
        raise StoppedError("Interrupted.")
    with take(place, "other", without="b") as phone:
        assert phone.device is not before
