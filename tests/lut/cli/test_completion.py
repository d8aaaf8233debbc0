"""What a shell offers while a command is typed, asked of the commands as shells ask them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bench.cli import device_options as console
from bench.device_runner.phone.usb import UsbPhone
from tests.service import closed_port, listing, service

BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "ANDROID_ADB_SERVER_PORT": "5992"}


def offers(typed: str) -> list[str]:
    """What is offered for the last word of a command line that has been typed so far."""
    words = typed.split(" ")
    done = subprocess.run(
        [words[0]],
        env={
            **ENVIRONMENT,
            f"_{words[0].upper()}_COMPLETE": "bash_complete",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(words) - 1),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("lut es", ["estimate"]),
        ("lut models build FBNet-9", ["FBNet-96"]),
        ("lut blocks --space f", ["fbnet"]),
        ("bench generate --space ch", ["chamnet"]),
        ("bench run p.jsonl --device ho", ["host"]),
        ("bench run p.jsonl --ignore-gate aw", ["awake"]),
        ("bench doctor --j", ["--json"]),
    ],
)
def test_commands_options_and_values_are_offered(typed: str, offered: list[str]) -> None:
    assert offers(typed) == offered


def test_attached_phones_are_offered_without_opening_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "no number")  # nothing to be said in a command line
    monkeypatch.setattr(console, "find_usb_phones", lambda: [UsbPhone("R58M1", Path("/dev/null"))])
    context, parameter = click.Context(click.Command("run")), click.Option(["--device"])
    assert console.complete_serial(context, parameter, "") == ["host", "R58M1"]
    assert console.complete_serial(context, parameter, "R5") == ["R58M1"]


def test_phones_of_the_servers_named_so_far_are_offered() -> None:
    with service(listing("R58M1\tdevice\nR58M2\toffline\n")) as port:
        named = f"--adb-server localhost:{closed_port()} --adb-server localhost:{port}"
        assert offers(f"bench run p.jsonl {named} --device R5") == ["R58M1", "R58M2"]
        assert not any(offers("bench run p.jsonl --adb-server localhost:x --device R5"))


@pytest.mark.parametrize("program", ["lut", "bench"])
def test_bash_completes_by_the_script(program: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f'eval "$({program} completion bash)"; complete -p {program}'],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"complete -o nosort -F _{program}_completion {program}\n"


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_scripts_of_their_own(shell: str) -> None:
    done = subprocess.run(
        ["bench", "completion", shell], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert f"_BENCH_COMPLETE={shell}_complete" in done.stdout
