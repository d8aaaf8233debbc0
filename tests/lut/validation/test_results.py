"""Validations: what follows from their figures, and that files come back as they were written."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lut.drift import Drift
from lut.entries import ProgramInfo, RunConfig
from lut.errors import FileError
from lut.validation import (
    ErrorSummary,
    NetComparison,
    Validation,
    format_validation,
    read_validation,
    write_validation,
)

MEASURED = NetComparison("net/int8", 3, (90.0, 95.0, 100.0, 110.0, 150.0), 97.0, left_out_us=101.0)
FAILED = NetComparison("broken/int8", 2, None, 50.0, failure="run: the engine refused it")
VALIDATION = Validation(
    "Box-12-6.1",
    "Box-12-6.1-op_lut_database.json",
    "2024-01-02T03:04:05+00:00",
    RunConfig(passes=10, iters=3, warmup=2, cpus="0x2"),
    ProgramInfo("speed_benchmark", "ab" * 32, "torch-1.8.1"),
    (MEASURED, FAILED),
)


def test_errors_are_relative_to_the_measured_median() -> None:
    assert (MEASURED.p10_us, MEASURED.p50_us, MEASURED.p90_us) == (95.0, 100.0, 110.0)
    assert MEASURED.error == pytest.approx(-0.03)
    assert MEASURED.left_out_error == pytest.approx(0.01)


def test_gaps_are_taken_out_along_with_drift() -> None:
    with_gaps = replace(MEASURED, gaps_us=1.5)
    drifted = replace(VALIDATION, nets=(with_gaps, FAILED), drift_before=Drift(1.01, 240))
    assert drifted.net_of_drift(with_gaps) == pytest.approx((97.0 * 1.01 + 1.5) / 100 - 1)
    assert drifted.gaps == 0.015
    assert replace(drifted, drift_before=None).net_of_drift(with_gaps) is None
    assert VALIDATION.gaps is None


def test_gaps_of_other_programs_are_not_taken_out_of_a_verdict() -> None:
    busy = replace(MEASURED, gaps_us=50.0)
    validation = replace(VALIDATION, nets=(busy,), drift_before=Drift(1.0, 240))
    assert validation.gaps_mislead
    assert validation.judge(busy) == busy.error
    quiet = replace(MEASURED, gaps_us=1.0)
    assert replace(validation, nets=(quiet,)).judge(quiet) == pytest.approx(-0.02)


def test_a_net_that_failed_has_no_error_and_no_part_in_the_summary() -> None:
    assert (FAILED.p50_us, FAILED.error, FAILED.left_out_error) == (None, None, None)
    assert VALIDATION.failed == (FAILED,)
    summary = VALIDATION.summary
    assert summary is not None
    assert (summary.nets, summary.median, summary.worst) == pytest.approx((1, 0.03, 0.03))
    assert replace(VALIDATION, nets=(FAILED,)).summary is None


def test_a_summary_is_of_absolute_errors() -> None:
    assert ErrorSummary.of([-0.04, 0.01, None, 0.02]) == ErrorSummary(3, 0.02, 0.04)
    assert ErrorSummary.of([None]) is None


times = st.floats(1e-3, 1e9)
measured_nets = st.builds(
    NetComparison,
    st.text(max_size=20),
    st.integers(1, 999),
    st.lists(times, min_size=5, max_size=5).map(lambda values: tuple(sorted(values))),
    times,
    times,
    st.none() | times,
    scatter=st.none() | st.floats(0, 1),
    repetition=st.none() | st.floats(0.01, 100),
    gaps_us=st.none() | times,
)
failed_nets = st.builds(
    NetComparison, st.text(), st.integers(1, 999), st.none(), times, failure=st.text(max_size=20)
)


@given(nets=st.lists(measured_nets | failed_nets, max_size=5).map(tuple))
def test_what_is_written_is_read_back(
    nets: tuple[NetComparison, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "validation.json"
    validation = replace(VALIDATION, nets=nets)
    write_validation(validation, path)
    assert read_validation(path) == validation


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "validation.json"
    path.write_text(format_validation(VALIDATION).replace('"version": 1', '"version": 7'))
    with pytest.raises(FileError) as caught:
        read_validation(path)
    assert str(caught.value) == (
        f"{path} is of version 7; this program reads version 1. Update cnn-latency-lut."
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("measured_us", [1.0, 2.0, 3.0]),
        ("measured_us", [5.0, 4.0, 3.0, 2.0, 1.0]),
        ("measured_us", [0, 1, 2, 3, 4]),
        ("measured_us", None),
        ("failure", "and measured too"),
        ("operators", 0),
        ("estimate_us", "fast"),
        ("estimate_us", float("nan")),
        ("estimate_us", -1.0),
        ("net", 7),
    ],
)
def test_a_net_that_can_not_be_one_is_refused(field: str, value: object, tmp_path: Path) -> None:
    path = tmp_path / "validation.json"
    fields = json.loads(format_validation(VALIDATION))
    fields["nets"][0][field] = value
    path.write_text(json.dumps(fields))
    with pytest.raises(FileError, match=f"^{path} is not a validation "):
        read_validation(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "7", '{"version": 1}', "\xff\xfe"])
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "validation.json"
    path.write_bytes(text.encode("latin1"))
    with pytest.raises(FileError, match=r"Is it a file written by `bench validate --output`\?"):
        read_validation(path)
    with pytest.raises(FileError, match="can't be read"):
        read_validation(tmp_path / "absent.json")


def test_errors_net_of_drift_are_those_on_the_device_as_the_table_has_it() -> None:
    drifted = replace(VALIDATION, drift_before=Drift(1.02, 240), drift_after=Drift(1.04, 240))
    assert drifted.drift == pytest.approx(1.03, abs=1e-4)
    assert drifted.net_of_drift(MEASURED) == drifted.judge(MEASURED) == pytest.approx(-0.0009, abs=1e-4)
    assert VALIDATION.net_of_drift(MEASURED) is None
    assert VALIDATION.judge(MEASURED) == MEASURED.error
    summary = drifted.summary_net_of_drift
    assert summary is not None
    assert summary.worst == pytest.approx(0.0009, abs=1e-4)


def test_a_device_that_changed_while_the_nets_ran_has_no_drift() -> None:
    changed = replace(VALIDATION, drift_before=Drift(1.0, 240), drift_after=Drift(1.04, 240))
    assert (changed.device_changed, changed.drift, changed.summary_net_of_drift) == (True, None, None)
    assert changed.judge(MEASURED) == MEASURED.error


@pytest.mark.parametrize(("threads", "scatter", "scattered"), [(1, 0.04, 0), (1, 0.06, 1), (2, 0.06, 0)])
def test_nets_whose_operators_scatter_in_the_table_are_told_apart(
    threads: int, scatter: float, scattered: int
) -> None:
    nets = (replace(MEASURED, scatter=scatter), replace(MEASURED, scatter=None))
    validation = replace(VALIDATION, config=RunConfig(threads=threads), nets=nets)
    assert sum(map(validation.is_scattered, nets)) == scattered
    assert validation.summary_of_steady == ErrorSummary(2 - scattered, *[abs(MEASURED.error or 0)] * 2)


@pytest.mark.parametrize(
    ("repetition", "unrepeated"), [(1.06, 0), (1.00, 0), (0.96, 1), (1.09, 1), (None, 0)]
)
def test_nets_whose_operators_take_another_time_than_the_drift_says_are_told_apart(
    repetition: float | None, unrepeated: int
) -> None:
    nets = (replace(MEASURED, repetition=repetition), replace(MEASURED, repetition=1.02))
    validation = replace(VALIDATION, nets=nets, drift_before=Drift(1.02, 240), drift_after=Drift(1.02, 240))
    assert len(validation.unrepeated) == unrepeated
    summary = validation.summary_of_steady
    assert summary is not None
    assert summary.nets == 2 - unrepeated


def test_drift_is_written_and_read(tmp_path: Path) -> None:
    drifted = replace(VALIDATION, drift_before=Drift(1.02, 240))
    write_validation(drifted, tmp_path / "validation.json")
    assert read_validation(tmp_path / "validation.json") == drifted


@pytest.mark.parametrize(
    "drift", [{"factor": 0, "count": 3}, {"factor": 1.0, "count": 0}, {"factor": "x"}, 3]
)
def test_no_drift_is_made_of_nonsense(drift: object, tmp_path: Path) -> None:
    fields = json.loads(format_validation(VALIDATION)) | {"drift_after": drift}
    (tmp_path / "validation.json").write_text(json.dumps(fields))
    with pytest.raises(FileError, match="is not a validation"):
        read_validation(tmp_path / "validation.json")
