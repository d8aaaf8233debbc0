"""How far sums of medians are from whole nets on this machine: every zoo net of a precision, and random ones.

Each run measures a new table of the nets' operators with the defaults of `bench run`, then the nets with
those of `bench validate`, and prints what that command prints. All runs are shown, and each must hold the
bars, net of the drift that the command states, in all nets that it does not mark: as disturbed, scattered,
or not repeated. A run in which it marks all nets, or says that the device changed, says nothing, and there
has to be another.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from lut.validation import ErrorSummary, Validation, read_validation
from lut.zoo import NETS
from tests.perf.random_nets import draw_nets, write_nets
from tests.perf.zoo_tables import call, measure, merge, plan_models, plan_zoo

RUNS = 3


@dataclass(frozen=True)
class Bars:
    """The largest errors allowed, as shares: of each net, and in the median over nets; None for no bar."""

    each: float
    median: float | None = None
    calibrated_each: float | None = None
    """Of nets that were left out of the fit."""
    calibrated_median: float | None = None

    def list_excesses(self, validation: Validation) -> list[str]:
        """Name every figure beyond its bar."""
        plain, calibrated = validation.summary_of_steady, validation.left_out_summary
        assert plain is not None
        assert calibrated is not None
        pairs = [
            ("worst", plain.worst, self.each),
            ("median", plain.median, self.median),
            ("calibrated worst", calibrated.worst, self.calibrated_each),
            ("calibrated median", calibrated.median, self.calibrated_median),
        ]
        return [f"{name} {figure:.2%} > {bar:.1%}" for name, figure, bar in pairs if bar and figure > bar]


BARS: dict[tuple[str, str, int], Bars] = {
    ("caffe2", "int8", 1): Bars(each=0.03, median=0.01, calibrated_each=0.02, calibrated_median=0.008),
    ("caffe2", "int8", 2): Bars(each=0.05),
    ("caffe2", "fp32", 1): Bars(each=0.08, median=0.04),
    ("xnnpack", "int8", 1): Bars(each=0.03, median=0.015),
    ("xnnpack", "int8", 2): Bars(each=0.05),
    ("xnnpack", "fp32", 1): Bars(each=0.08, median=0.04),
}
"""By engine, precision and threads."""

RANDOM_NETS, SEED = 20, 1
"""Of both search spaces, on Caffe2 in 8 bits and with one thread."""


def validate_zoo(engine: str, precision: str, threads: int, folder: Path) -> Validation:
    """Measure a table and the nets anew, by the commands a user types; print what they print."""
    models, plan = plan_zoo(folder, [precision], engine)
    if (engine, precision, threads) == ("caffe2", "int8", 1):
        models += write_nets(draw_nets(RANDOM_NETS, SEED), folder / "random")
        plan_models(models, plan)
    run, output = folder / "run.jsonl", folder / "validation.json"
    print(measure(plan, run, "--threads", threads, "--engine", engine).strip())
    table = merge(run, folder)
    chosen = ("--device", "host", "--engine", engine, "--lut", table)
    print(call("bench", "validate", *models, *chosen, "--fit", "-o", output, codes=(0, 6))[0])
    return read_validation(output)


@pytest.mark.parametrize(("engine", "precision", "threads"), BARS)
def test_sums_are_close_to_whole_nets(engine: str, precision: str, threads: int, tmp_path: Path) -> None:
    bars = BARS[engine, precision, threads]
    print(f"\n{engine}, {precision}, {threads} thread(s); {bars}")
    excesses, idle = [], 0
    for number in range(RUNS):
        validation = validate_zoo(engine, precision, threads, tmp_path / str(number))
        assert [net.net for net in validation.nets][: len(NETS)] == [f"{name}/{precision}" for name in NETS]
        if validation.device_changed or not validation.steady:
            idle += 1
        else:
            excesses += [f"run {number + 1}: {excess}" for excess in bars.list_excesses(validation)]
    assert not excesses
    assert idle < RUNS


def test_bars_are_of_absolute_errors() -> None:
    assert ErrorSummary.of([-0.04, 0.01]) == ErrorSummary(2, 0.025, 0.04)
