"""What nets compute, and what a net that fails costs the others."""

from __future__ import annotations

import signal

import numpy as np
import pytest

import bench.engines.caffe2.nets
from bench.device_runner import run_values
from bench.engines import CAFFE2, NetSource
from lut.errors import DeviceError
from lut.ops import OpSpec
from tests.bench.conftest import Fault, FaultyHost, relu, slow_conv, softmax

OPS = [relu(4), relu(8), relu(16)]


def lower(op: OpSpec) -> NetSource:
    """The operator on -0.5 everywhere but in the first place, where there is 0.25."""
    values = [np.full(tensor.shape, -0.5) for tensor in op.inputs]
    values[0].flat[0] = 0.25
    return CAFFE2.lower(op, values)


def run(host: FaultyHost, nets: list[NetSource]) -> dict[str, tuple[bytes, ...] | str]:
    return run_values(host, nets, 20, pytest.fail)


def test_every_net_tells_what_it_computed(host: FaultyHost) -> None:
    results = run(host, [lower(op) for op in OPS])
    for op in OPS:
        contents = results[op.id]
        assert isinstance(contents, tuple)
        assert len(contents) == 1
        got = CAFFE2.read_output(op, contents[0])
        assert got.shape == op.inputs[0].shape
        assert (got.flat[0], got.max(), got.sum()) == (0.25, 0.25, 0.25)
    assert host.starts == 1


def test_a_net_that_the_engine_refuses_is_told_in_its_words(host: FaultyHost) -> None:
    results = run(host, [lower(OPS[0]), NetSource("bad", b"\xff", b"\xff"), lower(OPS[1])])
    assert results["bad"] == "parse: the init net is no serialised NetDef"
    assert {type(results[op.id]) for op in OPS[:2]} == {tuple}
    assert host.starts == 1


def test_a_net_that_aborts_the_engine_costs_itself_alone(
    host: FaultyHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.engines.caffe2.nets, "PROBABILITY_SCALE", 0.1)
    results = run(host, [lower(OPS[0]), CAFFE2.lower(softmax()), lower(OPS[1])])
    assert str(results[softmax().id]).startswith("crash: killed by SIGABRT")
    assert {type(results[op.id]) for op in OPS[:2]} == {tuple}
    assert host.starts == 2


def test_a_kill_from_outside_is_no_net_s_fault(host: FaultyHost) -> None:
    victim = slow_conv()  # slow enough to be still at it when the signal comes
    host.faults.append(Fault(f'"begin","id":"{victim.id}"', signal=signal.SIGKILL))
    results = run(host, [lower(OPS[0]), CAFFE2.lower(victim), lower(OPS[1])])
    assert {type(result) for result in results.values()} == {tuple}
    assert host.starts == 2


def test_a_process_that_reaches_no_net_is_the_device_s_fault(host: FaultyHost) -> None:
    host.faults += [Fault('"start"', signal=signal.SIGKILL, cut=True) for _ in range(3)]
    with pytest.raises(DeviceError, match=r"reaching an operator; the last time: (killed by|ended)"):
        run(host, [lower(op) for op in OPS])
