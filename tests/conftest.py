"""What tests of every folder share."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

# Examples write files and, on a fresh checkout, wait for hypothesis to build its table of characters:
# how long one takes says nothing about the code under test.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

# A shell lets what it starts in the background ignore Ctrl+C, and so would all programs that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

_SHARED_MODELS = Path(__file__).resolve().parents[2] / "shared" / "models"
_SHARED_ABSENT = "needs ../shared/models beside the checkout"


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """The published graphs with their table keys; they lie beside a checkout and are no part of it."""
    if not _SHARED_MODELS.is_dir():
        pytest.skip(_SHARED_ABSENT)
    return _SHARED_MODELS


_BENCH, _DOCS = (Path(__file__).with_name(name) for name in ("bench", "docs"))
_TIMELESS = tuple(
    _BENCH / name
    for name in (
        "device_runner/phone",
        "device_runner/program",
        "engines",
        "farm",
        "numbers",
        "op_generators",
        "sampling",
        "test_rules_on_the_engine.py",
    )
)
"""Tests of what no busy neighbour changes: values, choices, and stand-ins for devices, which wait."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of `bench` that measure on this machine, and the pages, most of which do."""
    for item in items:
        places = {item.path, *item.path.parents}
        if _DOCS in places or (_BENCH in places and places.isdisjoint(_TIMELESS)):
            item.add_marker(pytest.mark.alone)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Let one worker have all phones: they share a storage that takes long to prepare."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return "phones" if nodeid.startswith("tests/phone/") else nodeid.split("::")[0]

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, where every package is installed, a skipped test is a failed one, but for ../shared."""
    report = yield
    if os.environ.get("CI") and report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason != _SHARED_ABSENT:
            report.outcome = "failed"
            report.longrepr = f"skipped, which CI does not allow: {reason}"
    return report
