"""What stands beside a table: read for what it says of the measuring, refused when it is damaged."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from lut.entries import DeviceInfo, Segment
from lut.errors import FileError
from lut.sidecar import (
    VERSION,
    MarkedOp,
    Setting,
    Sidecar,
    format_sidecar,
    parse_sidecar,
    read_config,
    read_setting,
    sidecar_path,
)
from tests.lut.samples import CONFIG, CONV, PROGRAM, SEGMENT

PATH = Path("table.meta.json")


def segment(threads: int, cpus: str, program: str = "ab", like_cpus: str = "") -> Segment:
    device = DeviceInfo("host-a", "host", "host", {"like_cpus": like_cpus})
    config = replace(CONFIG, threads=threads, cpus=cpus)
    return Segment(device, replace(PROGRAM, sha256=program), config, "2026-01-01T00:00:00Z")


def of(*segments: Segment) -> Sidecar:
    return Sidecar(segments=segments)


def test_what_is_written_is_read_back() -> None:
    sidecar = Sidecar(
        device="Box-12-6.1",
        records=1,
        segments=(SEGMENT, segment(2, "0x3")),
        marked=(MarkedOp(*CONV.key, reason="it rained"),),
        disturbances={"repeated_visits": {"canary": 3}},
    )
    assert parse_sidecar(format_sidecar(sidecar), PATH) == sidecar
    assert sidecar.marked is not None
    assert sidecar.marked[0].key == CONV.key


def test_it_lies_beside_a_table_plain_or_zipped() -> None:
    assert sidecar_path(Path("a.json.zip")) == sidecar_path(Path("a.json")) == Path("a.meta.json")


def test_the_setting_is_that_of_all_segments() -> None:
    assert read_setting(None, "table") is None
    told = of(segment(2, "0x3"), segment(2, "0x3", "cd"))
    assert read_setting(told, "table") == Setting(2, "0x3", frozenset({"ab", "cd"}))


def test_processors_that_are_alike_are_one_setting() -> None:
    told = of(*(segment(1, cpus, like_cpus="0xf") for cpus in ("0x2", "0x1")))
    assert read_setting(told, "table") == Setting(1, "0x2", frozenset({"ab"}))
    assert read_config(told) == replace(CONFIG, cpus="0x2")
    unlike = of(*(segment(1, cpus, like_cpus="0x1 0x2") for cpus in ("0x2", "0x1")))
    with pytest.raises(FileError, match="--cpus 0x1 and --threads 1 --cpus 0x2"):
        read_setting(unlike, "table")
    assert read_config(unlike) is None


def test_settings_that_differ_are_refused_unless_all_are_asked_for() -> None:
    told = of(segment(1, "0x2"), segment(2, ""))
    with pytest.raises(FileError, match=r"measured with --threads 1 --cpus 0x2 and --threads 2\. Say by"):
        read_setting(told, "table")
    assert read_setting(told, "table", mixed=True) is None


@pytest.mark.parametrize(("cpus", "like_cpus"), [("all", "0xf"), ("0x1", "unavailable"), ("", "0xf")])
def test_what_is_no_mask_is_like_no_other(cpus: str, like_cpus: str) -> None:
    assert read_setting(of(segment(1, cpus, like_cpus=like_cpus)), "table") == Setting(
        1, cpus, frozenset({"ab"})
    )
    told = of(*(segment(1, each, like_cpus=like_cpus) for each in (cpus, "0x2")))
    assert read_setting(told, "table", mixed=True) is None


def test_a_mixture_is_told_by_what_differs() -> None:
    assert of(segment(1, "0x2"), segment(1, "0x2")).describe_mixture() == ""
    mixed = of(segment(1, "0x2"), segment(4, "0x2", program="cd"), segment(1, "0x2"))
    assert mixed.describe_mixture() == "program sha256 ab and cd, config threads 1 and 4"
    assert not Sidecar(has_unknown_origin=True).is_mixed
    assert Sidecar(segments=(SEGMENT,), has_unknown_origin=True).is_mixed


@pytest.mark.parametrize(
    "text", ["[]", "{", "", "[" * 100_000, '{"segments": 7}', '{"segments": [7]}', "\xff"]
)
def test_what_is_no_sidecar_is_refused(text: str) -> None:
    with pytest.raises(FileError, match="Move it away to go on without what it says"):
        parse_sidecar(text.encode("latin-1"), PATH)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("config", "threads", "several"),
        ("config", "threads", [1]),
        ("config", "pace", 3),
        ("device", "facts", None),
        ("device", "facts", ["like_cpus"]),
        ("program", "pace", 3),
    ],
)
def test_a_segment_with_a_value_of_another_kind_is_refused(part: str, name: str, value: object) -> None:
    said = segment(1, "0x1").to_json()
    said[part][name] = value
    with pytest.raises(FileError, match="Move it away"):
        parse_sidecar(json.dumps({"segments": [said]}).encode(), PATH)


def test_a_newer_version_is_refused_by_name() -> None:
    text = json.dumps({"version": VERSION + 1, "unheard_of": 1}).encode()
    with pytest.raises(
        FileError, match=rf"is of version {VERSION + 1}; this program reads version {VERSION}"
    ):
        parse_sidecar(text, PATH)
