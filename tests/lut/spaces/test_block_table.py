"""Block tables: sums of what `estimate` gives, whatever way they are asked or written."""

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lut
from lut.errors import FileError
from lut.frontends import load_model
from lut.ops import OpSpec, infer_outputs
from lut.records import LutRecord
from lut.spaces import (
    BLOCK_FORMATS,
    BLOCK_SPACES,
    MissingOpsError,
    find_block_space,
    load_blocks,
    write_blocks,
)
from lut.zoo import write_net

SPACE = BLOCK_SPACES["fbnet"]()
OPS = sorted(
    {*SPACE.fixed, *(op for layer in SPACE.choices for block in layer for op in block)}, key=lambda op: op.key
)


def invented(ops: list[OpSpec]) -> lut.LutTable:
    source = random.Random(0)
    return lut.LutTable(LutRecord(op.key, (source.uniform(10, 900),) * 5, "A") for op in ops)


TABLE = invented(OPS)
BLOCKS = lut.blocks("fbnet", TABLE)


def test_the_space_is_the_published_one(tmp_path: Path) -> None:
    assert (len(SPACE.layers), len(SPACE.blocks), len(OPS)) == (22, 9, 157)
    every = {
        op
        for space in (SPACE, find_block_space("fbnet", last=1504, depthwise_relu=True))
        for op in (*space.fixed, *(op for layer in space.choices for block in layer for op in block))
    }
    assert len(every) == 220
    for op in every:
        infer_outputs(op)
    for name in ("FBNet-A", "FBNet-C"):
        assert set(load_model(write_net(name, "int8", tmp_path)).ops) <= every


def test_sums_are_those_of_estimate() -> None:
    chosen = np.random.default_rng(0).integers(0, 9, (200, 22))
    totals = BLOCKS.total_us(chosen)
    for row, total in zip(chosen, totals, strict=True):
        assert total == pytest.approx(TABLE.estimate(SPACE.net(tuple(row))).total_us, rel=1e-12)


def test_an_architecture_is_a_matrix_of_ones_and_zeros() -> None:
    chosen = np.random.default_rng(1).integers(0, 9, 22)
    ones = np.eye(9)[chosen]
    assert BLOCKS.expected_us(ones) == pytest.approx(BLOCKS.total_us(chosen)[0])
    probabilities = np.random.default_rng(2).dirichlet(np.ones(9), (5, 22))
    step = 1e-3 * ones
    change = BLOCKS.expected_us(probabilities + step) - BLOCKS.expected_us(probabilities)
    assert change == pytest.approx(1e-3 * BLOCKS.latency_us[np.arange(22), chosen].sum())


@pytest.mark.parametrize("choices", [[0] * 21, [9] + [0] * 21, [-1] + [0] * 21, [0.5] * 22])
def test_what_is_no_architecture_is_refused(choices: list[int]) -> None:
    with pytest.raises(ValueError, match="choice"):
        BLOCKS.total_us(choices)
    with pytest.raises(ValueError, match="probabilities"):
        BLOCKS.expected_us(np.ones((21, 9)))


def test_missing_operators_are_named() -> None:
    with pytest.raises(MissingOpsError, match="does not hold 3 operators of the space fbnet") as caught:
        lut.blocks("fbnet", invented(OPS[3:]))
    assert set(caught.value.ops) == set(OPS[:3])
    with pytest.raises(FileError, match="Known: fbnet"):
        find_block_space("other")
    with pytest.raises(FileError, match="fbnet has no option 'first', only: last, depthwise_relu"):
        find_block_space("fbnet", first=16)


def test_files_come_back(tmp_path: Path) -> None:
    for ending in BLOCK_FORMATS:
        write_blocks(BLOCKS, tmp_path / f"blocks{ending}")
    for ending in (".npz", ".json"):
        back = load_blocks(str(tmp_path / f"blocks{ending}"))
        assert np.array_equal(back.latency_us, BLOCKS.latency_us)
        assert np.array_equal(back.estimated_us, BLOCKS.estimated_us)
        names = ("space", "device", "layers", "blocks", "fixed_us", "fixed_estimated_us")
        assert [getattr(back, name) for name in names] == [getattr(BLOCKS, name) for name in names]
    lines = (tmp_path / "blocks.csv").read_text().splitlines()
    assert len(lines) == 2 + 22 * 9
    assert lines[1] == f"fixed,,{BLOCKS.fixed_us},{BLOCKS.fixed_estimated_us}"
    with pytest.raises(FileError, match="ends in none of"):
        write_blocks(BLOCKS, tmp_path / "blocks.txt")


def test_figures_that_can_not_be_read_back_are_not_written(tmp_path: Path) -> None:
    for ending in BLOCK_FORMATS:
        path = tmp_path / f"blocks{ending}"
        with pytest.raises(FileError, match=rf"^{path} can't take the block table: .* at `\$\.fixed_us`"):
            write_blocks(replace(BLOCKS, fixed_us=float("nan")), path)
        assert not path.exists()


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "blocks.json"
    write_blocks(BLOCKS, path)
    fields = json.loads(path.read_text())
    rows = fields["estimated_us"]
    for change in (
        {"latency_us": [[1.0]]},
        {"layers": None},
        {"fixed_us": "x"},
        {"fixed_us": float("nan")},
        {"fixed_estimated_us": -1.0},
        {"estimated_us": [[float("inf"), *rows[0][1:]], *rows[1:]]},
        {"latency_us": [[-1.0, *rows[0][1:]], *rows[1:]]},
        {"space": 7},
        {"further": 7},
    ):
        path.write_text(json.dumps(fields | change))
        with pytest.raises(FileError, match="is not a block table"):
            load_blocks(path)
    (tmp_path / "x.npz").write_bytes(b"PK")
    with pytest.raises(FileError, match="is not a block table"):
        load_blocks(tmp_path / "x.npz")
