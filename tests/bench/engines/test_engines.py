"""What engines state about themselves."""

from __future__ import annotations

import pytest

from bench.engines import CAFFE2, ENGINES, XNNPACK, XNNPACK_QU8, Engine
from lut.engines import fuses_activations
from lut.ops import multiply_adds


@pytest.mark.parametrize(
    ("engine", "name"),
    [(CAFFE2, "S8-7"), (XNNPACK, "S8-7-xnnpack"), (XNNPACK_QU8, "S8-7-xnnpack-qu8")],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_device_s_name_tells_its_engine_once(engine: Engine, name: str) -> None:
    assert engine.name_device("S8-7") == engine.name_device(name) == name
    assert fuses_activations([name]) == engine.traits.fuses_activations


def test_engines_are_known_by_their_names() -> None:
    assert {name: engine.name for name, engine in ENGINES.items()} == {name: name for name in ENGINES}
    assert len({engine.name_device("S8") for engine in ENGINES.values()}) == len(ENGINES)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_a_canary_runs_and_is_small(engine: Engine) -> None:
    assert engine.refusal(engine.canary) is None
    assert 500_000 < multiply_adds(engine.canary) < 10_000_000
