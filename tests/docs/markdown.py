"""Finding the code blocks of a Markdown file, with the marks that stand before them.

A block is fenced, with a language or without, or indented by four spaces behind an empty line. Marks are
HTML comments right before it, unseen by who reads the page:

    <!-- phone -->              run it with a simulated phone attached
    <!-- file: NAME -->         write it into that file
    <!-- not run: REASON -->    leave it out
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Block", "Command", "read_blocks", "split_commands"]

_MARK = re.compile(r"<!-- (phone|farm|file|not run|sources)(?:: (.+?))? -->")
_FENCE = "```"


@dataclass(frozen=True)
class Block:
    """A code block: its language ("" for a shell's transcript), its text, where it begins, its marks."""

    path: Path
    line: int
    language: str
    text: str
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """For messages: `README.md:42`."""
        return f"{self.path.name}:{self.line}"


@dataclass(frozen=True)
class Command:
    """One command of a transcript, and the lines that stand below it."""

    words: str
    printed: str


def read_blocks(path: Path) -> list[Block]:
    """Give a file's blocks in order."""
    return list(_walk(path, path.read_text().splitlines()))


def _walk(path: Path, lines: list[str]) -> Iterator[Block]:
    marks: dict[str, str] = {}
    number, empty_before = 0, True
    while number < len(lines):
        line = lines[number]
        begin = number
        if line.startswith(_FENCE):
            language = line.removeprefix(_FENCE).strip()
            end = next(at for at in range(number + 1, len(lines)) if lines[at].startswith(_FENCE))
            yield Block(path, begin + 1, language, _join(lines[begin + 1 : end]), marks)
            marks, number = {}, end
        elif line.startswith("    ") and empty_before:
            end = begin
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end]):
                end += 1
            yield Block(path, begin + 1, "", _join([each[4:] for each in lines[begin:end]]), marks)
            marks, number = {}, end - 1
        elif match := _MARK.fullmatch(line.strip()):
            marks = {**marks, match[1]: match[2] or ""}
        elif line.strip():
            marks = {}
        empty_before = not lines[number].strip() or _MARK.fullmatch(line.strip()) is not None
        number += 1


def _join(lines: list[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def split_commands(block: Block) -> list[Command]:
    """Split a transcript: lines with `$ ` in front are commands, a backslash at the end goes on."""
    commands: list[Command] = []
    lines = iter(block.text.splitlines())
    for line in lines:
        if line.startswith("$ "):
            words = line.removeprefix("$ ")
            while words.endswith("\\"):
                words += "\n" + next(lines)
            commands.append(Command(words, ""))
        elif commands:
            last = commands.pop()
            commands.append(Command(last.words, f"{last.printed}{line}\n"))
        else:
            raise ValueError(f"{block.place}: a transcript begins with a command, `$ ` in front: {line!r}")
    return commands
