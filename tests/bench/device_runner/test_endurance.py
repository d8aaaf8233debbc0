"""How often the program may end, and the device be lost, before a run is given up."""

from __future__ import annotations

import pytest

from bench.device_runner.endurance import Endurance
from lut.errors import DeviceError


@pytest.mark.parametrize(("lost", "most"), [(False, 3), (True, 10)])
def test_starts_in_a_row_that_measure_nothing_are_given_up(*, lost: bool, most: int) -> None:
    endurance = Endurance("s8")
    for _ in range(most - 1):
        endurance.count(progressed=False, lost=lost)
    with pytest.raises(DeviceError, match=rf"{most} times"):
        endurance.count(progressed=False, lost=lost)


def test_losses_are_no_ends_of_the_program() -> None:
    endurance = Endurance("s8")
    for lost in (True, True, False, True, False, True):
        endurance.count(progressed=False, lost=lost)


def test_what_was_measured_makes_up_for_all_before_it() -> None:
    endurance = Endurance("s8")
    for _ in range(5):
        endurance.count(progressed=False, lost=False)
        endurance.count(progressed=False, lost=False)
        endurance.count(progressed=True, lost=False)
