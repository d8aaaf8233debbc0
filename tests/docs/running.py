"""Running the blocks of a page, in order, in one folder, and comparing what they print with the page.

Figures with a decimal point, times of day and numbers of many digits are those of one machine; they only
have to be figures, however an array pads them. `…` stands for anything: alone on a line, for any lines.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.docs.markdown import Block, split_commands

__all__ = ["Place", "PythonSession", "check_printed", "run_blocks"]

SAMPLE_NAME = "AMD_EPYC-debian12-x86_64"
"""The machine that the pages were written on."""

_SECONDS = 600
"""A command that takes longer hangs."""


@dataclass(frozen=True)
class Place:
    """Where blocks run: a folder, the variables set there, and texts of a page that are others here."""

    folder: Path
    environment: Mapping[str, str]
    stand_ins: Mapping[str, str]

    def translate(self, words: str) -> str:
        """Give a command as it is to be run here."""
        for written, real in self.stand_ins.items():
            words = words.replace(written, real)
        return words

    def translate_back(self, printed: str) -> str:
        """Give what was printed as a page has it."""
        for written, real in self.stand_ins.items():
            printed = printed.replace(real, written)
        return printed


def run_blocks(blocks: list[Block], place: Place) -> None:
    """Run blocks; the first that does not do what its page says fails."""
    with python_session(place) as session:
        printed_before: str | None = None
        for block in blocks:
            printed_before = _run_block(block, place, session, printed_before)


def _run_block(block: Block, place: Place, session: PythonSession, before: str | None) -> str | None:
    """Run one block; give what a Python block printed, for the block behind it to show."""
    if "not run" in block.marks:
        return None
    if "file" in block.marks:
        path = place.folder / block.marks["file"].replace("~", place.environment["HOME"], 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
    elif block.language == "":
        _run_transcript(block, place)
    elif block.language == "python":
        return session.run(block)
    elif block.language == "text":
        assert before is not None, f"{block.place}: a text stands behind the Python block that prints it"
        check_printed(block.text, place.translate_back(before), block.place)
    elif block.language == "diff":
        _apply(block, place)
    else:
        _PARSERS[block.language](block.text)
    return None


def _run_transcript(block: Block, place: Place) -> None:
    commands = split_commands(block)
    shows_output = any(command.printed for command in commands)
    for command in commands:
        done = _run_command(command.words, place)
        where = f"{block.place}: $ {command.words}"
        if shows_output:
            check_printed(command.printed, place.translate_back(done.stdout), where)
        fails = re.search(r"^(error|Error|Aborted)", command.printed, re.MULTILINE) is not None
        assert (done.returncode != 0) == fails, f"{where}\nended with {done.returncode}:\n{done.stdout}"


def _run_command(words: str, place: Place) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", place.translate(words)],
        cwd=place.folder,
        env=dict(place.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def _apply(block: Block, place: Place) -> None:
    """Apply a diff whose hunks are found by their lines alone, each of which must be there exactly once."""
    head, *hunks = re.split(r"^@@.*\n", block.text, flags=re.MULTILINE)
    path = place.folder / head.partition("+++ b/")[2].strip()
    for hunk in hunks:
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        text = path.read_text()
        found = text.count(before)
        assert found == 1, f"{block.place}: this stands {found} times in {path.name}:\n{before}"
        path.write_text(text.replace(before, after))


def _parse_toml(text: str) -> object:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)


_PARSERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "toml": _parse_toml,
}
"""What reads a block of data that goes into no file."""


def check_printed(expected: str, actual: str, where: str) -> None:
    """Compare what was printed with what a page shows.

    Raises:
        AssertionError: they differ in more than figures.
    """
    lines = (_NOISE.sub("", actual) if not _NOISE.search(expected) else actual).rstrip("\n").splitlines()
    shown = "\n".join(map(_mask, lines)) + "\n"
    pattern = "".join(_to_pattern(_mask(line)) for line in expected.rstrip("\n").splitlines())
    assert re.fullmatch(pattern or "\n", shown), (
        f"{where}\nthe page shows:\n{expected}\nprinted is:\n{actual}"
    )


_NOISE = re.compile(
    r"^(?:Repeated [\d,]+ .*because |Left out[: ]|Warning: [\d,]+ visits? | +\d+ repeated$).*\n"
    r"|^(?:\S+: )?(?:Others keep |host waits up to |host measures all the same).*\n"
    r"|^\S+: [\d,]+ of [\d,]+ visits \(.*\n"
    r"|^error: .* something disturbed the device.*\n"
    r"|, [\d,]+ marked: disturbed when measured|  DISTURBED: .*",
    re.MULTILINE,
)
"""What a disturbed or a slow machine prints and a quiet one does not."""

_FIGURES = re.compile(r"\d+:\d\d:\d\d|(?<!\w)\d[\d,]*(?:\.\d+)+|\d{5,}")


def _mask(line: str) -> str:
    return re.sub(r"\s+(?=\])|(?<=\[)\s+", "", re.sub(r"\s+", " ", _FIGURES.sub("#", line))).strip()


def _to_pattern(line: str) -> str:
    if line == "…":
        return r"(?:.*\n)*?"
    return ".*".join(map(re.escape, line.split("…"))) + r"\n"


_WORKER = """
import contextlib, io, json, sys, traceback
names = {"__name__": "page"}
for line in sys.stdin:
    source, place = json.loads(line)
    printed, done = io.StringIO(), True
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(source, place, "exec"), names)
        except Exception:
            done = False
            printed.write(traceback.format_exc())
    print(json.dumps([done, printed.getvalue()]), flush=True)
"""


class PythonSession:
    """An interpreter in which a page's Python blocks run one after the other, sharing their names."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, block: Block) -> str:
        """Run a block; give what it printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([block.text, block.place]) + "\n")
        self._process.stdin.flush()
        done, printed = json.loads(self._process.stdout.readline())
        assert done, f"{block.place}:\n{printed}"
        return str(printed)


@contextmanager
def python_session(place: Place) -> Iterator[PythonSession]:
    """Start an interpreter, which waits until it gets something to do."""
    with subprocess.Popen(
        [sys.executable, "-c", _WORKER],
        cwd=place.folder,
        env=dict(place.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield PythonSession(process)


def environment(folder: Path, cache: Path) -> dict[str, str]:
    """The variables for blocks: this interpreter's commands first, a home of their own, nobody's phone."""
    kept = {name: value for name, value in os.environ.items() if name in ("LANG", "LC_ALL", "TERM")}
    return {
        **kept,
        "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "COLUMNS": "100",
        "PYTHONPATH": ".",
        "CNN_LATENCY_LUT_CACHE": str(cache),
        "ANDROID_ADB_SERVER_PORT": "5993",
    }
