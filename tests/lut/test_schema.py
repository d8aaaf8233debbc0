"""The schema: what is out of bounds is a ValueError, whatever was wrong, and what is written is read back."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.errors import FileError
from lut.schema import (
    Factor,
    Name,
    Nanoseconds,
    Record,
    Share,
    Text,
    Whole,
    convert,
    decode,
    encode_file,
    encode_line,
    refuse_newer,
    to_json,
)


class Sample(Record, frozen=True):
    name: Name
    took_ns: tuple[Nanoseconds, ...] = ()
    count: Whole = 0
    share: Share = 0.0
    factor: Factor = 1.0
    said: Text | None = None


whole = st.integers(0, (1 << 63) - 1)
finite = st.floats(0, allow_nan=False, allow_infinity=False)
samples = st.builds(
    Sample,
    name=st.text(max_size=1000),
    took_ns=st.lists(whole.filter(bool), max_size=4).map(tuple),
    count=whole,
    share=finite,
    factor=finite.filter(bool),
    said=st.none() | st.text(),
)


@given(samples)
def test_what_is_written_is_read_back(sample: Sample) -> None:
    line = encode_line(sample)
    assert line.index(b"\n") == len(line) - 1
    assert decode(line, Sample) == decode(encode_file(sample), Sample) == sample
    assert convert(to_json(sample), Sample) == sample


def test_a_line_is_spaced_as_python_does_it() -> None:
    sample = Sample("a", (1, 2))
    assert encode_line(sample).decode() == json.dumps(to_json(sample)) + "\n"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 7),
        ("name", "x" * 1001),
        ("name", None),
        ("took_ns", [0]),
        ("took_ns", [True]),
        ("took_ns", [1.5]),
        ("took_ns", [1 << 63]),
        ("took_ns", [10**400]),
        ("count", -1),
        ("count", 1 << 63),
        ("count", 10**400),
        ("share", -0.5),
        ("share", math.nan),
        ("share", math.inf),
        ("share", 10**400),
        ("share", "1"),
        ("factor", 0),
        ("factor", -math.inf),
        ("said", "x" * ((1 << 20) + 1)),
        ("further", 1),
    ],
    ids=range(20),
)
def test_what_is_out_of_bounds_is_refused_however_it_comes(field: str, value: object) -> None:
    fields = {"name": "a", field: value}
    with pytest.raises(ValueError, match=r"."):
        convert(fields, Sample)
    with pytest.raises(ValueError, match=r"."):
        decode(json.dumps(fields), Sample)


@pytest.mark.parametrize(
    "text",
    [b"", b"\xff", b"{", b"[]", b"\x00", b"[" * 100_000, b'{"name": "a", "x": ' + b"[" * 100_000, "\ud800"],
    ids=range(8),
)
def test_what_is_no_record_is_refused(text: bytes | str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(text, Sample)


@given(st.binary() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_any_text_is_a_record_or_a_value_error(text: bytes | str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(text, Sample)


def test_half_a_surrogate_pair_is_not_written() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        encode_line(Sample("\ud800"))


@pytest.mark.parametrize("version", [7, 1.5, 10**30])
def test_a_newer_version_is_refused_in_a_sentence(version: float) -> None:
    with pytest.raises(FileError) as caught:
        refuse_newer(json.dumps({"version": version, "name": []}).encode(), 1, "run.jsonl:3")
    assert str(caught.value) == (
        f"run.jsonl:3 is of version {version}; this program reads version 1. Update cnn-latency-lut."
    )


@pytest.mark.parametrize("text", [b'{"version": 1}', b"{}", b'{"version": "x"}', b"[]", b"x"])
def test_any_other_is_let_pass(text: bytes) -> None:
    refuse_newer(text, 1, "run.jsonl:3")
