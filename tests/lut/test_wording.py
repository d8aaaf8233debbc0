"""How messages list things, and what they say to install."""

from __future__ import annotations

import json
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.wording import escape_controls, install_extra, list_first


@pytest.mark.parametrize(
    ("things", "text"),
    [
        (1, "  thing 0"),
        (2, "  thing 0\n  thing 1"),
        (3, "  thing 0\n  thing 1\n  and 1 more"),
        (1234, "  thing 0\n  thing 1\n  and 1,232 more"),
    ],
)
def test_the_first_are_named_and_the_rest_counted(things: int, text: str) -> None:
    lines = (f"thing {number}" for number in count())
    assert list_first(lines, things, 2) == text
    assert next(lines) == f"thing {min(things, 2)}", "no more were taken than are listed"


class Origin:
    """A distribution that pip installed from somewhere."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def read_text(self, _name: str) -> str | None:
        return self.text


@pytest.mark.parametrize(
    ("origin", "where"),
    [
        (None, "cnn-latency-lut"),
        ('{"url": "file:///x/a.whl", "archive_info": {}}', "cnn-latency-lut"),
        ('{"url": "file:///x", "dir_info": {"editable": true}}', "."),
        ('{"url": "file:///x", "dir_info": {}}', "."),
    ],
)
def test_an_extra_is_installed_as_the_project_was(
    origin: str | None, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.distribution", lambda _: Origin(origin))
    assert install_extra("onnx") == f"pip install '{where}[onnx]'"


def test_what_moves_a_terminal_is_shown_as_an_escape() -> None:
    assert escape_controls("\x1b]52;c;aGk=\x07 a\u202eb\r\x9b\x7f\udcff") == (
        r"\u001b]52;c;aGk=\u0007 a\u202eb\u000d\u009b\u007f\udcff"
    )
    assert escape_controls("two\nlines\tand “words” of ünits") == "two\nlines\tand “words” of ünits"


@given(st.text())
def test_json_stays_json_of_the_same_value(text: str) -> None:
    for line in (json.dumps(text), json.dumps(text, ensure_ascii=False)):
        assert json.loads(escape_controls(line)) == text
