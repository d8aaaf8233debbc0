"""What stands beside a table: read for what it says of the measuring, refused when it is damaged."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from lut.errors import FileError
from lut.sidecar import Setting, read_origins, read_setting, sidecar_path, write_sidecar
from tests.lut.samples import CONFIG, PROGRAM


def segment(threads: int, cpus: str, program: str = "ab") -> dict[str, object]:
    return {"config": {"threads": threads, "cpus": cpus}, "program": {"sha256": program}}


def test_the_setting_is_that_of_all_segments(tmp_path: Path) -> None:
    path = tmp_path / "table.json.zip"
    assert read_setting(path) is None
    write_sidecar(sidecar_path(path), {"segments": [segment(2, "0x3"), segment(2, "0x3", "cd")]})
    assert read_setting(path) == Setting(2, "0x3", frozenset({"ab", "cd"}))


def test_the_origins_are_every_program_and_configuration(tmp_path: Path) -> None:
    path = tmp_path / "table.json.zip"
    assert read_origins(path) == set()
    other = replace(CONFIG, threads=4)
    said = [{"program": asdict(PROGRAM), "config": asdict(config)} for config in (CONFIG, other, CONFIG)]
    write_sidecar(sidecar_path(path), {"segments": said})
    assert read_origins(path) == {(PROGRAM, CONFIG), (PROGRAM, other)}
    several: list[object] = [[7], 7, [{"program": None, "config": {}}], [said[0] | {"config": {"pace": 3}}]]
    for wrong in several:
        write_sidecar(sidecar_path(path), {"segments": wrong})
        with pytest.raises(FileError, match="segments that can't be understood"):
            read_origins(path)


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
