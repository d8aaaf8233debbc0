"""The manifest's bytes, as the program's C++ reader expects them."""

from __future__ import annotations

from bench.device_runner.program.manifest import encode_manifest
from bench.nets import build_nets
from tests.bench.conftest import relu


def test_a_manifest_is_a_line_of_header_then_nets_with_their_sizes() -> None:
    nets = build_nets(relu(4))
    init, predict = nets.init_net.SerializeToString(), nets.predict_net.SerializeToString()
    header = f"speed_benchmark manifest 1\nnet {nets.id} {len(init)} {len(predict)}\n".encode()
    assert encode_manifest([nets]) == header + init + predict


def test_an_empty_manifest_is_its_first_line() -> None:
    assert encode_manifest([]) == b"speed_benchmark manifest 1\n"
