"""Who reaches a farm, and what those hear who don't: one sentence, soon, and nothing of Dask's."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.farm import FarmRun, Wanted
from lut.plan import write_plan
from tests.bench.farm.conftest import BENCH, CONFIG, PLAN, Farm, check_journal, make_certificate
from tests.bench.farm.stand_ins import NAME
from tests.bounds import within
from tests.service import closed_port, service

SOON_S = within(15)

NO_SCHEDULER = b"HTTP/1.0 400 Bad Request\r\n\r\n"
"""What a web server answers; Dask takes it for the size of a message."""


@pytest.fixture(scope="module")
def foreign_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another farm's, with the same name in it."""
    return make_certificate(tmp_path_factory.mktemp("theirs") / "farm.pem")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    write_plan(PLAN, tmp_path / "plan.jsonl")
    return tmp_path / "plan.jsonl"


@pytest.fixture
def closed_farm(farm: Farm, certificate: Path) -> Farm:
    """A farm whose scheduler listens to the network, and takes the certificate."""
    farm.host, farm.certificate = "0.0.0.0", certificate
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


def test_the_certificate_is_its_owner_s_alone(certificate: Path) -> None:
    assert certificate.stat().st_mode & 0o077 == 0


def test_a_farm_with_a_certificate_measures(closed_farm: Farm, tmp_path: Path) -> None:
    closed_farm.start_host("rack1", "a", "b")
    closed_farm.wait_for(2)
    run = FarmRun(closed_farm.address, Wanted(NAME, "caffe2"))
    summary = run.run(PLAN, CONFIG, tmp_path / "run.jsonl")
    run.close()
    assert (summary.measured, summary.failed) == (len(PLAN), 0)
    check_journal(tmp_path / "run.jsonl")
    assert f"listens at tls://{'.'.join('0' * 4)}" not in closed_farm.log("scheduler")


def test_a_client_without_the_certificate(closed_farm: Farm, plan: Path) -> None:
    at = f"127.0.0.1:{closed_farm.port}"
    assert fail_to_run(plan, "--farm", at) == (
        3,
        f"error: What listens at tcp://{at} does not answer as a scheduler. One that was started with a "
        f"certificate takes the same by --tls FILE.\n",
    )


def test_a_client_with_another_certificate(closed_farm: Farm, plan: Path, foreign_certificate: Path) -> None:
    at = f"127.0.0.1:{closed_farm.port}"
    assert fail_to_run(plan, "--farm", at, "--tls", foreign_certificate) == (
        3,
        f"error: The scheduler at tls://{at} has another certificate than {foreign_certificate} (self-signed "
        f"certificate): all computers of a farm use the same file.\n",
    )


def test_a_host_with_another_certificate_says_so_and_joins_once_it_has_the_right_one(
    closed_farm: Farm, tmp_path: Path, foreign_certificate: Path
) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(foreign_certificate.read_bytes())
    right, closed_farm.certificate = closed_farm.certificate, own
    closed_farm.start_host("rack1", "a")
    closed_farm.certificate = right
    said = wait_for_words(closed_farm, "rack1", lambda log: log.endswith("\n"))
    assert said == (
        f"The scheduler at {closed_farm.address.url} has another certificate than {own} (self-signed "
        f"certificate): all computers of a farm use the same file. It is tried again.\n"
    )
    assert right is not None
    own.write_bytes(right.read_bytes())
    closed_farm.wait_for(1)


@pytest.mark.parametrize("command", ["scheduler", "up"])
def test_a_scheduler_for_the_network_takes_a_certificate(command: str) -> None:
    assert fail("farm", command, "--host", "0.0.0.0", "--port", closed_port()) == (
        3,
        "error: 0.0.0.0 is not this computer alone, and whoever reaches a farm's scheduler can run code on "
        "its hosts: give the farm's certificate by --tls FILE. docs/farm.md says how to make one.\n",
    )


