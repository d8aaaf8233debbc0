"""What a host tells of a task that ends otherwise than it should: words, and no exception of Python's."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

from bench.farm.reports import Broken, Report
from bench.farm.worker import RackPlugin
from lut.errors import StoppedError
from tests.bench.farm.stand_ins import StandIns


@pytest.fixture
def plugin(tmp_path: Path) -> RackPlugin:
    return RackPlugin("rack1", StandIns(tmp_path, ("a",)))


def fail(error: Exception) -> None:
    raise error


def test_a_mistake_is_told_in_words(plugin: RackPlugin) -> None:
    reports: list[Report] = []
    plugin.run("block-1", reports.append, lambda: fail(ZeroDivisionError("division by zero")))
    assert reports == [
        Broken(
            "This program made a mistake at rack1 (ZeroDivisionError: division by zero). Please report it, "
            "with what the worker there shows."
        )
    ]


def test_an_interruption_is_none(plugin: RackPlugin) -> None:
    reports: list[Report] = []
    plugin.run("block-1", reports.append, lambda: fail(StoppedError("Interrupted.")))
    assert reports == []
