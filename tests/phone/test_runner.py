"""The runner on simulated phones: the published one with the real arm64 program, and quick ones."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import click
import pytest
from adb_shell import exceptions
from click.testing import CliRunner
from msgspec import structs

import bench.cli
import lut.cli
from bench.campaign import choose_devices, group_by_name, run_plan
from bench.device_runner import (
    AdbRoute,
    NetProfiled,
    PhoneOptions,
    Watch,
    load_keys,
    open_device,
    profile_nets,
)
from bench.device_runner.phone import adb
from bench.device_runner.phone.bundle import FOLDER
from bench.device_runner.phone.phone_device import PhoneDevice
from bench.engines import CAFFE2, XNNPACK, Engine
from bench.numbers import check_numbers
from bench.speed_benchmark import Program
from lut.drift.change import LEAST
from lut.entries import Anchor, BlockState, RunConfig, Segment
from lut.errors import ConflictError, DeviceError, LutError
from lut.frontends import load_model
from lut.journal import read_journal
from lut.merge import merge_journals
from lut.plan import write_plan
from lut.zoo import write_net
from tests.busy import BUSY
from tests.phone.conftest import QUICK, QuickPhone, need_userland
from tests.phone.faults import Fault
from tests.phone.running import run_phone
from tests.phone.test_faults import CONFIG, PLAN, check_journal


def invoke(program: click.Command, *words: object) -> str:
    done = CliRunner().invoke(program, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("engine", "suffix", "processor"), [("caffe2", "", "max"), ("xnnpack", "-xnnpack", "cortex-a53")]
)
def test_a_net_is_measured_on_a_simulated_s8_and_looked_up(
    engine: str, suffix: str, processor: str, tmp_path: Path
) -> None:
    """The real arm64 program, every step by the command lines."""
    need_userland("arm64")
    model, plan, journal = tmp_path / "FBNet-96" / "int8", tmp_path / "plan.jsonl", tmp_path / "run.jsonl"
    invoke(lut.cli.cli, "models", "build", "FBNet-96", "--precision", "int8", "-o", tmp_path)
    invoke(bench.cli.cli, "generate", "--space", "models", "--model", model, "-o", plan)
    with run_phone("s8", processor=processor) as running:
        listed = invoke(bench.cli.cli, "devices", "--json", "--device", running.serial, "--engine", engine)
        [device] = json.loads(listed)
        assert device["name"] == f"SM-G950U-7.0-24{suffix}"
        assert device["facts"]["clusters"] == "0-3:1900800 4-7:2361600"
        assert device["state"]["battery_level"] == "87"
        few = ("--passes", 1, "--iters", 3, "--warmup", 1, "--engine", engine)
        invoke(bench.cli.cli, "run", plan, "--device", running.serial, "-o", journal, *few)
        assert running.foreign_files == []
        assert {path.split("/")[5] for path in running.our_files} == {"bundles"}
        invoke(bench.cli.cli, "clean", "--device", running.serial)
        assert running.our_files == []
    invoke(lut.cli.cli, "merge", journal, "-o", tmp_path / "data")
    said = invoke(
        lut.cli.cli,
        "get-runtime",
        *("--model_path", model, "--db_dir", tmp_path / "data", "--device", f"SM-G950U-7.0-24{suffix}"),
        *("--input_dims", '{"data": [1, 3, 96, 96]}'),
    )
    assert "All operators found in the table? True" in said


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("engine", "processor"), [(CAFFE2, "max"), (XNNPACK, "cortex-a53")])
def test_operators_are_timed_inside_a_net_on_a_simulated_s8(
    engine: Engine, processor: str, tmp_path: Path
) -> None:
    """The real arm64 program."""
    need_userland("arm64")
    source = engine.lower_model("net", load_model(write_net("FBNet-96", "int8", tmp_path)))
    with (
        run_phone("profiled", processor=processor) as running,
        closing(open_device(running.serial, AdbRoute("direct"), PhoneOptions(engine=engine))) as device,
    ):
        device.prepare(lambda _: None)
        found = profile_nets(device, [source], RunConfig(passes=1, iters=10, warmup=1))["net"]
    if found == BUSY:
        return
    visit = found[0]
    assert isinstance(visit, NetProfiled)
    assert len(visit.nodes_ns) == sum(source.nodes)
    assert None not in visit.nodes_ns
    assert visit.unmatched_ns == (0,) * len(visit.profiled_ns)


@pytest.mark.usefixtures("keys")
def test_a_processor_that_computes_wrong_numbers_is_refused_by_name() -> None:
    need_userland("arm64")
    with (
        run_phone("wrong", processor="max") as running,
        closing(open_device(running.serial, AdbRoute("direct"), PhoneOptions(engine=XNNPACK))) as device,
    ):
        program = device.prepare(lambda _: None)
        with pytest.raises(
            DeviceError, match=r"xnnpack computes wrong numbers here, in \d+ of \d+ operators"
        ):
            check_numbers(device, program, lambda _: None)


def test_a_computer_that_is_no_linux_machine_runs_it_to_the_end(
    quick_phone: QuickPhone, own_program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a Mac, which has a phone's program from elsewhere."""
    monkeypatch.setattr("bench.engines.engine.build_program", lambda *_, **__: own_program)
    plan, journal = tmp_path / "plan.jsonl", tmp_path / "run.jsonl"
    write_plan(PLAN[:5], plan)
    few = ("--passes", 2, "--iters", 5, "--threads", 1, "--cache", "warm")
    with quick_phone() as running, monkeypatch.context() as elsewhere:
        elsewhere.setattr(sys, "platform", "darwin")
        elsewhere.delattr(os, "sched_getaffinity")
        elsewhere.delattr(time, "CLOCK_BOOTTIME")
        said = invoke(bench.cli.cli, "run", plan, "--device", running.serial, "-o", journal, *few)
    assert "5 operators measured" in said
    assert not check_journal(journal, PLAN[:5], 2)


