"""The commands of a farm, as their users type them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lut.journal import read_journal
from lut.plan import write_plan
from lut.wording import install_extra
from tests.bench.farm.conftest import BENCH, PLAN, Farm
from tests.bench.farm.stand_ins import NAME
from tests.bounds import within

QUICK = ("--cache", "warm", "--passes", "1", "--iters", "2", "--warmup", "0")


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """Two hosts: one with two phones of a name, one with a phone of another."""
    with closing(Farm(tmp_path_factory.mktemp("farm"))) as farm:
        farm.start_scheduler()
        farm.start_host("rack1", "a", "b")
        farm.start_host("rack2", "c", name="Other-2")
        farm.wait_for(3)
        yield farm


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.jsonl"
    write_plan(PLAN, path)
    return path


def bench(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BENCH, *map(str, words)], capture_output=True, text=True, timeout=within(60), check=False
    )


def test_devices_are_listed_with_what_they_do(lasting: Farm) -> None:
    listed = bench("devices", "--farm", lasting.address.url)
    assert listed.stdout.splitlines()[:3] == [
        "PHONE            DOING     NAME",
        "a@rack1          free      Stand-In-1",
        "                           battery_celsius: 31.0",
    ]
    assert (listed.returncode, listed.stderr) == (0, "")
    hosts = json.loads(bench("devices", "--farm", lasting.address.url, "--json").stdout)
    assert [(host["host"], host["differs"], len(host["phones"])) for host in hosts] == [
        ("rack1", None, 2),
        ("rack2", None, 1),
    ]
    assert hosts[1]["phones"][0]["state"] == {"battery_celsius": "31.0"}


def test_a_run_makes_a_journal_for_each_name(lasting: Farm, plan: Path, tmp_path: Path) -> None:
    done = bench("run", plan, "--farm", lasting.address.url, "-o", tmp_path / "runs", *QUICK)
    assert done.returncode == 0
    journals = sorted((tmp_path / "runs").iterdir())
    assert [path.name for path in journals] == ["Other-2.run.jsonl", "Stand-In-1.run.jsonl"]
    assert done.stderr.count("40 operators measured in 40 visits, 0 done before, 0 failed.") == 2
    again = bench("run", plan, "--farm", lasting.address.url, "-o", tmp_path / "runs", *QUICK)
    assert again.stderr.count("0 operators measured in 0 visits, 40 done before, 0 failed.") == 2


def test_a_name_chooses_phones(lasting: Farm, plan: Path, tmp_path: Path) -> None:
    words = ("run", plan, "--farm", lasting.address.url, *QUICK)
    one = tmp_path / "one.jsonl"
    assert bench(*words, "-o", one, "--device-name", "Other-2").returncode == 0
    assert {entry.segment for entry in read_journal(one) if hasattr(entry, "segment")}
    other = bench(*words, "-o", tmp_path / "two.jsonl", "--engine", "xnnpack", "--device-name", NAME)
    assert other.returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--device-name", "SM-G"), 3, "Nobody offers a phone named SM-G. Offered are: Other-2, Stand-In-1."),
        ((), 4, "The phones are of 2 names (Other-2, Stand-In-1), and a journal holds one: give a folder"),
        (("--device", "a"), 2, "leave out --device, --all and --binary."),
        (("--all",), 2, "leave out --device, --all and --binary."),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    lasting: Farm, plan: Path, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    output = tmp_path / "run.jsonl"
    done = bench("run", plan, "--farm", lasting.address.url, "-o", output, *words, *QUICK)
    assert done.returncode == code
    assert said in done.stderr.splitlines()[-1]
    assert not output.exists()


def test_devices_of_a_farm_are_not_named(lasting: Farm) -> None:
    done = bench("devices", "--farm", lasting.address.url, "--device", "a")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        "Error: --farm lists all phones: leave out --name and --device.",
    )


def wait_for_lines(journal: Path) -> None:
    deadline = time.monotonic() + within(20)
    while not (journal.exists() and any(read_journal(journal))):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_at_once_and_frees_its_phones(
    lasting: Farm, plan: Path, tmp_path: Path, number: signal.Signals
) -> None:
    journal = tmp_path / "run.jsonl"
    words = ["run", str(plan), "--farm", lasting.address.url, "--device-name", NAME, "-o", str(journal)]
    slow = ["--cache", "warm", "--passes", "200000", "--iters", "2", "--warmup", "0"]
    child = subprocess.Popen([str(BENCH), *words, *slow], stderr=subprocess.PIPE, text=True)
    lasting.wait_until(lambda hosts: any(phone.doing == "measuring" for phone in hosts[0].phones))
    wait_for_lines(journal)
    started = time.monotonic()
    child.send_signal(number)
    _, said = child.communicate(timeout=within(20))
    assert time.monotonic() - started < within(3)
    assert child.returncode == 130, said
    assert said.splitlines()[-1].startswith("Interrupted. What a run measured is kept")
    assert "Traceback" not in said
    lasting.wait_until(lambda hosts: all(phone.doing == "free" for phone in hosts[0].phones), within(5))
    assert list(read_journal(journal))


def test_a_host_ends_when_it_is_interrupted(lasting: Farm) -> None:
    command = [str(BENCH), "farm", "worker", lasting.address.url, "--name", "rack3", "--adb", "direct"]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    lasting.wait_until(lambda hosts: any(host.name == "rack3" for host in hosts))
    child.send_signal(signal.SIGTERM)
    _, said = child.communicate(timeout=within(15))
    assert (child.returncode, said.splitlines()[-1]) == (130, "Interrupted.")
    assert "Traceback" not in said
    lasting.wait_until(lambda hosts: all(host.name != "rack3" for host in hosts), within(5))


def test_without_the_extra_the_next_step_is_named(plan: Path, tmp_path: Path) -> None:
    script = "import sys; sys.modules['distributed'] = None; from bench.cli import main; main()"
    words = ["run", str(plan), "--farm", "127.0.0.1", "-o", str(tmp_path / "run.jsonl")]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].endswith(f"{install_extra('farm')}.")


def test_a_run_without_a_farm_never_imports_dask(tmp_path: Path) -> None:
    write_plan(PLAN[:1], tmp_path / "plan.jsonl")
    script = (
        "import sys\nfrom bench.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n"
        "    assert end.code == 0, end\n"
        "    assert not {'dask', 'distributed', 'bench.farm'} & set(sys.modules)\n"
    )
    words = ["run", str(tmp_path / "plan.jsonl"), "--device", "host", "-o", str(tmp_path / "run.jsonl")]
    subprocess.run([sys.executable, "-c", script, *words, *QUICK], check=True)
