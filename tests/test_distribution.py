"""What is published, without the checkout: the same commands, with the C++ source and all figures in it."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import lut
from lut.table.formats.json_lut import write
from tests.lut.samples import FC, RELU, SOFTMAX, record, written_model

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `python -m build` makes: the sdist, and the wheel out of it, so that it holds all that takes."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (built,) = dist.glob("*.whl")
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


def test_the_sdist_holds_what_building_takes_and_nothing_else_of_a_checkout(dist: Path) -> None:
    (built,) = dist.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    own = {name.partition("/")[0] for name in names}
    assert own == {".gitignore", "LICENSE", "PKG-INFO", "README.md", "bench", "lut", "pyproject.toml"}
    assert [name for name in names if name.startswith("lut/data")] == []
    assert not [name for name in names if name.endswith((".run.jsonl", ".plan.jsonl", "database.json"))]


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    told = email.message_from_bytes(archive.read(name))
    assert told["License-Expression"] == "Apache-2.0"
    assert told.get_all("License-File") == ["LICENSE"]
    assert told["Description-Content-Type"] == "text/markdown"
    assert told["Author"] == told["Maintainer"] == "The cnn-latency-lut authors"
    assert name.replace("METADATA", "licenses/LICENSE") in archive.namelist()


def test_one_place_has_the_version(wheel: Path, installed: Path) -> None:
    _, version, *_ = wheel.name.split("-")
    for command in ("lut", "bench"):
        assert run_installed(installed, command, "--version") == f"{command}, version {version}\n"
    assert lut.__version__ == version


def test_the_wheel_looks_a_net_up(installed: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.json"
    write([record(op, 5.0) for op in (FC, RELU, SOFTMAX)], table)
    model = written_model(tmp_path)
    told = run_installed(installed, "lut", "estimate", str(model), "--lut", str(table))
    assert "15.000" in told


def test_the_wheel_builds_nets(installed: Path, tmp_path: Path) -> None:
    run_installed(installed, "lut", "models", "build", "FBNet-96", "-q", "-o", str(tmp_path))
    assert "Int8Softmax" in run_installed(installed, "lut", "ops", str(tmp_path / "FBNet-96" / "int8"))


def test_the_wheel_finds_the_same_program_as_the_checkout(installed: Path) -> None:
    from bench.engines import CAFFE2

    assert run_installed(installed, "bench", "build") == f"{CAFFE2.build('host').executable}\n"
