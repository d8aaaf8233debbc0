"""The generated wire schema is that of caffe2.proto."""

import subprocess
import sys
from pathlib import Path

import lut

PACKAGE = Path(lut.__file__).parent


def test_generated_files_are_fresh(tmp_path: Path) -> None:
    flags = [f"-I{PACKAGE}", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", "caffe2.proto"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *flags], check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["caffe2_pb2.py", "caffe2_pb2.pyi"]
    for fresh in tmp_path.iterdir():
        assert (PACKAGE / fresh.name).read_bytes() == fresh.read_bytes(), "run `make proto`"
