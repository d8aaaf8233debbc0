"""Estimating what is missing: right where times follow sizes, refused outside, and always marked."""

import numpy as np
import pytest

from lut.cli.rendering import RENDERERS
from lut.estimation import LEAST_OPS, Samples, collect_samples, cross_validate, fit_table
from lut.ops import INT32, UINT8, OpSpec, TensorSpec, family_of, multiply_adds
from lut.records import LutRecord
from lut.table import LutTable
from tests.lut.samples import RELU, pointwise, record


def time_of(op: OpSpec) -> float:
    return 5.0 + multiply_adds(op) / 2e4 + op.inputs[0].elements / 5e3


OPS = [
    pointwise(size, source, target)
    for size in (7, 14, 28)
    for source in range(16, 129, 16)
    for target in range(16, 129, 16)
]


def records(noise: float, seed: int = 0) -> list[LutRecord]:
    source = np.random.default_rng(seed)
    return [record(op, 10 + time_of(op) * float(np.exp(source.normal(0, noise)))) for op in OPS]


def test_families_hold_what_one_kernel_runs() -> None:
    assert family_of(pointwise(7, 8, 8)) == family_of(pointwise(14, 16, 8, "Int8ConvRelu")) == "Int8Conv 1x1"
    depthwise = OpSpec.of(
        "Int8Conv",
        [TensorSpec((1, 7, 7, 8), UINT8), TensorSpec((8, 3, 3, 1), UINT8), TensorSpec((8,), INT32)],
        kernel=3,
        pad=1,
        stride=2,
        group=8,
        order="NHWC",
    )
    assert family_of(depthwise) == "Int8Conv 3x3 stride 2 depthwise"
    assert family_of(RELU) == "Relu"


def test_a_time_that_follows_sizes_is_guessed() -> None:
    held = set(OPS[5::10])
    table = LutTable(record(op, time_of(op) + 10) for op in OPS if op not in held)
    for op in held:
        result = table.estimate([op], interpolate=True)
        (row,) = result.predicted
        assert row.predicted is not None
        assert row.predicted.runtime_us == pytest.approx(time_of(op) + 10, rel=0.02)
        assert row.predicted.low_us <= row.predicted.runtime_us * 1.02
        assert result.total_us == result.predicted_us == row.predicted.runtime_us
        assert table.estimate([op]).missing == (op,)


def test_what_is_outside_is_refused_with_the_reason() -> None:
    guesses = fit_table(records(0.0))
    for op, reason in [
        (pointwise(56, 16, 16), "3136 in pixels are outside the table's 49 to 784 of Int8Conv 1x1"),
        (pointwise(14, 8, 16), "8 in channels are outside the table's 16 to 128 of Int8Conv 1x1"),
        (RELU, f"the table has 0 of Relu; it takes {LEAST_OPS}"),
        (OpSpec.of("Int8Conv", OPS[0].inputs, kernel=3), "the operator does not fit its type"),
    ]:
        assert guesses.refusal(op) == reason
        assert guesses.predict(op) is None
    assert guesses.refusal(pointwise(14, 24, 40)) is None


def test_the_interval_holds_about_nine_in_ten() -> None:
    errors = {error.family: error for error in cross_validate(collect_samples(records(0.05)))}
    found = errors["Int8Conv 1x1"]
    assert found.operators == len(OPS)
    assert found.median_error is not None
    assert found.p90_error is not None
    assert found.covered is not None
    assert found.median_error < 0.05
    assert found.p90_error < 0.15
    assert 0.8 <= found.covered <= 0.97


def test_outliers_do_not_bend_the_rest() -> None:
    times = np.array([time_of(op) + 10 for op in OPS])
    times[::7] *= 3
    table = LutTable(record(op, time) for op, time in zip(OPS[:-1], times, strict=False))
    row = table.estimate([pointwise(14, 24, 40)], interpolate=True).rows[0]
    assert row.runtime_us == pytest.approx(time_of(pointwise(14, 24, 40)) + 10, rel=0.1)


def test_small_families_have_no_figures() -> None:
    (error,) = cross_validate(collect_samples([record(RELU, 5.0)]))
    assert (error.family, error.operators, error.held_out, error.median_error) == ("Relu", 1, 0, None)
    (error,) = cross_validate({"x": Samples.of(np.ones((31, 7)), np.ones(31))}, share=0.5)
    assert error.held_out == 0


def test_estimates_are_named_as_such_everywhere() -> None:
    table = LutTable([*records(0.01), record(RELU, 5.0)])
    missing = pointwise(14, 24, 40)
    result = table.estimate([RELU, missing], interpolate=True)
    text = RENDERERS["table"](result)
    assert "(ESTIMATED: " in text
    assert "ESTIMATED, not measured: 1 operators" in text
    assert "with the intervals of those estimated" in text
    [row] = result.predicted
    assert row.predicted is not None
    assert result.spread_us == pytest.approx((4.0 + row.predicted.low_us, 6.0 + row.predicted.high_us))
    assert '"family": "Int8Conv 1x1"' in RENDERERS["json"](result)
    assert RENDERERS["csv"](result).splitlines()[2].endswith(",predicted")
    assert table.refusals([missing]) == {}


def test_records_that_cannot_be_understood_are_left_out() -> None:
    odd = RELU.key._replace(op_args=("what",)), RELU.key._replace(op_type="Unknown")
    assert collect_samples([record(key, 5.0) for key in odd]) == {}
    assert list(collect_samples([record(RELU, 2.0 + 1)])) == ["Relu"]
