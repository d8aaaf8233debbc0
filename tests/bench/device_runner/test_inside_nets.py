"""What an engine's nodes take inside running nets, with both engines on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.device_runner import HostDevice, NetProfiled, profile_nets
from bench.engines import CAFFE2, XNNPACK, Engine, NetSource
from lut.entries import RunConfig
from lut.frontends import load_model
from lut.zoo import write_net
from tests.bench.conftest import FaultyHost
from tests.busy import BUSY
from tests.lut.samples import written_model

CONFIG = RunConfig(passes=2, iters=3, warmup=1)


@pytest.fixture(scope="module", params=[CAFFE2, XNNPACK], ids=lambda engine: engine.name)
def device(request: pytest.FixtureRequest) -> HostDevice:
    engine: Engine = request.param
    engine.build("host")
    device = HostDevice(engine=engine)
    device.prepare(lambda _: None)
    return device


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_every_operator_has_its_nodes_and_these_take_the_profiled_run(
    device: HostDevice, precision: str, tmp_path: Path
) -> None:
    model = load_model(write_net("FBNet-96", precision, tmp_path))
    source = device.engine.lower_model("net", model)
    fused = device.engine.traits.fuses_activations
    assert len(source.nodes) == len(model.choose_ops(fused=fused))
    visits = profile_nets(device, [source], CONFIG)["net"]
    if visits == BUSY:
        return
    assert len(visits) == 2
    for visit in visits:
        assert isinstance(visit, NetProfiled)
        assert len(visit.nodes_ns) == sum(source.nodes)
        assert None not in visit.nodes_ns
        assert set(visit.unmatched_ns) == {0}  # of runs that nothing preempted, be they three or fewer
        known = [times for times in visit.nodes_ns if times is not None]
        for run, profiled_ns in enumerate(visit.profiled_ns):
            # What the engine rounds to microseconds may be off by half of one for each of a node's kernels.
            room = visit.resolution_ns * len(known)
            assert 0 < sum(times[run] for times in known) <= profiled_ns + room


def test_a_node_that_the_engine_fuses_away_is_unknown_and_its_neighbours_are_not() -> None:
    XNNPACK.build("host")
    device = HostDevice(engine=XNNPACK)
    device.prepare(lambda _: None)
    image = "f32 0 0 0 4 1 32 32 8"
    text = (
        f"xnnpack 1 2\nvalue input {image}\nvalue output {image}\n"
        "value weight f32 0 0 0 4 8 3 3 8\nvalue bias f32 0 0 0 1 8\n"
        f"value inner {image}\nvalue inner {image}\n"
        "node convolution 13 1 1 1 1 3 3 1 1 1 1 1 8 8 0 4 0 2 3 4\n"
        "node clamp 0 2 0 1 2 4 5\n"
        "node tanh 0 0 2 5 1\n"
    )
    outputs = b'[{"name":"output_0","shape":[1,32,32,8],"dtype":1}]'
    found = profile_nets(device, [NetSource("net", outputs, text.encode())], CONFIG)["net"]
    if found == BUSY:
        return
    visit = found[0]
    assert isinstance(visit, NetProfiled)
    assert [times is None for times in visit.nodes_ns] == [False, True, False]
    assert set(visit.unmatched_ns) == {0}


def test_a_net_that_the_engine_refuses_does_not_keep_the_others_from_their_visits(
    host: FaultyHost, tmp_path: Path
) -> None:
    good = CAFFE2.lower_model("good", load_model(written_model(tmp_path / "net")))
    found = profile_nets(host, [NetSource("bad", b"\xff", b"\xff"), good], CONFIG)
    assert found["bad"] == "parse: the init net is no serialised NetDef"
    assert found["good"] == BUSY or [type(visit) for visit in found["good"]] == [NetProfiled] * 2
    assert host.starts == 1
