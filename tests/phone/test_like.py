"""Runs on phones that answer as real devices did."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from bench.campaign import run_plan
from bench.device_runner import AdbRoute, PhoneOptions, Watch, open_device
from bench.device_runner.phone.phone_device import PhoneDevice
from bench.doctor import explain_device
from lut.entries import BlockState
from lut.errors import DeviceError
from lut.journal import read_journal
from tests.phone.conftest import QuickPhone
from tests.phone.corpus import CORPUS
from tests.phone.like import read_missing_tools
from tests.phone.test_faults import CONFIG, PLAN

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"needs the answers of real phones in {CORPUS}")


@pytest.mark.parametrize(
    ("name", "cpus", "unjudged"),
    [
        # Two of the four big cores are parked, and of the mask all the same.
        ("samsung-SM-G950U-7.0", "0xf0", {"awake", "battery-heat", "battery-level", "heat", "plugged"}),
        # The big cores are held at two thirds of their clock for ever.
        ("samsung-SM-G960F-8.0", "0xf0", {"awake", "battery-heat", "battery-level", "heat", "plugged"}),
        # No power comes in, by its words, and no core is told of.
        ("android-emulator-arm64-14", "", {"awake", "battery-heat", "battery-level", "plugged", "throttle"}),
    ],
)
def test_a_plan_is_measured_on_the_right_cluster(
    name: str, cpus: str, unjudged: set[str], quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    journal, said = tmp_path / "run.jsonl", list[str]()
    with (
        quick_phone(name, like=CORPUS / name) as running,
        closing(open_device(running.serial, AdbRoute("direct"), options)) as device,
    ):
        assert isinstance(device, PhoneDevice)
        chosen = device.choose_cpus(device.default_threads, said.append)
        config = structs.replace(CONFIG, threads=device.default_threads, cpus=chosen)
        summary = run_plan(PLAN[:2], device, config, journal, watch=Watch(said.append))
    assert (chosen, summary.measured, summary.failed) == (cpus, 2, 0)
    assert not summary.incidents
    (state,) = (entry for entry in read_journal(journal) if isinstance(entry, BlockState))
    assert set(state.values["unjudged_gates"].split()) == unjudged
    (sentence,) = (each for each in said if "does not tell enough" in each)
    assert sorted(unjudged)[0] in sentence


def test_a_phone_that_slows_itself_down_is_waited_for(quick_phone: QuickPhone, options: PhoneOptions) -> None:
    """A Galaxy S24+ at 57 % of its clock says status 0; its siop level is 2."""
    impatient = replace(options, patience=replace(options.patience, gate_s=0.2))
    with (
        quick_phone("hot", like=CORPUS / "samsung-Galaxy-S24-plus") as running,
        closing(open_device(running.serial, AdbRoute("direct"), impatient)) as device,
        pytest.raises(DeviceError, match=r"sys\.siop\.level is 2"),
    ):
        device.begin_block(lambda _: None, device.default_cpus(1))


def test_a_cluster_is_chosen_by_name(quick_phone: QuickPhone, options: PhoneOptions) -> None:
    with quick_phone("pixel", like=CORPUS / "google-Pixel-8-14") as running:

        def choose(cluster: str | None, threads: int) -> str:
            named = replace(options, cluster=cluster)
            with closing(open_device(running.serial, AdbRoute("direct"), named)) as device:
                return device.choose_cpus(threads, lambda _: None)

        assert choose(None, 1) == "0x100"
        assert choose("middle", 4) == "0xf0"
        assert choose("little", 2) == "0xc"
        with pytest.raises(DeviceError, match=r"no big cluster .* it has: little, middle, prime"):
            choose("big", 1)
        with pytest.raises(DeviceError, match="has room for 1 thread, not for 2"):
            choose("prime", 2)


def test_the_doctor_says_what_is_understood(quick_phone: QuickPhone) -> None:
    with quick_phone("asked", like=CORPUS / "samsung-Galaxy-S24-plus") as running:
        found = list(explain_device(running.serial, AdbRoute("direct")))
    says = {name: finding.says for name, finding in found}
    assert says["cluster prime"] == "9, 3.21 GHz, allowed now: 1.82 GHz (57 %)"
    assert says["battery"] == "55 %, 38.6 °C, power unknown"
    (shut,) = (finding for _, finding in found if finding.fix)
    assert shut.fix is not None
    assert shut.fix.endswith("--ignore-gate throttle")


def test_the_doctor_explains_phones_alone() -> None:
    with pytest.raises(DeviceError, match="host is no phone"):
        list(explain_device("host", AdbRoute("direct")))


def test_tools_that_a_release_lacks() -> None:
    assert {"tar", "timeout", "sha1sum"} <= set(read_missing_tools("5.1.1"))
    assert "sha256sum" in read_missing_tools("7.1.2")
    assert read_missing_tools("14") == []
