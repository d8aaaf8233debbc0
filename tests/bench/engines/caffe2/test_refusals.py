"""What Caffe2 is said not to run, the engine itself refuses, and nothing else."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from bench.campaign import run_plan
from bench.engines import CAFFE2
from lut.entries import Failure, Measurement, RunConfig
from lut.journal import read_journal
from lut.ops import INT32, UINT8, OpSpec, TensorSpec
from lut.ops.rules import RULES
from tests.bench.conftest import FaultyHost
from tests.lut.ops.drawn import draw_kind, draw_op
from tests.lut.ops.operators import op as make_op


def draw(op_type: str) -> OpSpec:
    """An operator of the type; one that is not refused for its arguments, if there is one."""
    randoms = [Random(f"{op_type} {number}") for number in range(16)]
    ops = [draw_op(op_type, draw_kind(op_type, random), random) for random in randoms]
    return next((op for op in ops if CAFFE2.refusal(op) is None), ops[0])


def test_the_engine_has_no_operator_of_a_type_that_is_refused(host: FaultyHost, tmp_path: Path) -> None:
    ops = {op_type: draw(op_type) for op_type in RULES}
    run_plan(ops.values(), host, RunConfig(passes=1, iters=1, warmup=1), tmp_path / "run.jsonl")
    entries = list(read_journal(tmp_path / "run.jsonl"))
    measured = {entry.op.op_type for entry in entries if isinstance(entry, Measurement)}
    absent = {
        entry.op.op_type
        for entry in entries
        if isinstance(entry, Failure) and "Cannot create operator of type" in entry.reason
    }
    assert absent == {op_type for op_type, op in ops.items() if CAFFE2.refusal(op) is not None}
    assert measured == RULES.keys() - absent


@pytest.mark.parametrize("op_type", ["HardSwish", "Int8Mul"])
def test_a_refusal_names_the_operator(op_type: str) -> None:
    assert CAFFE2.refusal(draw(op_type)) == f"Caffe2 has no operator {op_type}."


@pytest.mark.parametrize(
    ("op", "reason"),
    [
        (make_op("Int8Add", (1, 7, 7, 8), (8,), dtype=UINT8), "adds 8-bit values of equal shapes only"),
        (
            OpSpec.of(
                "Int8FC",
                [TensorSpec((1, 5, 8), UINT8), TensorSpec((4, 8), UINT8), TensorSpec((4,), INT32)],
                axis=2,
            ),
            "takes 8-bit values as a matrix from axis 1 on only",
        ),
        (make_op("Slice", (4, 8), starts=(1, 1), ends=(4, 8)), "slices one dimension only"),
        (make_op("RMSNorm", (4, 8), (8,)), "adds a third input to what it has normalised"),
    ],
    ids=lambda value: value.op_type if isinstance(value, OpSpec) else "",
)
def test_what_it_does_not_do_with_these_inputs_is_refused_with_the_reason(op: OpSpec, reason: str) -> None:
    assert CAFFE2.refusal(op) == f"{op.describe()}: Caffe2 {reason}."


@pytest.mark.parametrize(
    "op",
    [
        make_op("Int8Add", (1, 7, 7, 8), (1, 7, 7, 8), dtype=UINT8),
        make_op("Add", (1, 7, 7, 8), (8,)),
        make_op("Slice", (4, 8), starts=(1, 0), ends=(4, -1)),
        make_op("RMSNorm", (4, 8), (8,), (8,)),
    ],
    ids=OpSpec.describe,
)
def test_what_is_close_to_a_limit_runs(op: OpSpec) -> None:
    assert CAFFE2.refusal(op) is None
