"""The spaces of FBNet and ChamNet: their sizes, and the released nets in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bench.campaign import run_plan
from bench.op_generators import SPACES
from bench.op_generators.chamnet import make_hull
from lut.errors import FileError, ModelError
from lut.ops import KeyFields, infer_outputs
from lut.schema import decode
from lut.spaces import BLOCK_SPACES
from tests.bench.conftest import CONFIG, FaultyHost

SMALL_HULL: dict[str, Any] = {"expansions": (4,), "stem": (8, 8), "last": (1280, 1280), "width_step": 16}


def size(space: str, **options: Any) -> int:
    return sum(1 for _ in SPACES[space].generate(**options))


def test_fbnet_s_operators_are_those_of_its_blocks_and_more() -> None:
    of_space = set(SPACES["fbnet"].generate(resolutions=(224,)))
    blocks = BLOCK_SPACES["fbnet"]()
    of_blocks = {op for layer in blocks.choices for block in layer for op in block} | set(blocks.fixed)
    assert len(of_blocks) > 150
    assert of_blocks < of_space


def test_fbnet_is_as_large_as_it_is_known_to_be() -> None:
    # About 220 by the nine blocks with both depthwise types; the tenth block adds a few.
    assert size("fbnet", resolutions=(224,)) == 226
    assert size("fbnet") == 441


def test_the_hull_of_chamnet_is_as_large_as_it_is_known_to_be() -> None:
    assert size("chamnet") == 21_180  # known as about 21 000
    wide = {"resolutions": (96, 128, 160, 192, 224), "expansions": (2, 3, 4, 5, 6)}
    assert size("chamnet", **wide) == 34_810  # known as about 34 000


def test_the_hull_holds_its_bounds_and_the_released_widths_between_the_steps() -> None:
    hull = make_hull()
    assert (hull.stems, hull.expansions) == ((8, 16, 24, 32), (4, 5, 6))
    assert (hull.widths[0], hull.widths[1]) == ((8, 16, 24), (24, 32, 40))
    assert {92, 104} <= {*hull.widths[3], *hull.widths[4]}
    assert (min(hull.lasts), max(hull.lasts)) == (1280, 2016)
    given = make_hull(**SMALL_HULL, widths=((8, 9),) * 7)
    assert (given.stems, given.widths, given.lasts) == ((8,), ((8,),) * 7, (1280,))


@pytest.mark.parametrize(("space", "options"), [("fbnet", {}), ("chamnet", SMALL_HULL)])
def test_every_operator_of_both_precisions_fits_its_rule_and_is_there_once(
    space: str, options: dict[str, Any]
) -> None:
    ops = list(SPACES[space].generate(**options, resolutions=(128,), precisions=("int8", "fp32")))
    assert len(set(ops)) == len(ops)
    for op in ops:
        infer_outputs(op)


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_the_released_nets_are_in_their_spaces(precision: str, shared_models: Path) -> None:
    nets = sorted(shared_models.glob(f"*/{precision}/queries.jsonl"))
    assert len(nets) == 12
    for space in ("fbnet", "chamnet"):
        keys = {op.key for op in SPACES[space].generate(precisions=(precision,))}
        for queries in nets:
            if space in queries.parts[-3].lower():
                asked = [decode(line, KeyFields).key for line in queries.read_text().splitlines()]
                assert [key for key in asked if key not in keys] == [], queries


def test_resolutions_are_multiples_of_32() -> None:
    with pytest.raises(ModelError, match=r"Resolution 100 is not a multiple of 32.*: take 128\."):
        size("fbnet", resolutions=(100,))


def test_spaces_name_the_option_they_need() -> None:
    with pytest.raises(ModelError, match="give one or more by --model"):
        size("models")
    with pytest.raises(FileError, match=r"give --grid FILE\.toml"):
        size("grid")


def test_all_of_fbnet_runs_on_the_engine(host: FaultyHost, tmp_path: Path) -> None:
    plan = SPACES["fbnet"].generate(resolutions=(96,), precisions=("int8", "fp32"))
    summary = run_plan(plan, host, replace(CONFIG, passes=1, iters=1, warmup=0), tmp_path / "run.jsonl")
    assert (summary.failed, summary.measured) == (0, summary.planned)
