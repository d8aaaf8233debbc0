"""Phones that tests share: a quick one, of this machine's architecture, with the program on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from bench.device_runner import AdbRoute, PhoneOptions, open_device
from bench.device_runner.phone.connection import Patience
from bench.engines import CAFFE2
from bench.speed_benchmark import Program
from tests.phone.running import Running, gather_own_program, link_storage, run_phone
from tests.phone.userland import OWN, UserlandError, missing_tools, provide_userland
from tests.quiet import quiet_machine  # noqa: F401 - a fixture for all tests below

QUICK = Patience(
    connect_s=2,
    authorize_s=0.6,
    command_s=4,
    push_s=4,
    unpack_s=20,
    return_s=60,
    gate_s=60,
    poll_s=0.05,
    load_s=0.05,
)


def need_userland(architecture: str) -> None:
    """Skip the test where a userland can't be had, saying what is missing."""
    if missing := missing_tools(architecture):
        pytest.skip(f"needs the Debian packages {' '.join(missing)}")
    try:
        provide_userland(architecture)
    except UserlandError as error:
        pytest.skip(f"needs a userland: {error}")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of adb keys for all tests: nobody's own is used."""
    folder = tmp_path_factory.mktemp("android")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANDROID_USER_HOME", str(folder))
        patch.setenv("ANDROID_ADB_SERVER_PORT", "5991")
        yield folder


@pytest.fixture(scope="session")
def own_program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """This machine's program, gathered as a bundle."""
    return gather_own_program(CAFFE2.build("host"), tmp_path_factory.mktemp("libraries"))


@pytest.fixture(scope="session")
def options(keys: Path, own_program: Program) -> PhoneOptions:
    """Little patience, this machine's program, and keys of the tests' own."""
    assert keys.is_dir()
    return PhoneOptions(patience=QUICK, program=lambda *_: own_program)


@pytest.fixture(scope="session")
def prepared_storage(options: PhoneOptions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phone's storage with the program on it, brought there over ADB."""
    need_userland(OWN)
    folder = tmp_path_factory.mktemp("prepared")
    patient = replace(options, patience=replace(QUICK, command_s=30, push_s=120, unpack_s=120))
    with run_phone("prepared", folder=folder, architecture=OWN) as running:
        device = open_device(running.serial, AdbRoute("direct"), patient)
        with closing(device):
            device.prepare(lambda _: None)
    return folder


class QuickPhone(Protocol):
    """What starts a quick phone."""

    def __call__(self, serial: str = "quick", **settings: Any) -> AbstractContextManager[Running]: ...


@pytest.fixture
def quick_phone(prepared_storage: Path, tmp_path: Path) -> QuickPhone:
    """Start phones of this machine's architecture that have the program already."""

    def start(serial: str = "quick", **settings: Any) -> AbstractContextManager[Running]:
        folder = tmp_path / f"storage-{serial}"
        folder.mkdir(exist_ok=True)
        shutil.rmtree(folder / "data", ignore_errors=True)
        link_storage(prepared_storage / "data", folder / "data")
        return run_phone(serial, folder=folder, architecture=OWN, **settings)

    return start
