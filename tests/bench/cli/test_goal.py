"""`bench run` with a goal: what it takes, and what it says at the end."""

import json
from pathlib import Path

import pytest

from bench.cli.goal import describe_end, parse_seconds
from bench.sampling import Goal, Standing
from tests.bench.conftest import Bench

QUICK = ["--passes=1", "--iters=2", "--warmup=1", "--device=host"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("5m", 300), ("1.5h", 5400), ("90", 90), ("2 min", 120)]
)
def test_times_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--budget", "soon"], "'soon' is not a time such as 60s, 5m or 1h."),
        (["--budget", "0s"], "'0s' is not a time"),
        (["--error", "120%"], "'120%' is not a share such as 1% or 0.01."),
        (["--error", "little"], "'little' is not a share"),
    ],
)
def test_a_goal_that_is_none_is_refused(
    bench_command: Bench, tmp_path: Path, options: list[str], words: str
) -> None:
    code, _, err = bench_command("run", "--space", "fbnet", "-o", tmp_path / "run.jsonl", *options)
    assert code == 2
    assert words in " ".join(err.split())


def test_a_plan_or_a_space_is_needed_and_not_both(bench_command: Bench, tmp_path: Path) -> None:
    for arguments in ([], ["plan.jsonl", "--space", "fbnet"]):
        code, _, err = bench_command("run", *arguments, "-o", tmp_path / "run.jsonl")
        assert code == 2
        assert "Give either a PLAN or --space." in err


def test_a_space_is_measured_whole_without_a_goal(bench_command: Bench, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    code, _, err = bench_command(
        "run", "--space", "fbnet", "--resolution", 96, "-o", journal, *QUICK, "--cache=warm"
    )
    assert code == 0, err
    assert "done before, 0 failed." in err


def test_a_goal_says_how_far_estimates_are_off(bench_command: Bench, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    arguments = ["run", "--space", "chamnet", "--resolution", 128, "-o", journal, *QUICK, "--cache=warm"]
    code, _, err = bench_command(*arguments, "--budget", "5s")
    assert code == 0, err
    assert "operators are measured (" in err
    assert "can be estimated: `lut merge` makes a table of the journal" in err
    kinds = [json.loads(line)["kind"] for line in journal.read_text().splitlines()]
    assert kinds[:2] == ["segment", "round"]


def test_the_end_says_what_is_left_to_do() -> None:
    reached = Standing(
        1000, fitted=80, held_out=20, median_error=0.008, p90_error=0.02, p90_error_us=3.21, spent_s=59.6
    )
    assert describe_end(reached, Goal(budget_s=60)) == [
        "100 of 1,000 operators are measured (20 of them to judge by) in 59.6 s of the device's time.",
        "Estimates of operators held out: error 0.8% in the median, 2.0% or 3.2 us at the 90th percentile.",
        "The other 900 can be estimated: `lut merge` makes a table of the journal, and `lut fill` completes "
        "it.",
    ]
    lines = describe_end(reached, Goal(budget_s=60, error=0.005))
    assert "That is not the 0.50% asked for; a larger --budget goes on." in lines
    few = Standing(1000, fitted=60, refused=400)
    assert describe_end(few, Goal(budget_s=1))[1:] == [
        "How far estimates are off is not known: too few operators were held out; a larger --budget goes on.",
        "400 operators can't be estimated from these; a larger --budget goes on.",
    ]
    assert len(describe_end(Standing(10, fitted=10), Goal(budget_s=1))) == 1
