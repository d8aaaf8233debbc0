"""Who reaches a farm, and what those hear who don't: one sentence, soon, and nothing of Dask's."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

from distributed import Client, Security

from bench.farm import FarmRun, Wanted
from lut.plan import write_plan
from tests.bench.farm.conftest import BENCH, CONFIG, PLAN, Farm, check_journal
from tests.bench.farm.stand_ins import NAME
from tests.bounds import within
from tests.service import closed_port, service

SOON_S = within(15)

NO_SCHEDULER = b"HTTP/1.0 400 Bad Request\r\n\r\n"
"""What a web server answers; Dask takes it for the size of a message."""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    write_plan(PLAN, tmp_path / "plan.jsonl")
    return tmp_path / "plan.jsonl"


@pytest.fixture
def network_farm(farm: Farm) -> Farm:
    """A farm whose scheduler listens to the network."""
    farm.host = "0.0.0.0"
    farm.start_scheduler()
    farm.wait_for(0)
    return farm


def fail(*words: object) -> tuple[int, str]:
    """Give the exit code and the words of a `bench` command that fails soon."""
    started = time.monotonic()
    done = subprocess.run(
        [BENCH, *map(str, words)], capture_output=True, text=True, timeout=2 * SOON_S, check=False
    )
    assert time.monotonic() - started < SOON_S
    assert done.stdout == ""
    return done.returncode, done.stderr


def fail_to_run(plan: Path, *words: object) -> tuple[int, str]:
    return fail("run", plan, "-o", plan.with_name("run.jsonl"), *words)


def wait_for_words(farm: Farm, host: str, fits: Callable[[str], bool]) -> str:
    deadline = time.monotonic() + SOON_S
    while not fits(said := farm.log(host)):
        assert time.monotonic() < deadline, said
        time.sleep(0.1)
    return said


def test_a_farm_on_the_network_measures(network_farm: Farm, tmp_path: Path) -> None:
    network_farm.start_host("rack1", "a", "b")
    network_farm.wait_for(2)
    run = FarmRun(network_farm.address, Wanted(NAME, "caffe2"))
    summary = run.run(PLAN, CONFIG, tmp_path / "run.jsonl")
    run.close()
    assert (summary.measured, summary.failed) == (len(PLAN), 0)
    check_journal(tmp_path / "run.jsonl")
    said = network_farm.log("scheduler")
    assert f"listens at tls://{'.'.join('0' * 4)}" not in said
    assert "refused" not in said


def test_both_sides_say_in_a_sentence_that_the_keys_differ(
    network_farm: Farm, plan: Path, foreign_key: Path
) -> None:
    at = f"127.0.0.1:{network_farm.port}"
    listening = network_farm.log("scheduler")
    for _ in range(2):
        assert fail_to_run(plan, "--farm", at, "--tls", foreign_key) == (
            3,
            f"error: The scheduler at tls://{at} has another key than {foreign_key} (self-signed "
            f"certificate): all computers of a farm use the same file.\n",
        )
    said = wait_for_words(network_farm, "scheduler", lambda log: log != listening)
    assert said.removeprefix(listening) == (
        "A connection from 127.0.0.1 was refused: whoever made it lacks the farm's key.\n"
    )


def test_both_sides_say_in_a_sentence_that_only_one_speaks_tls(farm: Farm, plan: Path) -> None:
    farm.start_scheduler()
    farm.wait_for(0)
    listening = farm.log("scheduler")
    talk = Security(require_encryption=False)
    with pytest.raises(OSError, match=r"Timed out|closed|refused"):
        Client(f"tcp://127.0.0.1:{farm.port}", security=talk, timeout=2, set_as_default=False)
    said = wait_for_words(farm, "scheduler", lambda log: log != listening)
    assert said.removeprefix(listening) == (
        "A connection from 127.0.0.1 was refused: whoever made it lacks the farm's key.\n"
    )
    with plain_scheduler(plan.parent) as port:
        code, heard = fail_to_run(plan, "--farm", f"127.0.0.1:{port}")
        assert code == 3
        assert heard.startswith(
            f"error: What listens at tls://127.0.0.1:{port} does not answer as a scheduler"
        )
        assert heard.count("\n") == 1


@contextlib.contextmanager
def plain_scheduler(folder: Path) -> Iterator[int]:
    """A scheduler of Dask's own, without TLS."""
    port, log = closed_port(), folder / "plain.log"
    program = Path(sys.executable).with_name("dask")
    words = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    with log.open("wb") as said:
        child = subprocess.Popen([program, *words], stdout=said, stderr=said)
    try:
        deadline = time.monotonic() + SOON_S
        while "Scheduler at" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield port
    finally:
        child.kill()
        child.wait()


