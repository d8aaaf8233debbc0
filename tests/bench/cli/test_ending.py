"""What `bench run` says at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.campaign import RunSummary
from bench.cli.ending import describe_run, refuse_failures
from lut.entries import Failure
from lut.errors import FailedError
from tests.bench.conftest import relu

ONE, TWO = Path("one.run.jsonl"), Path("two.run.jsonl")


def failures(*channels: int, reason: str = "killed by SIGSEGV") -> list[Failure]:
    return [Failure.of(relu(each), "segment", "crash", reason) for each in channels]


@pytest.mark.parametrize(("system", "is_told"), [("linux", True), ("darwin", False)])
def test_what_a_run_took_in_all_is_told_where_the_system_knows(
    system: str, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", system)
    told = describe_run(RunSummary(planned=1, measured=1, visits=2, engine_s=0.25, load_s=0.5), ONE)
    assert ("Took " in told) == is_told
    assert "0.25 s" in told


def test_a_run_without_failures_ends_well() -> None:
    refuse_failures({ONE: RunSummary(planned=40), TWO: RunSummary(planned=2)})


def test_those_that_failed_are_named_with_the_reason_and_the_next_step() -> None:
    with pytest.raises(FailedError) as refusal:
        refuse_failures(
            {
                ONE: RunSummary(planned=1040, failures=failures(4)),
                TWO: RunSummary(planned=2, failures=failures(8)),
            }
        )
    assert str(refusal.value).splitlines() == [
        "2 of 1,042 operators could not be measured:",
        "  Relu [1,4,4,4] order=NCHW (crash: killed by SIGSEGV)",
        "  Relu [1,8,4,4] order=NCHW (crash: killed by SIGSEGV)",
        'They are the lines of kind "failure" in one.run.jsonl, two.run.jsonl. '
        "--retry-failed tries them again.",
    ]


def test_many_failures_and_long_reasons_are_cut() -> None:
    long = failures(*range(1, 13), reason="a stack\nof\n" + "frames " * 100)
    with pytest.raises(FailedError) as refusal:
        refuse_failures({ONE: RunSummary(planned=12, failures=long)})
    head, *named, more, _ = str(refusal.value).splitlines()
    assert head == "12 of 12 operators could not be measured:"
    assert len(named) == 10
    assert all("(crash: a stack of frames frames" in line and len(line) < 260 for line in named)
    assert more == "  and 2 more"
