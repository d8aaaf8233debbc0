"""The fuzzer for a second or two: seeds are taken, and what it makes of them is taken or refused."""

import random

import pytest

from tests.fuzz.fuzz import change, run_target, seeds
from tests.fuzz.targets import TARGETS

SEEDS = seeds()


@pytest.mark.parametrize("name", TARGETS)
def test_the_seed_is_taken(name: str) -> None:
    assert run_target(name, SEEDS[name]) == "taken"


@pytest.mark.parametrize("name", TARGETS)
def test_changed_seeds_are_taken_or_refused(name: str) -> None:
    for number in range(150):
        run_target(name, change(SEEDS[name], random.Random(f"test/{number}")))