def test_the_program_is_copied_once(quick_phone: QuickPhone, options: PhoneOptions) -> None:
    with quick_phone() as running:
        said: list[str] = []
        with closing(open_device(running.serial, AdbRoute("direct"), options)) as device:
            device.prepare(said.append)
        assert said == []


def test_every_block_has_its_state(quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path) -> None:
    with (
        quick_phone() as running,
        closing(open_device(running.serial, AdbRoute("direct"), options)) as device,
    ):
        run_plan(PLAN[:3], device, CONFIG, tmp_path / "run.jsonl")
    segment, state, *_ = read_journal(tmp_path / "run.jsonl")
    assert isinstance(segment, Segment)
    assert isinstance(state, BlockState)
    assert state.values["battery_celsius"] == "28.4"
    assert state.values["zone_celsius"] == "31.0"


def test_the_default_mask_holds_the_fastest_cores_that_are_allowed(
    quick_phone: QuickPhone, options: PhoneOptions
) -> None:
    with (
        quick_phone() as running,
        closing(open_device(running.serial, AdbRoute("direct"), options)) as device,
    ):
        assert isinstance(device, PhoneDevice)
        assert device.identity.cores.choose_mask(4) == "0xf0"
        assert device.identity.cores.choose_mask(2) == "0xc0"
        assert int(device.default_cpus(1), 16) & sum(1 << core for core in os.sched_getaffinity(0))


