"""Arguments as the texts of table keys."""

import math
import struct

import pytest
from hypothesis import given

from lut.ops import ArgumentValue, argument_value, format_argument, make_argument, parse_argument
from tests.lut.arguments import is_denormal, names, values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, 'name: "a"\ni: 3\n'),
        (-1, 'name: "a"\ni: -1\n'),
        (True, 'name: "a"\ni: 1\n'),
        (0.5, 'name: "a"\nf: 0.5\n'),
        ("NHWC", 'name: "a"\ns: "NHWC"\n'),
        ("", 'name: "a"\ns: ""\n'),
        (b"\xff", 'name: "a"\ns: "\\377"\n'),
        ((3, 5), 'name: "a"\nints: 3\nints: 5\n'),
        ((0.5, 2), 'name: "a"\nfloats: 0.5\nfloats: 2.0\n'),
        (("x", b"\xff"), 'name: "a"\nstrings: "x"\nstrings: "\\377"\n'),
        ((), 'name: "a"\n'),
    ],
)
def test_text_of_a_value(value: ArgumentValue, text: str) -> None:
    assert format_argument("a", value) == text


@pytest.mark.parametrize(
    "values",
    [(1, 1.0, (1,), (1.0,), "1"), (0.0, -0.0), ((0.0,), (-0.0,)), ("a", b"\xff")],
    ids=repr,
)
def test_equal_values_of_other_kinds_have_other_texts(values: tuple[ArgumentValue, ...]) -> None:
    forward = [format_argument("a", value) for value in values]
    backward = [format_argument("a", value) for value in reversed(values)]
    assert len(set(forward)) == len(values)
    assert forward == backward[::-1], "what was asked for before must not matter"


def test_figures_of_the_published_table_are_read() -> None:
    assert parse_argument('name: "kernel"\ni: 3\n') == ("kernel", 3)
    assert parse_argument('name: "order"\ns: "NHWC"\n') == ("order", "NHWC")
    assert parse_argument('name: "kernels" ints: [3, 5]') == ("kernels", (3, 5))
    assert format_argument(*parse_argument('name: "alpha"\nf: 0.10000000149011612\n')).endswith("f: 0.1\n")


@pytest.mark.parametrize(
    "text", ["kernel: 3", 'name: "a"\ni: 3.5', 'name: "a" i: 1 i: 2', "\ud800", "{" * 3000]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not the text of an argument"):
        parse_argument(text)


def test_bytes_that_are_text_come_back_as_text() -> None:
    assert argument_value(make_argument("order", b"NHWC")) == "NHWC"
    assert argument_value(make_argument("order", b"\xff\xfe")) == b"\xff\xfe"


def bits(value: object) -> object:
    """Tell 1 from 1.0 and 0.0 from -0.0."""
    if isinstance(value, tuple):
        return tuple(map(bits, value))
    return struct.pack("<d", value) if isinstance(value, float) else (type(value), value)


@given(names, values)
def test_what_is_written_is_read(name: str, value: ArgumentValue) -> None:
    read_name, read_value = parse_argument(format_argument(name, value))
    assert read_name == name
    if not is_denormal(value):
        assert bits(read_value) == bits(value)


@given(names, values)
def test_texts_are_stable(name: str, value: ArgumentValue) -> None:
    text = format_argument(name, value)
    assert format_argument(*parse_argument(text)) == text


def test_not_a_number_keeps_being_none() -> None:
    _, value = parse_argument(format_argument("a", math.nan))
    assert isinstance(value, float)
    assert math.isnan(value)
