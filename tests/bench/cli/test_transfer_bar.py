"""What a download shows."""

import io
import sys

import pytest

from bench.cli.transfer_bar import TransferBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def show(stream: io.StringIO, *, quiet: bool, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    with TransferBar(quiet) as bar:
        bar.say("It begins.")
        bar.show(0, 105_000_000)
        bar.say("Half-way.")
        bar.show(105_000_000, 105_000_000)
        bar.say("It ends.")
    return stream.getvalue()


def test_megabytes_and_their_rate_are_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = show(Terminal(), quiet=False, monkeypatch=monkeypatch)
    assert "105M" in shown
    assert "B/s" in shown
    for sentence in ("It begins.\n", "Half-way.\n", "It ends.\n"):
        assert shown.count(sentence) == 1


def test_sentences_alone_are_told_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "It begins.\nHalf-way.\nIt ends.\n"
    assert show(io.StringIO(), quiet=False, monkeypatch=monkeypatch) == said


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_a_quiet_one_is_silent(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    assert show(stream, quiet=True, monkeypatch=monkeypatch) == ""
