"""The manifest's bytes, as the program's C++ reader expects them."""

from __future__ import annotations

from bench.device_runner.program.manifest import encode_manifest
from bench.engines import CAFFE2
from tests.bench.conftest import relu


def test_a_manifest_is_a_line_of_header_then_nets_with_their_sizes() -> None:
    net = CAFFE2.lower(relu(4))
    header = f"speed_benchmark manifest 1\nnet {net.id} {len(net.first)} {len(net.second)}\n".encode()
    assert encode_manifest([net]) == header + net.first + net.second


def test_an_empty_manifest_is_its_first_line() -> None:
    assert encode_manifest([]) == b"speed_benchmark manifest 1\n"
