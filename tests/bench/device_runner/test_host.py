"""The host as a device."""

from __future__ import annotations

import collections
import errno
import os
import platform
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.device_runner import HostDevice, clean_name, list_devices, open_device
from bench.device_runner import host as host_module
from bench.device_runner.device import Exit, SilenceError
from bench.device_runner.processors import read_mask
from bench.device_runner.program.manifest import encode_manifest
from bench.device_runner.program.run import EndedEarly, run_program
from bench.engines import CAFFE2
from lut.errors import DeviceError
from tests.bench.conftest import FaultyHost, relu


def test_the_name_is_made_as_a_phone_s_is() -> None:
    name = HostDevice().info.name
    assert name == clean_name(name)
    assert name.endswith(f"-{clean_name(os.uname().machine)}")
    assert name.count("-") >= 2


def test_another_kernel_is_a_fact_and_makes_no_other_device(monkeypatch: pytest.MonkeyPatch) -> None:
    before = HostDevice().info
    monkeypatch.setattr(platform, "release", lambda: "7.0.1-new")
    after = HostDevice().info
    assert after.name == before.name
    assert (before.facts["kernel"], after.facts["kernel"]) == (os.uname().release, "7.0.1-new")


def test_where_the_system_keeps_no_set_of_processors_all_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    host = HostDevice()
    assert host.info.facts["cpus"] == "0,1,2"
    assert host.default_cpus(2) == "0x6"


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("SM-G950U", "7.0", "24"), "SM-G950U-7.0-24"),
        (("AMD EPYC (tm) 7 @ 2.4GHz", "12", "6.1"), "AMD_EPYC_tm_7_2.4GHz-12-6.1"),
        (("/", "", "6.1"), "unknown-unknown-6.1"),
    ],
)
def test_names_hold_only_safe_characters(parts: tuple[str, ...], name: str) -> None:
    assert clean_name(*parts) == name


def test_the_host_is_always_attached() -> None:
    assert [device.info.kind for device in list_devices()] == ["host"]
    assert open_device("host").info == HostDevice().info


def test_an_unknown_serial_lists_those_that_are_there() -> None:
    with pytest.raises(DeviceError, match=r"No device has the serial 'R58M'. Attached: host."):
        open_device("R58M")


def test_the_facts_say_what_could_not_be_read() -> None:
    facts = HostDevice().info.facts
    assert facts["cpus"] == ",".join(map(str, sorted(os.sched_getaffinity(0))))
    assert len(facts["load"].split()) == 3
    assert all(facts.values())
    kinds = list(map(read_mask, facts["like_cpus"].split()))
    assert sorted(core for kind in kinds for core in kind) == sorted(os.sched_getaffinity(0))


def test_one_thread_is_pinned_to_the_last_processor_allowed() -> None:
    host = HostDevice()
    assert host.default_threads == 1
    assert int(host.default_cpus(1), 16) == 1 << max(os.sched_getaffinity(0))
    assert int(host.default_cpus(10_000), 16) == sum(1 << cpu for cpu in os.sched_getaffinity(0))


def test_a_process_gives_its_lines_and_its_end(host: FaultyHost) -> None:
    with host.start(encode_manifest([CAFFE2.lower(relu(4))]), ["--passes=1"]) as process:
        lines = []
        while (line := process.read_line(30)) is not None:
            lines.append(line)
        assert '"event":"start"' in lines[0]
        assert '"event":"end"' in lines[-1]
        assert process.finish().code == 0


def test_a_refused_command_line_is_told_in_the_program_s_words(host: FaultyHost) -> None:
    with host.start(b"no manifest", ["--passes=1"]) as process:
        assert process.read_line(30) is None
        exit_ = process.finish()
    assert exit_.code == 4
    assert "manifest" in exit_.describe()


def test_silence_is_bounded_and_a_silent_process_is_ended(host: FaultyHost) -> None:
    with host.start(encode_manifest([CAFFE2.lower(relu(4))]), ["--passes=1000000"]) as process:
        child = process._process._child  # type: ignore[attr-defined]
        assert process.read_line(30) is not None
        child.send_signal(signal.SIGSTOP)
        with pytest.raises(SilenceError, match=r"printed nothing for 0.2 s"):
            collections.deque(iter(lambda: process.read_line(0.2), None), maxlen=0)
        exit_ = process.finish()
    assert exit_.signal == "SIGKILL"
    assert child.poll() is not None


def stand_in(host: FaultyHost, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let a shell script run in the program's place."""
    path = Path(tempfile.mkdtemp()) / "program"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(host, "_program", replace(host._program, executable=path))


def test_a_line_without_end_ends_the_program(host: FaultyHost, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(host, monkeypatch, "exec tr '\\0' x </dev/zero")
    net = CAFFE2.lower(relu(4))
    assert list(run_program(host, [net], [], 30)) == [
        EndedEarly("the program printed a line of more than 16 MiB")
    ]


def test_words_on_stderr_do_not_fill_the_disk(host: FaultyHost, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(host, monkeypatch, "exec cat /dev/zero >&2")
    with host.start(b"", []) as process:
        assert process.read_line(60) is None
        assert process.finish().signal == "SIGXFSZ"


def test_a_program_that_is_gone_is_named(host: FaultyHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_program", replace(host._program, executable=Path("/nowhere/program")))
    with (
        pytest.raises(DeviceError, match=r"/nowhere/program can't be started: .* `bench build`"),
        host.start(b"", []),
    ):
        pass


@pytest.mark.parametrize(
    ("exit_", "text"),
    [
        (Exit(0, None, ""), "ended with code 0"),
        (Exit(3, None, "first\nlast\n"), "ended with code 3: last"),
        (Exit(-6, "SIGABRT", "terminate called\n"), "killed by SIGABRT: terminate called"),
    ],
)
def test_an_end_in_one_line(exit_: Exit, text: str) -> None:
    assert exit_.describe() == text


def refusing(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE])
def test_a_system_without_room_for_a_process_is_told(
    number: int, host: FaultyHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", refusing(number))
    words = rf"can't be started: {os.strerror(number)}\. This machine has no room for another process\."
    with pytest.raises(DeviceError, match=words), host.start(b"", []):
        pass


def test_an_environment_that_is_too_large_is_told(host: FaultyHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(host_module._ENVIRONMENT, "LONG", "x" * (4 << 20))
    with (
        pytest.raises(DeviceError, match=r"Argument list too long\. The environment is too large"),
        host.start(b"", []),
    ):
        pass


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE, errno.EROFS])
def test_a_temporary_file_that_cannot_be_had_is_told(
    number: int, host: FaultyHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", refusing(number))
    with (
        pytest.raises(DeviceError, match=rf"{os.strerror(number)}\. Make room, or set TMPDIR"),
        host.start(b"", []),
    ):
        pass
