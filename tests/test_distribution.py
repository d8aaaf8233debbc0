"""The wheel, without the checkout: the same commands, with the C++ source and all figures in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(CHECKOUT)], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, "--target", str(folder), str(wheel)], check=True)
    return folder


def run_installed(site: Path, command: str, *arguments: str) -> str:
    """Run a command of the installed wheel from a folder that is no checkout."""
    code = f"import {command}.cli as cli; assert cli.__file__.startswith({str(site)!r}); cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=site,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_wheel_holds_sources_and_figures_and_no_measurement(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "bench/speed_benchmark/src/main.cc" in names
    assert {"lut/caffe2.desc", "lut/zoo/quantisation/FBNet-A.txt"} <= set(names)
    assert {"bench/py.typed", "lut/py.typed"} <= set(names)
    assert {f"lut/report/static/{name}" for name in ("report.css", "report.js", "records.js")} <= set(names)
    assert [name for name in names if name.startswith(("lut/data/", "tests/", "models/"))] == []


def test_the_wheel_builds_nets(installed: Path, tmp_path: Path) -> None:
    run_installed(installed, "lut", "models", "build", "FBNet-96", "-q", "-o", str(tmp_path))
    assert "Int8Softmax" in run_installed(installed, "lut", "ops", str(tmp_path / "FBNet-96" / "int8"))


def test_the_wheel_finds_the_same_program_as_the_checkout(installed: Path) -> None:
    from bench.engines import CAFFE2

    assert run_installed(installed, "bench", "build") == f"{CAFFE2.build('host').executable}\n"
