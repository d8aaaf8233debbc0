from __future__ import annotations

import numpy as np
import pytest

from lut.estimation import Samples, even_out, find_paces, fit_table
from lut.estimation.samples import Array
from lut.ops import UINT8, OpSpec, TensorSpec
from lut.records import LutRecord

PACES = np.array([0.9, 1.0, 1.1, 1.0, 0.95, 1.05])
"""How many times as long as usual the device took in each round."""


def measure(count: int, rounds: Array, seed: int = 0) -> Samples:
    """Make times of 1x1 convolutions that follow their sizes to a per cent, but for the round's pace."""
    random = np.random.default_rng(seed)
    pixels, channels, filters = (random.integers(low, 200, count) for low in (4, 8, 8))
    weights, work = channels * filters, pixels * channels * filters
    sizes = np.stack(
        [pixels, channels, pixels, filters, weights, work, weights + pixels * (channels + filters)], axis=1
    ).astype(float)
    number = random.integers(0, len(rounds), count)
    scatter = random.normal(1, 0.01, count)
    return Samples(sizes, (2 + work / 5000) * rounds[number] * scatter, number)


def test_the_pace_of_each_round_is_found() -> None:
    families = {str(seed): measure(300, PACES, seed) for seed in range(3)}
    found = find_paces(families)
    expected = np.log(PACES)
    assert found == pytest.approx(expected - expected.mean(), abs=0.015)


def test_an_odd_round_does_not_shift_the_others() -> None:
    found = find_paces({"x": measure(600, np.array([1.0, 1.0, 1.0, 1.0, 0.7]))})
    assert found[:4] == pytest.approx(0, abs=0.015)
    assert found[4] == pytest.approx(np.log(0.7), abs=0.04)


def test_times_without_their_pace_are_of_one_speed() -> None:
    samples = measure(600, PACES)
    evened = even_out(samples, find_paces({"x": samples}))
    ratios = evened.runtime_us / (2 + samples.sizes[:, 5] / 5000)
    by_round = [np.median(ratios[samples.rounds == number]) for number in range(len(PACES))]
    assert max(by_round) / min(by_round) < 1.03


def test_a_steady_device_has_next_to_no_paces() -> None:
    assert np.abs(find_paces({"x": measure(600, np.ones(6))})).max() < 0.01


@pytest.mark.parametrize("rounds", [np.ones(0), np.ones(1)])
def test_without_rounds_nothing_is_taken_out(rounds: Array) -> None:
    samples = measure(100, np.ones(1))
    if not len(rounds):
        samples = Samples.of(samples.sizes, samples.runtime_us)
    paces = find_paces({"x": samples})
    assert np.array_equal(paces, np.zeros(len(rounds)))
    assert np.array_equal(even_out(samples, paces).runtime_us, samples.runtime_us)


def test_few_operators_say_little_of_their_round() -> None:
    samples = measure(200, np.ones(4))
    lone = Samples(samples.sizes[:1], samples.runtime_us[:1] * 2, np.array([4]))
    fields = zip(vars(samples).values(), vars(lone).values(), strict=True)
    both = Samples(*map(np.concatenate, fields))
    assert find_paces({"x": both})[4] < np.log(2) / 5


def test_a_table_is_fitted_to_the_pace_of_all_rounds() -> None:
    ops = [
        OpSpec.of("Int8Relu", (TensorSpec((1, size, size, channels), UINT8),), order="NHWC")
        for size in range(4, 24)
        for channels in range(8, 88, 8)
    ]
    slow = np.random.default_rng(0).integers(0, 2, len(ops)).astype(bool)
    records = [
        LutRecord(op.key, ((1.2 if is_slow else 1.0) * time_us(op),) * 5, "d")
        for op, is_slow in zip(ops, slow, strict=True)
    ]
    rounds = [
        [op.id for op, is_slow in zip(ops, slow, strict=True) if is_slow == number] for number in (0, 1)
    ]
    wanted = ops[55]
    known = [record for record in records if record.key != wanted.key]
    between, mixed = fit_table(known, rounds=rounds).predict(wanted), fit_table(known).predict(wanted)
    assert between is not None
    assert mixed is not None
    assert time_us(wanted) < between.runtime_us < 1.2 * time_us(wanted)
    assert between.high_us / between.low_us < 1.06 < mixed.high_us / mixed.low_us


def time_us(op: OpSpec) -> float:
    return 1 + float(np.prod(op.inputs[0].shape)) / 1000
