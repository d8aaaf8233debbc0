"""What stands beside a table: read for what it says of the measuring, refused when it is damaged."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from lut.entries import DeviceInfo, Segment
from lut.errors import FileError
from lut.sidecar import Setting, read_config, read_segments, read_setting, sidecar_path, write_sidecar
from tests.lut.samples import CONFIG, PROGRAM


def segment(threads: int, cpus: str, program: str = "ab", like_cpus: str = "") -> dict[str, object]:
    device = DeviceInfo("host-a", "host", "host", {"like_cpus": like_cpus})
    config = replace(CONFIG, threads=threads, cpus=cpus)
    return Segment(device, replace(PROGRAM, sha256=program), config, "2026-01-01T00:00:00Z").to_json()


def test_the_setting_is_that_of_all_segments(tmp_path: Path) -> None:
    path = tmp_path / "table.json.zip"
    assert read_setting(path) is None
    write_sidecar(sidecar_path(path), {"segments": [segment(2, "0x3"), segment(2, "0x3", "cd")]})
    assert read_setting(path) == Setting(2, "0x3", frozenset({"ab", "cd"}))


def test_processors_that_are_alike_are_one_setting(tmp_path: Path) -> None:
    path = tmp_path / "table.json.zip"
    write_sidecar(
        sidecar_path(path), {"segments": [segment(1, cpus, like_cpus="0xf") for cpus in ("0x2", "0x1")]}
    )
    assert read_setting(path) == Setting(1, "0x2", frozenset({"ab"}))
    assert read_config(path) == replace(CONFIG, cpus="0x2")
    write_sidecar(
        sidecar_path(path), {"segments": [segment(1, cpus, like_cpus="0x1 0x2") for cpus in ("0x2", "0x1")]}
    )
    with pytest.raises(FileError, match="--cpus 0x1 and --threads 1 --cpus 0x2"):
        read_setting(path)
    assert read_config(path) is None


def test_the_segments_are_those_of_the_journals(tmp_path: Path) -> None:
    path = tmp_path / "table.json.zip"
    assert read_segments(path) == []
    said = [segment(1, "0x2"), segment(4, "")]
    write_sidecar(sidecar_path(path), {"segments": said})
    assert [each.to_json() for each in read_segments(path)] == said
    several: list[object] = [[7], 7, [said[0] | {"program": None}], [said[0] | {"config": {"pace": 3}}]]
    for wrong in several:
        write_sidecar(sidecar_path(path), {"segments": wrong})
        with pytest.raises(FileError, match="segments that can't be understood"):
            read_segments(path)


def test_settings_that_differ_and_segments_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.json.zip"
    write_sidecar(sidecar_path(path), {"segments": [segment(1, "0x2"), segment(2, "")]})
    with pytest.raises(FileError, match=r"measured with --threads 1 --cpus 0x2 and --threads 2\. Say by"):
        read_setting(path)
    assert read_setting(path, mixed=True) is None
    several: list[object] = [[7], [{"config": {}}], 7, [segment(1, "0x1") | {"program": None}]]
    for wrong in several:
        write_sidecar(sidecar_path(path), {"segments": wrong})
        with pytest.raises(FileError, match="segments that can't be understood"):
            read_setting(path)
    for text in ("[]", "{", ""):
        sidecar_path(path).write_text(text)
        with pytest.raises(FileError, match=f"^{sidecar_path(path)} is not (a )?JSON"):
            read_setting(path)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("config", "threads", "several"),
        ("config", "threads", [1]),
        ("config", "iters", float("inf")),
        ("device", "facts", None),
        ("device", "facts", ["like_cpus"]),
        ("program", "pace", 3),
    ],
)
def test_a_segment_with_a_value_of_another_kind_is_refused(
    part: str, name: str, value: object, tmp_path: Path
) -> None:
    path = tmp_path / "table.json.zip"
    said = segment(1, "0x1")
    write_sidecar(sidecar_path(path), {"segments": [{**said, part: {**dict(said[part]), name: value}}]})  # type: ignore[call-overload]
    with pytest.raises(FileError, match="segments that can't be understood"):
        read_setting(path)


@pytest.mark.parametrize(("cpus", "like_cpus"), [("all", "0xf"), ("0x1", "unavailable"), ("", "0xf")])
def test_what_is_no_mask_is_like_no_other(cpus: str, like_cpus: str, tmp_path: Path) -> None:
    path = tmp_path / "table.json.zip"
    write_sidecar(sidecar_path(path), {"segments": [segment(1, cpus, like_cpus=like_cpus)]})
    assert read_setting(path) == Setting(1, cpus, frozenset({"ab"}))
    write_sidecar(
        sidecar_path(path), {"segments": [segment(1, each, like_cpus=like_cpus) for each in (cpus, "0x2")]}
    )
    assert read_setting(path, mixed=True) is None
