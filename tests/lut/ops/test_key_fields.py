"""A key's fields: what is taken is what JSON says, and what no key holds is refused."""

from __future__ import annotations

import itertools
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.ops import KeyFields, OpKey

LINE = '{"op_type": "Relu", "op_args": ["a"], "input_shapes": [[1, 4]], "input_dtypes": [1]}'

decode = msgspec.json.Decoder(KeyFields).decode


def plain_key(fields: dict[str, Any]) -> OpKey:
    shapes = tuple(map(tuple, fields["input_shapes"]))
    return OpKey(fields["op_type"], tuple(fields["op_args"]), shapes, tuple(fields["input_dtypes"]))


def is_key(fields: dict[str, Any]) -> bool:
    """Tell by hand whether these are the fields of a key."""
    texts, shapes, dtypes = fields["op_args"], fields["input_shapes"], fields["input_dtypes"]
    if not isinstance(fields["op_type"], str) or not all(
        isinstance(each, list) for each in (texts, shapes, dtypes)
    ):
        return False
    if not all(isinstance(shape, list) for shape in shapes) or len(shapes) != len(dtypes):
        return False
    numbers = [*dtypes, *itertools.chain(*shapes)]
    is_text = all(isinstance(text, str) for text in texts)
    return is_text and all(type(number) is int and 0 <= number < 1 << 63 for number in numbers)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Relu", "Relu"),
        ("Relu", "\\u0000"),
        ("Relu", "\\ud83d\\ude00"),
        ('"op_type": "Relu"', '"op_type": "Conv", "op_type": "Relu"'),
        ("op_type", "op\\u005ftype"),
        ("[[1, 4]]", "[[9223372036854775807]]"),
        ("[[1, 4]]", "[[-0]]"),
        (", ", "\t,\r"),
    ],
)
def test_what_it_takes_is_what_json_gives(old: str, new: str) -> None:
    line = LINE.replace(old, new)
    assert decode(line.encode()).key == plain_key(json.loads(line))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Relu", "\\ud800"),
        ("Relu", "\t"),
        ('"Relu"', "null"),
        ('"op_type"', '"extra": 1, "op_type"'),
        ('"op_args": ["a"], ', ""),
        ("[[1, 4]]", "[[1, 4], []]"),
        ("[[1, 4]]", "[[1, 4.0]]"),
        ("[[1, 4]]", "[[1, -4]]"),
        ("[[1, 4]]", "[[1, true]]"),
        ("[[1, 4]]", "[[1, 9223372036854775808]]"),
        ("[[1, 4]]", "[[1, NaN]]"),
        ("[[1, 4]]", "[" * 100_000),
        ("[[1, 4]]", f"[[{'1' * 5000}]]"),
        (LINE, f"\ufeff{LINE}"),
        (LINE, f"{LINE}{LINE}"),
    ],
    ids=range(15),
)
def test_refusal(old: str, new: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(LINE.replace(old, new).encode())


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
lists = st.lists(values | st.lists(values, max_size=2), max_size=2)


@given(name=st.sampled_from(sorted(json.loads(LINE))), value=values | lists)
def test_any_field(name: str, value: object) -> None:
    line = json.dumps(json.loads(LINE) | {name: value})
    if is_key(json.loads(line)):
        assert decode(line.encode()).key == plain_key(json.loads(line))
    else:
        with pytest.raises(ValueError, match=r"."):
            decode(line.encode())
