"""How a command ends, and what it shows on the way."""

import io
import subprocess
import sys
import unicodedata
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.cli import Bar, echo, end_program, say
from lut.errors import DeviceError, FailedError, FileError, LutError, MissingError
from tests.docs.commands import walk_commands


def ending_of(error: BaseException | None, monkeypatch: pytest.MonkeyPatch) -> object:
    """The exit code of a program whose only command raises that."""

    @click.command()
    def command() -> None:
        if error is not None:
            raise error

    monkeypatch.setattr(sys, "argv", ["program"])
    with pytest.raises(SystemExit) as end:
        end_program(command)
    return end.value.code


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [(DeviceError, 3), (FileError, 4), (MissingError, 5), (FailedError, 6)],
)
def test_an_error_of_ours_is_a_sentence_and_its_code(
    error: type[LutError], exit_code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ending_of(error("It broke. Mend it."), monkeypatch) == exit_code
    assert capsys.readouterr() == ("", "error: It broke. Mend it.\n")


def test_a_command_that_returns_ends_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ending_of(None, monkeypatch) == 0
    assert ending_of(click.exceptions.Exit(7), monkeypatch) == 7


def test_an_interrupt_while_a_class_is_made_ends_with_130(tmp_path: Path) -> None:
    """Dataclasses are made by `exec`; an interrupt there leaves a mark by which Python ends otherwise."""
    (tmp_path / "program.py").write_text(
        "import click; from lut.cli import end_program\n"
        "end_program(click.Command('x', callback=lambda: exec('raise KeyboardInterrupt')))"
    )
    command = [sys.executable, "-m", "program"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.split()) == (130, ["Interrupted."])


def test_an_interrupt_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ending_of(KeyboardInterrupt(), monkeypatch) == 130
    assert "Interrupted." in capsys.readouterr().err


def test_a_bug_is_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        ending_of(ZeroDivisionError(), monkeypatch)


def test_a_foreign_exit_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ending_of(SystemExit(9), monkeypatch) == 9


def test_say_speaks_on_stderr_or_not_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    say(False)("A sentence.")
    say(True)("Another.")
    assert capsys.readouterr() == ("", "A sentence.\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, *, quiet: bool, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    with Bar(4, "op", quiet) as bar:
        bar.set(1)
        bar.set(4, "1 failed")
    return stream.getvalue()


def test_a_bar_shows_itself_on_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal = shown(Terminal(), quiet=False, monkeypatch=monkeypatch)
    assert "0/4" in on_terminal
    assert shown(io.StringIO(), quiet=False, monkeypatch=monkeypatch) == ""
    assert shown(Terminal(), quiet=True, monkeypatch=monkeypatch) == ""


def test_a_bar_speaks_above_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar(None, "op", quiet=False) as bar:
        bar.say("A sentence.")
    assert capsys.readouterr() == ("", "A sentence.\n")


@pytest.mark.parametrize("program", ["bench", "lut"])
def test_no_summary_of_a_command_is_cut(program: str) -> None:
    listed = list(walk_commands(program))
    words = " ".join(listed[0][1].get_help(listed[0][2]).split())
    assert "..." not in words.partition("Commands:")[2]
    for name, command, _ in listed:
        if name.count(" ") == 1:
            assert command.get_short_help_str(1000) in words


def moves_terminal(char: str) -> bool:
    """Tell whether it is obeyed, changes the order of what follows, or can't be sent."""
    bidirectional = "LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"
    return (
        (unicodedata.category(char) == "Cc" and char not in "\n\t")
        or unicodedata.category(char) == "Cs"
        or unicodedata.bidirectional(char) in bidirectional
        or char in "\u061c\u200e\u200f"
    )


hostile = st.text(
    st.characters() | st.characters(categories=["Cc", "Cf", "Cs"]) | st.sampled_from("\x1b[]52;m\x07\x9b\r")
)


@given(text=hostile)
def test_nothing_that_is_said_moves_a_terminal(text: str) -> None:
    out, err = Terminal(), Terminal()
    with redirect_stdout(out), redirect_stderr(err):
        echo(text)
        say(quiet=False)(text)
    assert not any(map(moves_terminal, out.getvalue() + err.getvalue()))


@given(text=hostile)
def test_neither_does_an_error(text: str) -> None:
    for error in (FileError(text), click.UsageError(text)):
        err = Terminal()
        with redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
            ending_of(error, patch)
        assert not any(map(moves_terminal, err.getvalue()))


@given(text=hostile)
def test_nor_does_a_bar_but_to_draw_itself(text: str) -> None:
    err = Terminal()
    with redirect_stderr(err), Bar(2, "op", quiet=False, title=text) as bar:
        bar.say(text)
        bar.set(1, text)
        bar.set(2, text)
    assert {char for char in err.getvalue() if moves_terminal(char)} <= {"\r"}
