"""Which compiler a target gets, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.engines import CAFFE2, XNNPACK, Engine
from bench.speed_benchmark import Target, choose_target, compiler
from bench.speed_benchmark.compiler import Compiler, explain_missing_compiler, find_compiler
from lut.errors import EngineError


@pytest.fixture
def _without_gxx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def has_zig(monkeypatch: pytest.MonkeyPatch, *, there: bool) -> None:
    monkeypatch.setattr(compiler, "find_spec", lambda _: object() if there else None)


def target_of(engine: Engine, name: str = "host") -> Target:
    return choose_target(name, engine.runtimes)


def test_the_system_s_own_compiler_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    has_zig(monkeypatch, there=True)
    found = find_compiler(target_of(XNNPACK))
    assert found is not None
    assert found.command == ("g++",)


@pytest.mark.usefixtures("_without_gxx")
def test_without_it_zig_builds_what_shares_c_functions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    has_zig(monkeypatch, there=True)
    found = find_compiler(target_of(XNNPACK))
    assert found is not None
    assert found.name == "zig"
    assert found.command[-1].endswith("-linux-gnu.2.28")
    assert find_compiler(target_of(CAFFE2)) is None
    assert find_compiler(target_of(XNNPACK, "android-arm64")) is None
    has_zig(monkeypatch, there=False)
    assert find_compiler(target_of(XNNPACK)) is None


def test_every_way_out_is_named_where_it_is_one(tmp_path: Path) -> None:
    ways = {
        (engine.name, name): explain_missing_compiler(target_of(engine, name), tmp_path)
        for engine in (CAFFE2, XNNPACK)
        for name in ("host", "android-arm64")
    }
    assert all("Install the Debian package g++" in way for way in ways.values())
    assert [key for key, way in ways.items() if "[zig]" in way] == [("xnnpack", "host")]
    assert {name for (_, name), way in ways.items() if str(tmp_path) in way} == {"android-arm64"}


def test_a_failure_has_the_compiler_s_name_and_words(tmp_path: Path) -> None:
    script = "echo no such library >&2; exit 3"
    with pytest.raises(EngineError, match=r"zig failed to link \(exit code 3\):\nno such library"):
        Compiler("zig", ("sh", "-c", script), ("sh",)).run([], "link", tmp_path)