@pytest.mark.parametrize("kind", ["heat", "low-battery", "throttle", "no-space"])
def test_a_gate_holds_a_block_back_and_opens(
    kind: str, quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    with (
        quick_phone() as running,
        closing(open_device(running.serial, AdbRoute("direct"), options)) as device,
    ):
        running.do(lambda: running.phone.strike(Fault(kind, 0, for_s=2.0)))
        said: list[str] = []
        summary = run_plan(PLAN[:2], device, CONFIG, tmp_path / "run.jsonl", watch=Watch(said.append))
    assert summary.measured == 2
    assert any(name.startswith("gate ") for name in summary.incidents)
    assert any("waits: " in sentence for sentence in said)


def test_a_gate_that_stays_shut_ends_the_run_with_its_name_unless_ignored(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    impatient = replace(options, patience=replace(QUICK, gate_s=0.3))
    with quick_phone() as running:
        running.do(lambda: running.phone.state.set_battery(level=7))
        with (
            closing(open_device(running.serial, AdbRoute("direct"), impatient)) as device,
            pytest.raises(DeviceError, match=r"at 7 %, 20 % are needed .* --ignore-gate battery-level"),
        ):
            run_plan(PLAN[:1], device, CONFIG, tmp_path / "run.jsonl")
        ignoring = replace(impatient, ignored_gates=frozenset({"battery-level"}))
        with closing(open_device(running.serial, AdbRoute("direct"), ignoring)) as device:
            assert run_plan(PLAN[:1], device, CONFIG, tmp_path / "run.jsonl").measured == 1


def test_emulators_of_one_serial_number_do_not_exclude_each_other(
    quick_phone: QuickPhone, options: PhoneOptions
) -> None:
    with ExitStack() as stack:
        phones = [stack.enter_context(quick_phone(f"p{number}")) for number in range(2)]
        for running in phones:
            running.phone.state.properties["ro.serialno"] = "EMULATOR33X1X24X0"
            running.phone.state.write_properties()
        first, second, again = (
            stack.enter_context(closing(open_device(running.serial, AdbRoute("direct"), options)))
            for running in (*phones, phones[0])
        )
        first.prepare(lambda _: None)
        second.prepare(lambda _: None)
        with pytest.raises(DeviceError, match="is in use by another run"):
            again.prepare(lambda _: None)


def test_a_phone_in_use_is_refused(quick_phone: QuickPhone, options: PhoneOptions) -> None:
    with (
        quick_phone() as running,
        closing(open_device(running.serial, AdbRoute("direct"), options)) as first,
        closing(open_device(running.serial, AdbRoute("direct"), options)) as second,
    ):
        first.prepare(lambda _: None)
        with pytest.raises(DeviceError, match="in use by another run"):
            second.prepare(lambda _: None)


def test_a_phone_that_cannot_be_locked_is_told(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with (
        quick_phone() as running,
        closing(open_device(running.serial, AdbRoute("direct"), options)) as device,
    ):
        monkeypatch.setenv("CNN_LATENCY_LUT_CACHE", str(tmp_path / "file" / "cache"))
        with pytest.raises(DeviceError, match=r"Not a directory.*Set CNN_LATENCY_LUT_CACHE"):
            device.prepare(lambda _: None)


def test_an_unauthorized_phone_says_what_to_tap(quick_phone: QuickPhone, options: PhoneOptions) -> None:
    with (
        quick_phone(accept=lambda _: None) as running,
        pytest.raises(DeviceError, match="tap ALLOW"),
    ):
        open_device(running.serial, AdbRoute("direct"), options)


@pytest.mark.parametrize("abi", ["armeabi-v7a", "x86_64"])
def test_other_processors_are_told_what_is_supported(
    abi: str, quick_phone: QuickPhone, options: PhoneOptions
) -> None:
    with quick_phone() as running:
        running.phone.state.properties["ro.product.cpu.abi"] = abi
        running.phone.state.write_properties()
        with (
            closing(open_device(running.serial, AdbRoute("direct"), options)) as device,
            pytest.raises(DeviceError, match=rf"is an {abi} phone; .* arm64-v8a only"),
        ):
            device.prepare(lambda _: None)


def test_nobody_there(options: PhoneOptions) -> None:
    with pytest.raises(DeviceError, match="refused"):
        open_device("tcp:127.0.0.1:1", AdbRoute("direct"), options)
    with pytest.raises(DeviceError, match="is not an address"):
        open_device("tcp:127.0.0.1:x", AdbRoute("direct"), options)
    with pytest.raises(DeviceError, match="No phone is attached"):
        choose_devices([], True, AdbRoute("direct"), options)


def test_without_libusb_the_package_is_named(monkeypatch: pytest.MonkeyPatch, options: PhoneOptions) -> None:
    monkeypatch.setitem(sys.modules, "adb_shell.transport.usb_transport", None)  # an import of it fails
    with pytest.raises(DeviceError, match=r"Debian package libusb-1\.0-0, or use a running adb server"):
        choose_devices([], True, AdbRoute("direct"), options)
    with pytest.raises(DeviceError, match=r"No device has the serial 'R58M'\. .* package libusb-1\.0-0"):
        open_device("R58M", AdbRoute("direct"), options)


def test_without_the_package_for_usb_its_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, options: PhoneOptions
) -> None:
    monkeypatch.setitem(sys.modules, "usb1", None)
    with pytest.raises(DeviceError, match=r"libusb1 is not installed.*\[usb\]"):
        choose_devices([], True, AdbRoute("direct"), options)
    with pytest.raises(DeviceError, match=r"No device has the serial 'R58M'\. .*\[usb\]"):
        open_device("R58M", AdbRoute("direct"), options)


def test_two_phones_and_no_choice(monkeypatch: pytest.MonkeyPatch, options: PhoneOptions) -> None:
    monkeypatch.setattr(
        "bench.campaign.fleet.list_serials", lambda _: {"host": "host", "R1": "adb", "R2": "adb"}
    )
    with pytest.raises(DeviceError, match=r"2 phones are attached: R1, R2\. Name one or more by --device"):
        choose_devices([], False, AdbRoute("direct"), options)


@pytest.mark.parametrize(
    ("error", "words"),
    [("USBErrorBusy", "--adb server"), ("USBErrorAccess", "udev"), ("USBErrorIO", "broke")],
)
def test_libusb_s_errors_name_the_way_out(error: str, words: str) -> None:
    usb1 = pytest.importorskip("usb1")
    with pytest.raises(DeviceError, match=words), adb.translate_errors("R58M"):
        raise getattr(usb1, error)


def test_all_of_adb_shell_s_errors_are_translated() -> None:
    kinds = [
        kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    assert len(kinds) == 14
    for kind in kinds:
        usb = kind in (exceptions.UsbReadFailedError, exceptions.UsbWriteFailedError)
        error = kind("x", OSError("y")) if usb else kind("x")
        with pytest.raises(LutError), adb.translate_errors("R58M"):
            raise error


def test_a_key_is_made_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "android"
    load_keys(folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert {path.name for path in before} == {"adbkey", "adbkey.pub"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in before)
    load_keys(folder)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_what_a_phone_says_reaches_no_shell_and_no_path(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    with quick_phone() as running:
        running.phone.state.properties["ro.product.model"] = "$(touch /data/local/tmp/x)/../../`id`;reboot"
        running.phone.state.properties["ro.serialno"] = "../../x"
        running.phone.state.write_properties()
        with closing(open_device(running.serial, AdbRoute("direct"), options)) as device:
            assert "/" not in device.info.name
            run_plan(PLAN[:1], device, CONFIG, tmp_path / "run.jsonl")
        assert running.foreign_files == []
        for command in running.phone.commands:
            assert "touch" not in command
            written = [word for word in command.replace("\n", " ").split() if word.startswith("/data")]
            assert all(word.startswith((FOLDER, "/data/local/tmp")) for word in written)


def test_a_user_s_own_program_is_parsed_and_never_mixed(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    """The real program in its stock mode stands in for one that was built by the NDK."""
    with quick_phone() as running:
        own = replace(options, binary=running.write_stock_program(tmp_path))
        with closing(open_device(running.serial, AdbRoute("direct"), own)) as device:
            summary = run_plan(PLAN[:2], device, CONFIG, tmp_path / "own.jsonl")
        assert (summary.measured, summary.failed) == (2, 0)
        with closing(open_device(running.serial, AdbRoute("direct"), options)) as device:
            run_plan(PLAN[:2], device, CONFIG, tmp_path / "ours.jsonl")
    merged = merge_journals([tmp_path / "own.jsonl"], pytest.fail)
    assert merged.segments[0].program.kind == "stock speed_benchmark"
    with pytest.raises(ConflictError, match="another program"):
        merge_journals([tmp_path / "own.jsonl", tmp_path / "ours.jsonl"], pytest.fail)


def test_three_phones_share_a_plan_and_one_of_them_dies(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    impatient = replace(options, patience=replace(QUICK, return_s=1))
    with ExitStack() as stack:
        phones = [stack.enter_context(quick_phone(f"p{number}")) for number in range(3)]
        devices = [
            stack.enter_context(closing(open_device(phone.serial, AdbRoute("direct"), impatient)))
            for phone in phones
        ]
        assert group_by_name(devices, tmp_path / "r.jsonl") == {tmp_path / "r.jsonl": devices}
        dying = phones[1]
        threading.Timer(
            0.8, lambda: dying.do(lambda: dying.phone.strike(Fault("reboot", 0, for_s=600)))
        ).start()
        plan = PLAN * 1
        summary = run_plan(plan, devices, structs.replace(CONFIG, iters=40), tmp_path / "r.jsonl")
        time.sleep(0.1)
    assert summary.measured == len(plan)
    assert not check_journal(tmp_path / "r.jsonl", plan, CONFIG.passes)
    assert len(summary.visits_on) >= 2


def test_two_phones_of_one_name_are_compared_by_their_anchors(
    quick_phone: QuickPhone, options: PhoneOptions, tmp_path: Path
) -> None:
    journal = tmp_path / "r.jsonl"
    with ExitStack() as stack:
        phones = [stack.enter_context(quick_phone(f"p{number}")) for number in range(2)]
        devices = [
            stack.enter_context(closing(open_device(phone.serial, AdbRoute("direct"), options)))
            for phone in phones
        ]
        summary = run_plan(PLAN, devices, CONFIG, journal)
    assert not check_journal(journal, PLAN, CONFIG.passes)
    units: dict[str, str] = {}
    anchors: dict[str, set[str]] = {}
    for entry in read_journal(journal):
        if isinstance(entry, Segment):
            units[entry.id] = entry.device.serial
        elif isinstance(entry, Anchor):
            anchors.setdefault(units[entry.segment], set()).add(entry.op.id)
    one, other = (anchors[phone.serial] for phone in phones)
    assert one == other
    [found] = summary.units
    assert (found.anchors, found.factor is None) == (len(one), len(one) < LEAST)
    [of_table] = merge_journals([journal], pytest.fail, even_units=True).units
    assert of_table == structs.replace(found, evened=found.factor is not None)
