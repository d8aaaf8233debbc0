"""The sentence on nodes without operators says no more of their share than is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from lut.cli.model_choice import blame_unmapped
from lut.frontends import Fate


@pytest.mark.parametrize(
    ("lost", "known", "share"),
    [
        ((50,), 150, "25.0%"),
        ((1,), 999_999, "less than 0.1%"),
        ((0,), 100, "0.0%"),
        ((0, 0), 0, "none"),
        ((100, None), 20, "at least 83.3%"),
        ((0, None), 100, "an unknown share"),
        ((None,), 0, "an unknown share"),
    ],
)
def test_the_share_is_a_bound_where_a_count_is_unknown(
    lost: tuple[int | None, ...], known: int, share: str
) -> None:
    fates = [Fate("n", "my.Magic", "unmapped", "no operator", each) for each in lost]
    assert f"They make {share} of the multiply-adds of net.onnx" in blame_unmapped(
        Path("net.onnx"), fates, known
    )
