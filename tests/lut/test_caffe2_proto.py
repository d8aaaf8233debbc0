"""The messages of caffe2.proto: their descriptor is fresh, and every protobuf from 4.25 on makes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import lut
from tests.lut.lookups import DEVICE, DIMS, MODEL, TABLE, prepare_lookups, run_alone

PACKAGE = Path(lut.__file__).parent


def test_the_descriptor_and_the_stub_are_fresh(tmp_path: Path) -> None:
    fresh = tmp_path / "caffe2.desc"
    flags = [f"-I{PACKAGE}", f"--descriptor_set_out={fresh}", f"--pyi_out={tmp_path}", "caffe2.proto"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *flags], check=True)
    for made in (fresh, tmp_path / "caffe2_pb2.pyi"):
        assert (PACKAGE / made.name).read_bytes() == made.read_bytes(), "run `make proto`"


@pytest.fixture(params=["4.25.8", "5.29.5", "6.33.6", "7.35.1"])
def protobuf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A version of protobuf, and a folder that holds it alone."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    options = ["--only-binary=:all:", "--retries=1", f"--target={folder}", f"protobuf=={request.param}"]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"protobuf {request.param} can't be installed: {done.stderr.strip().splitlines()[-1]}")
    return request.param, folder


def test_a_net_is_written_read_and_looked_up(protobuf: tuple[str, Path], tmp_path: Path) -> None:
    version, site = protobuf
    here, there = tmp_path / "here", tmp_path / "there"
    prepare_lookups(here)
    prepare_lookups(there)
    tell = "import google.protobuf\nprint(google.protobuf.__version__)"

    def run(*arguments: str) -> str:
        outcome = run_alone(there, *arguments, before=tell, environment={"PYTHONPATH": str(site)})
        used, _, printed = outcome.partition("\n")
        assert used == version
        return printed

    (there / MODEL / "model.pb").unlink()
    run("models", "build", "FBNet-96", "--quiet", "-o", ".")
    assert (there / MODEL / "model.pb").read_bytes() == (here / MODEL / "model.pb").read_bytes()
    for command in (["estimate", MODEL, "--lut", TABLE], ["ops", MODEL, "--json"]):
        assert run(*command) == run_alone(here, *command)
    options = ["--model_path", MODEL, "--db_dir", ".", "--device", DEVICE, "--input_dims", DIMS]
    assert "All operators found in the table? True" in run("get-runtime", *options)
