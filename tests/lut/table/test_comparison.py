"""How two tables differ: ratios, order, and the picture of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from lut.errors import FileError
from lut.ops import OpSpec, TensorSpec
from lut.table import compare, plot_ratios
from tests.lut.samples import RELU, SOFTMAX, record

OPS = [OpSpec.of("Relu", [TensorSpec((1, size))]) for size in range(1, 6)]
FIRST = [record(op, 10.0 * place) for place, op in enumerate(OPS, 1)]


@pytest.mark.parametrize(
    ("times", "median", "correlation"),
    [
        ((20, 40, 60, 80, 100), 2.0, 1.0),
        ((100, 80, 60, 40, 20), 2.0, -1.0),
        ((10, 10, 30, 40, 50), 1.0, 0.975),
        ((20, 10, 30, 40, 50), 1.0, 0.9),
        ((7, 7, 7, 7, 7), 0.233, None),
    ],
)
def test_order_is_compared_by_ranks(
    times: tuple[float, ...], median: float, correlation: float | None
) -> None:
    result = compare(FIRST, [record(op, time) for op, time in zip(OPS, times, strict=True)])
    assert result.median_ratio == pytest.approx(median, abs=1e-3)
    assert result.rank_correlation == (None if correlation is None else pytest.approx(correlation, abs=1e-3))


def test_differences_are_beyond_the_common_factor() -> None:
    times = (20.0, 40.0, 60.0, 80.0, 110.0)  # twice those of the first, and the last a tenth more
    result = compare(FIRST, [record(op, time) for op, time in zip(OPS, times, strict=True)])
    assert result.difference(0.5) == pytest.approx(0)
    assert result.difference(1.0) == pytest.approx(0.1)


def test_tables_without_a_common_operator_have_no_ratio() -> None:
    result = compare([record(RELU, 1.0)], [record(SOFTMAX, 1.0)])
    assert (result.median_ratio, result.rank_correlation, result.difference(0.5)) == (None, None, None)


def test_one_operator_has_a_ratio_and_no_order() -> None:
    result = compare(FIRST[:1], FIRST[:1])
    assert (result.median_ratio, result.rank_correlation, result.difference(0.5)) == (1.0, None, None)


def test_families_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ratios.png"
    plot_ratios(compare(FIRST, FIRST), ("Box-1", "Box-1-xnnpack"), path)
    with Image.open(path) as image:
        assert image.size[0] > 400


def test_an_ending_of_no_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"ratios\.xyz has the ending of no picture\. Take one of .*png"):
        plot_ratios(compare(FIRST, FIRST), ("a", "b"), tmp_path / "ratios.xyz")