@pytest.mark.parametrize(
    "words", [("farm", "worker", "192.0.2.1:8786"), ("run", "plan.jsonl", "-o", "x", "--farm", "192.0.2.1")]
)
def test_nobody_joins_another_computer_without_a_certificate(words: tuple[str, ...], plan: Path) -> None:
    code, said = fail(*(plan if word == "plan.jsonl" else word for word in words))
    assert code == 3
    assert said.startswith("error: 192.0.2.1 is not this computer alone")
    assert said.count("\n") == 1


@pytest.mark.parametrize("content", ["", "no certificate\n", None])
def test_a_file_that_is_no_certificate(content: str | None, tmp_path: Path, plan: Path) -> None:
    file = tmp_path / "farm.pem"
    if content is not None:
        file.write_text(content)
    for code, said in (
        fail("farm", "scheduler", "--host", "0.0.0.0", "--port", closed_port(), "--tls", file),
        fail("farm", "worker", "127.0.0.1:8786", "--tls", file),
        fail_to_run(plan, "--farm", "127.0.0.1:8786", "--tls", file),
    ):
        assert code == 4
        assert said.startswith(f"error: {file} is no PEM file with a key and its certificate (")
        assert said.count("\n") == 1


def test_a_certificate_without_its_key(certificate: Path, tmp_path: Path, plan: Path) -> None:
    _, _, alone = certificate.read_text().partition("-----END PRIVATE KEY-----\n")
    (tmp_path / "alone.pem").write_text(alone)
    code, said = fail_to_run(plan, "--farm", "127.0.0.1:8786", "--tls", tmp_path / "alone.pem")
    assert code == 4
    assert said.startswith(f"error: {tmp_path / 'alone.pem'} is no PEM file with a key and its certificate (")
    assert said.count("\n") == 1


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_nobody_listens(is_encrypted: bool, certificate: Path, plan: Path) -> None:
    at, tls = f"127.0.0.1:{closed_port()}", ("--tls", certificate) if is_encrypted else ()
    scheme = "tls" if is_encrypted else "tcp"
    assert fail_to_run(plan, "--farm", at, *tls) == (
        3,
        f"error: No scheduler answers at {scheme}://{at} (Connection refused). Start one by `bench farm up`, "
        f"or give the address that it printed.\n",
    )


@pytest.mark.parametrize(
    ("answer", "is_encrypted"), [(NO_SCHEDULER, False), (NO_SCHEDULER, True), (b"", False), (None, False)]
)
def test_something_else_listens(
    answer: bytes | None, is_encrypted: bool, certificate: Path, plan: Path
) -> None:
    with service(answer) as port:
        tls = ("--tls", certificate) if is_encrypted else ()
        code, said = fail_to_run(plan, "--farm", f"127.0.0.1:{port}", *tls)
    scheme = "tls" if is_encrypted else "tcp"
    assert code == 3
    assert said.startswith(
        f"error: What listens at {scheme}://127.0.0.1:{port} does not answer as a scheduler. "
    )
    assert said.count("\n") == 1


def test_a_host_waits_where_something_else_listens(farm: Farm) -> None:
    with service(NO_SCHEDULER) as farm.port:
        farm.start_host("rack1", "a")
        said = wait_for_words(farm, "rack1", lambda log: log.endswith("\n"))
    assert said.startswith(f"What listens at {farm.address.url} does not answer as a scheduler. ")
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
        ("http://127.0.0.1", "'http://127.0.0.1': http:// is not tcp:// or tls://."),
        ("tls://127.0.0.1", "'tls://127.0.0.1' takes a certificate: give it by --tls FILE."),
    ],
)
def test_a_malformed_address(address: str, words: str, plan: Path) -> None:
    code, said = fail_to_run(plan, "--farm", address)
    assert code == 2
    assert said.endswith(f"\nError: {words}\n")
    assert "Traceback" not in said
