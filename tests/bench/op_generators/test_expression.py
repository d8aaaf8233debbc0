"""Expressions of grids: they give what Python gives, and refuse what is no arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.op_generators.expression import parse_expression

NAMES = {"Cin": "in_channels", "in_channels": "in_channels", "group": "group"}
VALUES = {"in_channels": 12, "group": 4}


def evaluate(text: str) -> object:
    function, _ = parse_expression(text, NAMES)
    return function(VALUES)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Cin", 12),
        ("2 * in_channels - 4", 20),
        ("Cin // 5 + Cin % 5", 4),
        ("-Cin", -12),
        ("Cin % group == 0", True),
        ("0 < group < Cin <= 12", True),
        ("0 < group < 3", False),
        ("group == 1 or not Cin != 12 and Cin >= 12", True),
        ("group in [1, 2, 4]", True),
        ("group not in (1, Cin // 3)", False),
        ("(Cin > 3) == True", True),
        ("group == 4 and Cin or 1", 12),
        ("group == 1 and Cin or 1", 1),
        ("*".join(["9"] * 100), 9**100),
        ("-" * 199 + "1", -1),
        (" 1.5 * group ", 6.0),
    ],
)
def test_value(text: str, value: object) -> None:
    assert evaluate(text) == value


def test_the_names_read_are_told() -> None:
    assert parse_expression("Cin + 1", NAMES)[1] == {"in_channels"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "'' is not an expression"),
        ("Cin %", "'Cin %' is not an expression"),
        ("Cin == 7or group == 1", "is not an expression"),
        ("Cout > 1", "'Cout' is not an axis here; there are Cin, group, in_channels"),
        ("2 ** Cin", r"'2 \*\* Cin' is not allowed"),
        ("Cin / 2", "'Cin / 2' is not allowed"),
        ("open('x')", r"open\(.x.\).* is not allowed"),
        ("Cin.real", "'Cin.real' is not allowed"),
        ("'text'", "not allowed"),
        ("[Cin]", r"'\[Cin\]' is not allowed"),
        ("lambda: 1", "not allowed"),
        ("Cin is 12", "`is` is not allowed"),
        ("Cin not in [1] + [2]", r"`in` is followed by '\[1\] \+ \[2\]'; expected a list"),
        ("Cin in [*[1]]", r"'\*\[1\]' is not allowed"),
        ("(Cin := 3)", r"'\(Cin := 3\)' is not allowed"),
        ("9 << 9999", "'9 << 9999' is not allowed"),
        ("__builtins__", "'__builtins__' is not an axis here"),
        ("1j", "'1j' is not allowed"),
        ("Cin in group", "`in` is followed by 'group'; expected a list"),
        ("1 if Cin else 2", "not allowed"),
        ("(" * 300, "may have 200 characters; this one has 300"),
        ("(" * 199, "is not an expression"),
        ("\0", "is not an expression"),
    ],
)
def test_refusal(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_expression(text, NAMES)


NUMBERS = st.sampled_from(["Cin", "group", "3", "0", "7"])
ARITHMETIC = st.recursive(
    NUMBERS,
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "%"]), inner).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    max_leaves=6,
)


@given(left=ARITHMETIC, relation=st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), right=ARITHMETIC)
def test_arithmetic_is_python_s(left: str, relation: str, right: str) -> None:
    text = f"{left} {relation} {right}"
    if len(text) > 200:
        return
    try:
        expected = eval(text, {"__builtins__": {}}, {"Cin": 12, "group": 4})
    except ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            evaluate(text)
    else:
        assert evaluate(text) == expected


@given(st.text(max_size=60))
def test_any_other_text_is_a_value_or_a_refusal(text: str) -> None:
    try:
        function, _ = parse_expression(text, NAMES)
        function(VALUES)
    except (ValueError, ZeroDivisionError):
        pass
