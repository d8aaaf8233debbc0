"""Whoever only looks up, estimates and reports needs no Linux: the commands run without what only it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lut.lookups import DEVICE, DIMS, MODEL, TABLE, prepare_lookups, run_alone
from tests.lut.samples import CONV, SEGMENT, measured, written_journal

ELSEWHERE = """
import multiprocessing, numpy, os, signal, subprocess, sys, time  # what these take is their own affair

for name in ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"):
    sys.modules[name] = None
systems = {
    os: "sched_getaffinity fork getuid geteuid getloadavg uname sysconf pread killpg setsid O_DIRECTORY",
    signal: "SIGKILL SIGHUP SIGALRM SIGUSR1 SIGPIPE SIGTSTP SIGCONT SIGQUIT pthread_sigmask setitimer",
    time: "CLOCK_BOOTTIME CLOCK_MONOTONIC clock_gettime",
}
for module, names in systems.items():
    for name in names.split():
        delattr(module, name)

import types
import lut.files.locks, lut.table.pair

lut.files.locks.lock_descriptor = lambda *_, **__: True  # by msvcrt there
for module in (lut.files.locks, lut.table.pair):
    module.sys = types.SimpleNamespace(platform="win32")
"""
"""Leaves a Python like that of Windows: what it lacks fails as it does there, by its absence."""


def run_elsewhere(folder: Path, *arguments: str) -> str:
    return run_alone(folder, *arguments, before=ELSEWHERE, environment={"PYTHONIOENCODING": "cp1252"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a net and its table."""
    made = tmp_path_factory.mktemp("lookups")
    prepare_lookups(made)
    return made


@pytest.mark.parametrize(
    "command",
    [
        ["estimate", MODEL, "--lut", TABLE],
        ["get-runtime", "--model_path", MODEL, "--db_dir", ".", "--device", DEVICE, "--input_dims", DIMS],
        ["coverage", "--model", MODEL, "--lut", TABLE],
        ["crossval", "--lut", TABLE],
        ["diff", TABLE, TABLE],
        ["ops", MODEL],
        ["query", "--lut", TABLE, "--type", "Int8Conv*"],
        ["stats", "--lut", TABLE],
    ],
    ids=lambda command: command[0],
)
def test_it_prints_the_same(command: list[str], folder: Path) -> None:
    printed = run_elsewhere(folder, *command)
    assert printed
    assert printed == run_alone(folder, *command)


def test_a_report_is_the_same(folder: Path) -> None:
    run_elsewhere(folder, "report", "--lut", TABLE, "--model", MODEL, "-o", "there.html")
    run_alone(folder, "report", "--lut", TABLE, "--model", MODEL, "-o", "here.html")
    there, here = (folder / name for name in ("there.html", "here.html"))
    assert there.read_bytes() == here.read_bytes()


def test_a_net_is_built_the_same(folder: Path) -> None:
    run_elsewhere(folder, "models", "build", "FBNet-96", "-o", "built")
    built, here = (folder / place / MODEL / "model.pb" for place in ("built", "."))
    assert built.read_bytes() == here.read_bytes()


def test_a_journal_that_was_copied_here_becomes_a_table(tmp_path: Path) -> None:
    samples = (measured(CONV, 1000, 2000), measured(CONV, 3000, pass_index=1))
    written_journal(tmp_path / "phone.run.jsonl", SEGMENT, *samples)
    run_elsewhere(tmp_path, "merge", "phone.run.jsonl", "-o", "tables")
    assert "Int8Conv" in run_elsewhere(tmp_path, "stats", "--lut", f"tables/{TABLE}")
