"""Whole nets through the real program: many short passes, and what goes wrong costs one net."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.device_runner import NetRuns, Watch, measure_nets
from bench.device_runner.device import LostError, Process
from bench.engines import CAFFE2, NetSource, OpNets
from lut.entries import RunConfig
from lut.errors import DeviceError
from lut.frontends import load_model
from lut.zoo import write_net
from tests.bench.conftest import Fault, FaultyHost
from tests.bench.slow_phases import FAST_NS, SlowPhases
from tests.lut.samples import net_of, written_model

CONFIG = RunConfig(passes=3, iters=2, warmup=1)


@pytest.fixture
def nets(tmp_path: Path) -> list[NetSource]:
    """An fp32 net of three operators, an int8 one of 42, and the first again."""
    small = written_model(tmp_path / "small")
    folders = [small, write_net("FBNet-96", "int8", tmp_path), small]
    return [CAFFE2.lower_model(f"net{number}", load_model(folder)) for number, folder in enumerate(folders)]


def counts(runs: dict[str, NetRuns]) -> dict[str, int]:
    return {name: len(each.samples_ns) for name, each in runs.items()}


def test_the_runs_of_all_passes_are_pooled_by_net(host: FaultyHost, nets: list[NetSource]) -> None:
    heard: list[int] = []
    runs = measure_nets(host, nets, CONFIG, progress=heard.append)
    assert counts(runs) == {"net0": 6, "net1": 6, "net2": 6}
    assert all(sample > 0 for each in runs.values() for sample in each.samples_ns)
    assert host.starts == 1
    assert (sorted(heard), heard[-1]) == (heard, 9)


SIX = replace(CONFIG, passes=6)


@pytest.mark.disturbances
def test_slow_visits_are_made_again(nets: list[NetSource]) -> None:
    host = SlowPhases({(1, 0), (1, 1)})
    runs = measure_nets(host, nets[:1], SIX)["net0"]
    assert host.starts == 2
    assert runs.samples_ns == (FAST_NS,) * 2 * SIX.passes
    assert runs.spoilt_by is None
    assert runs.disturbances.repeated_visits == Counter({"unsteady": 2})


@pytest.mark.disturbances
def test_a_net_that_is_hardly_ever_fast_is_marked(nets: list[NetSource]) -> None:
    host = SlowPhases({(start, visit) for start in range(1, 30) for visit in range(30)} - {(1, 4), (1, 5)})
    runs = measure_nets(host, nets[:1], SIX)["net0"]
    assert (runs.spoilt_by, len(runs.samples_ns)) == ("unsteady", 2 * (SIX.passes + 10))


class ManifestHost(FaultyHost):
    """A host that tells which nets each process was given, and in which order it ran them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.given: list[set[str]] = []
        self.arguments: list[list[str]] = []

    @contextmanager
    def start(self, manifest: bytes, arguments: Sequence[str]) -> Iterator[Process]:
        self.given.append({f"net{number}" for number in range(3) if f"net net{number} ".encode() in manifest})
        self.arguments.append(list(arguments))
        with super().start(manifest, arguments) as process:
            yield process


@pytest.mark.parametrize(
    ("megabytes", "groups"),
    [
        ((100, 100, 100), [{"net0"}, {"net1"}, {"net2"}]),
        ((70, 70, 70), [{"net0", "net1"}, {"net2"}]),
        ((70, 100, 60), [{"net0"}, {"net1", "net2"}]),
        ((900, 1, 1), [{"net0"}, {"net1", "net2"}]),
    ],
)
def test_nets_that_do_not_fit_take_turns(
    megabytes: tuple[int, int, int], groups: list[set[str]], nets: list[NetSource]
) -> None:
    host, heard = ManifestHost(), list[int]()
    host.prepare(lambda _: None)
    sizes = {f"net{number}": each << 20 for number, each in enumerate(megabytes)}
    runs = measure_nets(host, nets, CONFIG, sizes=sizes, progress=heard.append)
    assert host.given == groups * CONFIG.passes
    assert counts(runs) == {"net0": 6, "net1": 6, "net2": 6}
    assert (sorted(heard), heard[-1]) == (heard, 9)
    seeds = [word for words in host.arguments for word in words if word.startswith("--seed=")]
    assert len(set(seeds)) == CONFIG.passes


def test_nets_that_fit_share_a_process(nets: list[NetSource]) -> None:
    host = ManifestHost()
    host.prepare(lambda _: None)
    runs = measure_nets(host, nets, CONFIG, sizes={f"net{number}": 53 << 20 for number in range(3)})
    assert host.given == [{"net0", "net1", "net2"}]
    assert counts(runs) == {"net0": 6, "net1": 6, "net2": 6}


