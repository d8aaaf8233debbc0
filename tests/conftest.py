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
_SHARED_ABSENT = "compares with the published graphs, which are read from ../shared/models where it is"


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """The published graphs with their table keys; they lie beside a checkout and are no part of it."""
    if not _SHARED_MODELS.is_dir():
        pytest.skip(_SHARED_ABSENT)
    return _SHARED_MODELS


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, or a worker would be left with it while the others are done."""

    def place(item: pytest.Item) -> int:
        return next((number for number, long in enumerate(_LONG) if item.nodeid.startswith(long)), len(_LONG))

    items.sort(key=place)


_LONG = ("tests/phone/", "tests/lut/estimation/", "tests/docs/", "tests/bench/farm/")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Give each worker a file at a time, but all phones, which share a storage, and pages one by one."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            file, _, test = nodeid.partition("::")
            if file.startswith("tests/phone/"):
                return "phones"
            return nodeid if test.startswith("test_a_guide_runs") else file

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
