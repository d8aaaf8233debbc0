"""How messages list things."""

from __future__ import annotations

from itertools import count

import pytest

from lut.wording import list_first


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