def test_a_net_that_dies_in_a_group_costs_itself_alone(host: FaultyHost, nets: list[NetSource]) -> None:
    host.faults.append(Fault('"begin","id":"net1"', signal=signal.SIGSEGV, in_start=3))
    runs = measure_nets(host, nets, CONFIG, sizes={"net0": 100 << 20, "net1": 50 << 20, "net2": 90 << 20})
    assert (runs["net1"].failure or "").startswith("crash: ")
    assert counts(runs)["net2"] == 6


def test_a_net_that_the_engine_refuses_says_why(host: FaultyHost, nets: list[NetSource]) -> None:
    nothing = OpNets("bad", net_of(), net_of(("Relu", ["absent"], ["y"], {}))).to_source()
    runs = measure_nets(host, [nothing, *nets], CONFIG)
    assert runs["bad"].samples_ns == ()
    assert "absent" in (runs["bad"].failure or "")
    assert counts(runs) == {"bad": 0, "net0": 6, "net1": 6, "net2": 6}


@pytest.mark.parametrize("pass_index", range(CONFIG.passes))
def test_a_net_that_kills_the_program_costs_itself_alone(
    pass_index: int, host: FaultyHost, nets: list[NetSource]
) -> None:
    host.faults.append(Fault(f'"begin","id":"net1","pass":{pass_index}', signal=signal.SIGSEGV))
    runs = measure_nets(host, nets, CONFIG)
    assert runs["net1"].samples_ns == ()
    assert (runs["net1"].failure or "").startswith("crash: killed by SIGSEGV")
    assert counts(runs) == {"net0": 6, "net1": 0, "net2": 6}


@pytest.mark.parametrize(("times", "left"), [(2, 6), (3, 0)])
def test_a_net_is_blamed_for_the_third_kill_from_outside(
    times: int, left: int, host: FaultyHost, nets: list[NetSource]
) -> None:
    host.faults += [Fault('"begin","id":"net1"', signal=signal.SIGKILL) for _ in range(times)]
    runs = measure_nets(host, nets, CONFIG)
    assert counts(runs) == {"net0": 6, "net1": left, "net2": 6}
    assert (runs["net1"].failure is None) == (left > 0)


def test_a_net_that_hangs_counts_as_failed(host: FaultyHost, nets: list[NetSource]) -> None:
    host.faults.append(Fault('"begin","id":"net1","pass":1', signal=signal.SIGSTOP))
    runs = measure_nets(host, nets, CONFIG, watch=Watch(silence_s=4.0))
    assert (runs["net1"].failure or "").startswith("timeout: the program printed nothing for 4 s")
    assert counts(runs) == {"net0": 6, "net1": 0, "net2": 6}


class LosableHost(FaultyHost):
    """A host that goes away, as a phone does, when a line of the program's output holds `trigger`."""

    def lose(self, trigger: str, times: int) -> None:
        self.trigger, self.times, self.recovered = trigger, times, 0

    @contextmanager
    def start(self, manifest: bytes, arguments: object) -> Iterator[Process]:
        with super().start(manifest, arguments) as process:  # type: ignore[arg-type]
            yield _Losable(self, process)

    def recover(self, announce: object) -> None:  # noqa: ARG002
        self.recovered += 1


class _Losable:
    def __init__(self, host: LosableHost, process: Process) -> None:
        self._host, self._process, self._gone = host, process, False
        self.finish = process.finish

    def read_line(self, timeout_s: float) -> str | None:
        if self._gone:
            self._host.times -= 1
            raise LostError("the phone went away")
        line = self._process.read_line(timeout_s)
        self._gone = self._host.times > 0 and line is not None and self._host.trigger in line
        return line


@pytest.fixture
def losable() -> LosableHost:
    device = LosableHost()
    device.prepare(lambda _: None)
    return device


def test_a_device_that_comes_back_goes_on(losable: LosableHost, nets: list[NetSource]) -> None:
    losable.lose('"begin","id":"net1"', times=2)
    said: list[str] = []
    runs = measure_nets(losable, nets, CONFIG, watch=Watch(said.append))
    assert counts(runs) == {"net0": 6, "net1": 6, "net2": 6}
    assert losable.recovered == 2
    assert said == ["host is back: the phone went away"] * 2


def test_a_net_in_whose_visits_the_device_is_lost_again_and_again_fails(
    losable: LosableHost, nets: list[NetSource]
) -> None:
    losable.lose('"begin","id":"net1"', times=99)
    runs = measure_nets(losable, nets, CONFIG)
    assert runs["net1"] == NetRuns((), "lost: the phone went away")
    assert counts(runs) == {"net0": 6, "net1": 0, "net2": 6}
    assert losable.recovered == 3


def test_a_device_that_never_gets_anywhere_is_given_up(losable: LosableHost, nets: list[NetSource]) -> None:
    losable.lose('"start"', times=99)
    with pytest.raises(DeviceError, match="host was lost 10 times"):
        measure_nets(losable, nets, CONFIG)
