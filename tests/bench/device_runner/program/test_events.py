"""What the program prints becomes an event, or an error: never a number that was not measured."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.device_runner.program import End, Gaps, NetFailed, NetTimed
from bench.device_runner.program.events import Begin, ParseError, Started, parse_event
from lut.entries import Conditions, Discarded
from lut.ops import TensorSpec

TIMED: dict[str, Any] = {
    "event": "net",
    "id": "a1",
    "pass": 1,
    "samples_ns": [1200, 1100],
    "warmup_ns": [5000],
    "repeats": 1,
    "outputs": [{"name": "output_0", "shape": [1, 7, 7, 16], "dtype": 6}],
    "khz_before": 1900800,
    "khz_after": None,
    "engine_ns": 7400,
    "load_ns": 300,
}


def test_a_visit_with_everything_in_it() -> None:
    event = parse_event(json.dumps(TIMED))
    assert event == NetTimed(
        id="a1",
        pass_index=1,
        samples_ns=(1200, 1100),
        warmup_ns=(5000,),
        repeats=1,
        outputs=(TensorSpec((1, 7, 7, 16), 6),),
        khz_before=1900800,
        khz_after=None,
        discarded=Discarded(),
        engine_ns=7400,
        load_ns=300,
    )
    assert event.conditions == Conditions(khz_before=1900800)


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            '{"event":"start","version":1,"nets":2,"threads":1,"cpus":"0x2"}',
            Started(nets=2, threads=1, cpus="0x2"),
        ),
        ('{"event":"begin","id":"a1","pass":0}', Begin("a1")),
        ('{"event":"load","id":"a1"}', Begin("a1")),
        (
            '{"event":"error","id":"a1","pass":0,"stage":"run","message":"no"}',
            NetFailed("a1", "run", "no"),
        ),
        (
            '{"event":"gaps","span_ns":900,"at_ns":[0,500],"took_ns":[20,30]}',
            Gaps(900, (0, 500), (20, 30)),
        ),
        ('{"event":"end","engine_ns":1,"load_ns":1,"wall_ns":2}', End()),
    ],
    ids=["start", "begin", "load", "error", "gaps", "end"],
)
def test_the_other_events(line: str, event: object) -> None:
    assert parse_event(line) == event


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("samples_ns", []),
        ("samples_ns", [1200, 0]),
        ("samples_ns", [1200, -5]),
        ("samples_ns", [1200.5]),
        ("samples_ns", [True]),
        ("samples_ns", None),
        ("warmup_ns", [0]),
        ("repeats", 0),
        ("khz_before", 0),
        ("khz_before", float("inf")),
        ("samples_ns", [1 << 63]),
        ("samples_ns", [10**400]),
        ("pass", "first"),
        ("pass", -1),
        ("id", 7),
        ("id", "half a pair: \ud800"),
        ("settled", 1),
        ("spoilt_by", "rain"),
        ("discarded", {"rain": []}),
        ("load_ns", -1),
        ("outputs", [{"shape": [-1], "dtype": 1}]),
        ("outputs", [{"shape": [1.5], "dtype": 1}]),
        ("engine_ns", 0),
        ("outputs", 3),
        ("event", "nett"),
    ],
)
def test_a_figure_that_can_not_be_one_is_an_error(field: str, value: object) -> None:
    with pytest.raises(ParseError, match="which is not one of its events"):
        parse_event(json.dumps({**TIMED, field: value}))


@pytest.mark.parametrize("field", sorted(set(TIMED) - {"load_ns"}))
def test_a_field_that_is_absent_is_an_error(field: str) -> None:
    with pytest.raises(ParseError):
        parse_event(json.dumps({name: value for name, value in TIMED.items() if name != field}))


@pytest.mark.parametrize(
    "line",
    [
        '{"event":"start","version":1,"nets":2,"threads":"one","cpus":"0x2"}',
        '{"event":"start","version":1,"nets":2,"threads":1,"cpus":2}',
        '{"event":"error","id":"a1","stage":"run","message":{}}',
        '{"event":"gaps","span_ns":900,"at_ns":[0],"took_ns":[20,30]}',
        '{"event":"gaps","span_ns":900,"at_ns":[-1],"took_ns":[20]}',
        '{"event":"values","id":"a1","values":["0g"]}',
        '{"event":"end","canary_ns":37000}',
        '{"event":"end","canary_ns":0,"canary_memory_ns":1}',
        '{"event":"begin","id":"a1","x":' + "[" * 100_000,
    ],
    ids=range(9),
)
def test_a_field_of_another_event_is_checked_too(line: str) -> None:
    with pytest.raises(ParseError, match="which is not one of its events"):
        parse_event(line)


def test_another_version_is_an_error() -> None:
    with pytest.raises(ParseError, match="version 2 where 1 is expected"):
        parse_event('{"event":"start","version":2,"nets":2,"threads":1,"cpus":"0x2"}')


@given(st.integers(0, len(json.dumps(TIMED)) - 1))
def test_a_line_cut_anywhere_is_an_error(length: int) -> None:
    with pytest.raises(ParseError):
        parse_event(json.dumps(TIMED)[:length])


@given(st.text().filter(lambda line: '"event"' not in line))  # hypothesis knows lines of other tests
def test_any_text_that_names_no_event_is_an_error(line: str) -> None:
    with pytest.raises(ParseError):
        parse_event(line)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_any_json_in_any_field_is_an_event_or_an_error(value: object) -> None:
    for field in TIMED:
        try:
            event = parse_event(json.dumps({**TIMED, field: value}))
        except ParseError:
            continue
        assert not isinstance(event, NetTimed) or all(sample > 0 for sample in event.samples_ns)