def test_a_host_with_another_key_says_so_and_joins_once_it_has_the_right_one(
    network_farm: Farm, tmp_path: Path, key: Path, foreign_key: Path
) -> None:
    own = tmp_path / "own.pem"
    shutil.copy(foreign_key, own)
    network_farm.key = own
    network_farm.start_host("rack1", "a")
    network_farm.key = None
    said = wait_for_words(network_farm, "rack1", lambda log: log.endswith("\n"))
    assert said == (
        f"The scheduler at {network_farm.address.url} has another key than {own} (self-signed certificate): "
        f"all computers of a farm use the same file. It is tried again.\n"
    )
    own.write_bytes(key.read_bytes())
    network_farm.wait_for(1)


def test_a_scheduler_listens_at_an_ipv6_address(farm: Farm) -> None:
    farm.host = "::1"
    farm.start_scheduler()
    farm.start_host("rack1", "a")
    [host] = farm.wait_for(1)
    assert host.address.startswith("tls://[::1]:")


@pytest.mark.parametrize("content", ["", "no key\n"])
def test_a_file_that_is_no_key(content: str, tmp_path: Path, plan: Path) -> None:
    file = tmp_path / "farm.pem"
    file.write_text(content)
    file.chmod(0o600)
    for code, said in (
        fail("farm", "scheduler", "--port", closed_port(), "--tls", file),
        fail("farm", "worker", "127.0.0.1:8786", "--tls", file),
        fail_to_run(plan, "--farm", "127.0.0.1:8786", "--tls", file),
    ):
        assert code == 4
        assert said.startswith(f"error: {file} is no PEM file with a key and its certificate (")
        assert said.count("\n") == 1


def test_nobody_listens(plan: Path) -> None:
    at = f"127.0.0.1:{closed_port()}"
    assert fail_to_run(plan, "--farm", at) == (
        3,
        f"error: No scheduler answers at tls://{at} (Connection refused). Start one by `bench farm up`, "
        f"or give the address that it printed.\n",
    )


@pytest.mark.parametrize("answer", [NO_SCHEDULER, b"", None])
def test_something_else_listens(answer: bytes | None, plan: Path) -> None:
    with service(answer) as port:
        code, said = fail_to_run(plan, "--farm", f"127.0.0.1:{port}")
    assert code == 3
    assert said.startswith(f"error: What listens at tls://127.0.0.1:{port} does not answer as a scheduler")
    assert said.count("\n") == 1


def test_a_host_waits_where_something_else_listens(farm: Farm) -> None:
    with service(NO_SCHEDULER) as farm.port:
        farm.start_host("rack1", "a")
        said = wait_for_words(farm, "rack1", lambda log: log.endswith("\n"))
    assert said.startswith(f"What listens at {farm.address.url} does not answer as a scheduler")
    farm.start_scheduler()
    farm.wait_for(1)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1:x", "The port 'x' of '127.0.0.1:x' is not a number from 1 to 65535."),
        (
            "127.0.0.1:8786:1",
            "'127.0.0.1:8786:1' has more than one colon. Write an IPv6 address as [ADDRESS]:PORT.",
        ),
        ("::1:8786", "'::1:8786' has more than one colon. Write an IPv6 address as [ADDRESS]:PORT."),
        ("127.0.0.1:70000", "The port '70000' of '127.0.0.1:70000' is not a number from 1 to 65535."),
        ("[::1", "'[::1' is no address. Write an IPv6 address as [ADDRESS]:PORT."),
        ("http://127.0.0.1", "'http://127.0.0.1': http:// is not tls://."),
        ("tcp://127.0.0.1", "'tcp://127.0.0.1' is not encrypted: write tls:// or leave it out."),
    ],
)
def test_a_malformed_address(address: str, words: str, plan: Path) -> None:
    code, said = fail_to_run(plan, "--farm", address)
    assert code == 2
    assert said.endswith(f"\nError: {words}\n")
    assert "Traceback" not in said
