"""What tests of every folder share."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Examples write files and, on a fresh checkout, wait for hypothesis to build its table of characters:
# how long one takes says nothing about the code under test.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

_SHARED_MODELS = Path(__file__).resolve().parents[2] / "shared" / "models"
_SHARED_ABSENT = "needs ../shared/models beside the checkout"


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """The published graphs with their table keys; they lie beside a checkout and are no part of it."""
    if not _SHARED_MODELS.is_dir():
        pytest.skip(_SHARED_ABSENT)
    return _SHARED_MODELS


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
