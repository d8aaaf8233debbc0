"""`lut fill`: from a run that chose its operators to a table of the whole space, on this machine's engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli.fill import describe_filling
from bench.op_generators import SPACES
from lut.cli import entry as lut_cli
from lut.fill import Filling
from lut.sidecar import FilledFamily, PredictedRecords
from lut.table import format_of, load_table
from tests.bench.conftest import Bench
from tests.commands import make_runner
from tests.lut.original_lookup import load_database, look_up
from tests.lut.samples import CONV, record

QUICK = ["--passes=1", "--iters=2", "--warmup=1", "--device=host", "--cache=warm"]
CHAMNET = ["--space", "chamnet", "--resolution", "128", "--width-step", "16"]


@pytest.fixture
def lut_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    return make_runner("lut", lut_cli.main, capsys, monkeypatch)


def test_a_space_in_seconds(bench_command: Bench, lut_command: Bench, tmp_path: Path) -> None:
    journal, measured = tmp_path / "run.jsonl", tmp_path / "measured"
    code, _, err = bench_command("run", *CHAMNET, "--budget", "5s", "-o", journal, *QUICK)
    assert code == 0, err
    assert lut_command("merge", journal, "-o", measured)[0] == 0
    (table,) = measured.glob("*database.json")
    complete = tmp_path / "complete" / table.name.replace("-op_lut", "-filled-op_lut")
    code, _, err = lut_command("fill", table, *CHAMNET, "-o", tmp_path / "complete")
    assert code == 0, err
    assert "as measured" in err
    assert "Sums of nets: errors add up with a correlation of" in err
    filled = load_table(complete)
    space = list(SPACES["chamnet"].generate(resolutions=(128,), width_step=16))
    assert {record.key for record in filled} >= {op.key for op in space}
    (net,) = SPACES["chamnet"].draw_nets(1, resolutions=(128,), width_step=16)
    published = load_database((complete).read_text())
    answer = look_up([op.key.to_json() for op in net], filled.devices[0], published)
    assert answer.all_found
    assert answer.total == pytest.approx(filled.estimate(net).total_us)
    code, out, err = lut_command("coverage", *CHAMNET, "--lut", complete)
    assert code == 0, err
    assert "100.00 % of them" in out
    assert "are predictions of `lut fill`, not measured." in out


def test_few_operators_to_judge_by_are_told() -> None:
    families = (
        FilledFamily("Int8Relu", 40, 120, 9, 0.0123, 0.031, 0.47),
        FilledFamily("Int8Sum", 12, 40, 2),
        FilledFamily("Int8Softmax", 7, 31, 0),
    )
    predicted = PredictedRecords({"0123456789abcdef": (9.0, 11.0)}, families=families)
    filling = Filling((), 191, predicted, "Box-12-6.1")
    assert describe_filling(filling, Path("complete.json")) == [
        "complete.json: 191 operators of Box-12-6.1 as measured, 1 predicted.",
        "PREDICTED  FITTED HELD OUT  MEDIAN     P90   P90 US  FAMILY (error)",
        "       40     120        9    1.2%    3.1%     0.47  Int8Relu",
        "Fewer than 8 operators were held out of Int8Sum, Int8Softmax: intervals rest on the fit itself. "
        "`bench run` with a larger --budget measures more to judge by.",
        "Sums of nets: too little was held out to tell how errors add up, so their intervals are those of "
        "errors that are all alike, the widest.",
    ]


def test_too_small_a_table_is_told_with_the_remedy(lut_command: Bench, tmp_path: Path) -> None:
    table = tmp_path / "Box-12-6.1-op_lut_database.json"
    format_of(table).write([record(CONV, 10.0)], table)
    code, _, err = lut_command("fill", table, "--space", "fbnet", "-o", tmp_path / "complete")
    assert code == 5
    assert "can't be predicted from this table" in err
    assert "`bench run --space SPACE --budget TIME` chooses and measures what it lacks." in err
    assert not (tmp_path / "complete").exists()
