"""Where pages run: a folder as README's `Step by step` leaves it, and a phone where a page asks for one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from bench.device_runner import HostDevice
from bench.engines import CAFFE2
from bench.speed_benchmark import Program
from bench.speed_benchmark.cache import lock_cache
from lut.cache import default_cache
from tests.docs.markdown import read_blocks
from tests.docs.running import SAMPLE_NAME, Place, environment, run_blocks
from tests.phone.conftest import (  # noqa: F401 - fixtures that pages with phones take
    QuickPhone,
    keys,
    options,
    own_program,
    prepared_storage,
    quick_phone,
)
from tests.service import closed_port

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").glob("*.md"))

PHONE = "tcp:192.168.1.20:5555"
"""The phone that pages speak of."""

FARM = "127.0.0.1:8786"
"""The scheduler that pages speak of."""

_QUIET_BENCH = """\
#!{python}
# `bench` on a machine that nobody else uses (see `tests.quiet`).
import sys
import pytest
from bench.cli import main
sys.path.append({root!r})
from tests.quiet import quieten
quieten(pytest.MonkeyPatch())
{more}if __name__ == "__main__":  # and not in the processes that a farm starts from this one
    main()
"""

_WITH_OWN_PROGRAM = """\
# Phones get this machine's own program: the simulated one runs it at full speed.
from pathlib import Path
from bench.engines import engine
from bench.speed_benchmark import Program
build_program = engine.build_program
own = Program({target!r}, Path({executable!r}), Path({library_dir!r}), {sha256!r}, {engine!r})
engine.build_program = lambda target, **options: (
    own if target.name == "android-arm64" else build_program(target, **options)
)
"""


def make_place(folder: Path, stand_ins: Mapping[str, str], before: Path | None = None) -> Place:
    """Give a folder for a page, with what another page left in its own."""
    if before is not None:
        shutil.copytree(before, folder, symlinks=True)
    (folder / "home").mkdir(parents=True, exist_ok=True)
    _write_bench(folder)
    names = {SAMPLE_NAME: HostDevice().info.name, **stand_ins}
    return Place(folder, environment(folder, default_cache()), names)


@pytest.fixture(scope="session")
def step_by_step(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder that README's blocks leave, all of which have run: once, for the workers of all pages."""
    CAFFE2.build("host")
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder, done = shared / "readme", shared / "readme.done"
    with lock_cache(shared, None):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            run_blocks(read_blocks(README), make_place(folder, {}))
            done.touch()
    return folder


@pytest.fixture
def run_page(
    step_by_step: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[Path], None]]:
    """Run a page's blocks, starting where README's end, or in the folder that the page before it left."""
    with ExitStack() as stack:

        def run(path: Path) -> None:
            blocks = read_blocks(path)
            marks = {mark for block in blocks for mark in block.marks}
            stand_ins = {}
            if "phone" in marks:
                start: QuickPhone = request.getfixturevalue("quick_phone")
                stand_ins[PHONE] = stack.enter_context(start()).serial
            if "farm" in marks:
                pytest.importorskip("distributed", reason="needs the extra `farm`")
                stand_ins[FARM] = f"127.0.0.1:{closed_port()}"
            folder = tmp_path / "page"
            place = make_place(folder, stand_ins, None if folder.exists() else step_by_step)
            if "phone" in marks:
                _write_bench(place.folder, request.getfixturevalue("own_program"))
            if "sources" in marks:
                for package in ("lut", "bench"):
                    ignored = shutil.ignore_patterns("data", "__pycache__")
                    shutil.copytree(
                        ROOT / package, place.folder / package, ignore=ignored, dirs_exist_ok=True
                    )
            if "farm" in marks:
                stack.enter_context(_farm_of_this_machine(place, stand_ins[FARM]))
            run_blocks(blocks, place)

        yield run


@contextmanager
def _farm_of_this_machine(place: Place, address: str) -> Iterator[None]:
    """Offer this machine in a farm, as the page's reader does in another terminal."""
    port = address.rpartition(":")[2]
    command = ["bench", "farm", "up", "--device", "host", "--name", "rack1", "--port", port]
    child = subprocess.Popen(command, env=dict(place.environment), start_new_session=True)
    try:
        for _ in range(100):
            look = ["bench", "devices", "--farm", address]
            listed = subprocess.run(look, env=dict(place.environment), capture_output=True, text=True)
            if "free" in listed.stdout:
                break
            time.sleep(0.2)
        yield
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _write_bench(folder: Path, phone_program: Program | None = None) -> None:
    """Write the `bench` of a page's folder; its phones get the program where one is given."""
    more = ""
    if phone_program is not None:
        more = _WITH_OWN_PROGRAM.format(
            target=phone_program.target,
            executable=str(phone_program.executable),
            library_dir=str(phone_program.library_dir),
            sha256=phone_program.sha256,
            engine=phone_program.engine,
        )
    script = folder / "bin" / "bench"
    script.parent.mkdir(exist_ok=True)
    script.write_text(_QUIET_BENCH.format(python=sys.executable, root=str(ROOT), more=more))
    script.chmod(0o755)
