"""Validations as text, compared whole, and as pictures."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from lut.drift import Drift
from lut.errors import FileError
from lut.validation import (
    NetComparison,
    Validation,
    calibrate,
    choose_error,
    describe_validation,
    plot_validation,
)
from tests.lut.validation.test_results import FAILED, VALIDATION

RAW = NetComparison("net/int8", 3, (90.0, 95.0, 100.0, 110.0, 150.0), 97.0)
GUESSED = NetComparison("other/int8", 12, (900.0, 950.0, 1000.0, 1100.0, 1500.0), 1020.0, 204.0)
TITLE = (
    "Box-12-6.1: 10 passes of 2+3 runs, 1 thread on 0x2; "
    "estimates are sums of medians from Box-12-6.1-op_lut_database.json\n"
)


def test_raw_errors_failures_and_interpolated_shares() -> None:
    validation = replace(VALIDATION, nets=(RAW, GUESSED, FAILED))
    assert describe_validation(validation) == (
        f"{TITLE}"
        "NET          OPS       P10 US MEASURED P50       P90 US  ESTIMATE US   ERROR\n"
        "net/int8       3       95.000      100.000      110.000       97.000   -3.0%\n"
        "other/int8    12      950.000     1000.000     1100.000     1020.000   +2.0%"
        "  (20.0% of the sum interpolated)\n"
        "broken/int8    2 not measured: run: the engine refused it\n"
        "|error| of 2 nets: median 2.5%, worst 3.0%.\n"
    )


def test_nothing_measured_has_no_summary() -> None:
    lines = describe_validation(replace(VALIDATION, nets=(FAILED,))).splitlines()
    assert lines[2:] == ["broken/int8    2 not measured: run: the engine refused it"]


def fitted() -> Validation:
    """Three nets that take 1.1 times their sums, and one that failed."""
    nets = [
        NetComparison(f"net{size}", size, (1.1 * total,) * 5, total)
        for size, total in ((10, 100.0), (20, 300.0), (30, 900.0))
    ]
    calibration, validation = calibrate(replace(VALIDATION, nets=(*nets, FAILED)))
    assert calibration.form == "factor"
    assert calibration.factor == pytest.approx(1.1)
    assert calibration.config["passes"] == 10
    return validation


def test_a_fit_adds_the_column_of_nets_left_out() -> None:
    _, header, first, *_, failed, raw, calibrated = describe_validation(fitted()).splitlines()
    assert header.endswith("ERROR LEFT OUT")
    assert first.split()[-2] == "-9.1%"
    assert first.split()[-1] in {"+0.0%", "-0.0%"}
    assert failed.endswith("not measured: run: the engine refused it")
    assert raw == "|error| of 3 nets: median 9.1%, worst 9.1%."
    assert calibrated == (
        "|error| calibrated, each net left out of the fit: of 3 nets: median 0.0%, worst 0.0%."
    )


def test_interpolated_sums_are_not_calibrated() -> None:
    with pytest.raises(ValueError, match="measured operators only"):
        calibrate(replace(VALIDATION, nets=(RAW, RAW, GUESSED)))


# --- Pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_ending_names_the_form_of_the_picture(ending: str, start: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"plot.{ending}"
    plot_validation(fitted(), path)
    assert path.read_bytes().startswith(start)


def test_each_measured_net_has_its_error_and_a_disturbed_one_is_grey(tmp_path: Path) -> None:
    path, grey = tmp_path / "plot.svg", "#a9a9a9"
    plot_validation(replace(VALIDATION, nets=(RAW, GUESSED, FAILED)), path)
    texts = re.findall(r"<!-- (.+) -->", path.read_text())
    assert {"net/int8", "other/int8", "-3.0 %", "+2.0 %"} <= set(texts)
    assert "broken/int8" not in texts
    assert not {"disturbed", grey} & {*texts, *re.findall("#[0-9a-f]{6}", path.read_text())}
    plot_validation(replace(VALIDATION, nets=(RAW, replace(GUESSED, spoilt_by="unsteady"))), path)
    assert "<!-- disturbed -->" in path.read_text()
    assert grey in path.read_text()


def test_a_net_that_failed_leaves_an_empty_picture(tmp_path: Path) -> None:
    plot_validation(replace(VALIDATION, nets=(FAILED,)), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").exists()


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"plot\.txt has the ending of no picture\. Take one of .*png"):
        plot_validation(VALIDATION, tmp_path / "plot.txt")


def test_a_device_that_changed_is_told_from_a_table_that_is_wrong() -> None:
    validation = replace(
        VALIDATION, nets=(RAW, FAILED), drift_before=Drift(1.04, 240), drift_after=Drift(1.04, 236)
    )
    assert describe_validation(validation) == (
        f"{TITLE}"
        "NET          OPS       P10 US MEASURED P50       P90 US  ESTIMATE US   ERROR NO DRIFT\n"
        "net/int8       3       95.000      100.000      110.000       97.000   -3.0%    +0.9%\n"
        "broken/int8    2 not measured: run: the engine refused it\n"
        "Drift: against when the table was made the device is 4.0 % slower before the nets (240 operators) "
        "and 4.0 % slower after the nets (236 operators).\n"
        "|error| of 1 net: median 3.0%, worst 3.0%.\n"
        "|error| net of drift, of 1 net: median 0.9%, worst 0.9%.\n"
        "Go by the errors net of drift, or measure the table again: the device has changed by more than 3 % "
        "since the table was made, and the plain errors hold that too.\n"
    )


def test_a_device_that_changes_while_the_nets_run_is_told() -> None:
    validation = replace(VALIDATION, nets=(RAW,), drift_before=Drift(1.0, 240), drift_after=Drift(1.05, 240))
    assert describe_validation(validation) == (
        f"{TITLE}"
        "NET       OPS       P10 US MEASURED P50       P90 US  ESTIMATE US   ERROR\n"
        "net/int8    3       95.000      100.000      110.000       97.000   -3.0%\n"
        "Drift: against when the table was made the device is as fast before the nets (240 operators) and "
        "5.0 % slower after the nets (240 operators).\n"
        "The device changed while the nets ran, so that no error is net of drift. Let it settle, and "
        "validate again.\n"
        "|error| of 1 net: median 3.0%, worst 3.0%.\n"
    )


def test_gaps_are_told_and_taken_out() -> None:
    nets = (replace(RAW, gaps_us=1.2),)
    text = describe_validation(replace(VALIDATION, nets=nets, drift_before=Drift(1.0, 240)))
    assert text.splitlines()[-4:-1] == [
        "Gaps, in which the system has the processor, make up 1.2% of a net's run at most, and hardly show "
        "in the medians of operators.",
        "|error| of 1 net: median 3.0%, worst 3.0%.",
        "|error| net of drift and gaps, of 1 net: median 1.8%, worst 1.8%.",
    ]


@pytest.mark.parametrize(
    ("gaps_us", "drift", "spoilt_by", "advice"),
    [
        (1.2, 1.0, None, "Go by the errors net of drift and gaps: "),
        (1.2, 1.0, "unsteady", "Go by the errors net of drift and gaps, but only for now: "),
        (1.2, 1.1, "unsteady", "Go by the errors net of drift and gaps, or measure the table again: "),
        (50.0, 1.0, "unsteady", "Go by the plain errors: "),
        (50.0, 1.1, None, "Go by neither error: "),
    ],
)
def test_which_error_to_go_by(gaps_us: float, drift: float, spoilt_by: str | None, advice: str) -> None:
    quiet = replace(RAW, gaps_us=gaps_us)
    nets = (quiet, replace(quiet, net="other/int8", spoilt_by=spoilt_by))
    [sentences] = choose_error(replace(VALIDATION, nets=nets, drift_before=Drift(drift, 240)))
    assert sentences.startswith(advice)


def test_one_error_leaves_no_choice() -> None:
    assert list(choose_error(VALIDATION)) == []


def test_a_table_whose_times_scatter_is_told() -> None:
    scattered = replace(RAW, net="other/int8", estimate_us=120.0, scatter=0.11)
    text = describe_validation(replace(VALIDATION, nets=(replace(RAW, scatter=0.03), scattered)))
    assert (
        "other/int8    3       95.000      100.000      110.000      120.000  +20.0%  SCATTERED by 11.0%\n"
        in text
    )
    assert text.endswith(
        "|error| of 2 nets: median 11.5%, worst 20.0%.\n"
        "The table's times of 1 net scatter: something disturbed the device when it was made, and these sums "
        "may be too long by as much. Measure the operators again on a quiet device.\n"
        "|error| without it, of 1 net: median 3.0%, worst 3.0%.\n"
    )


def test_operators_that_take_another_time_now_are_told() -> None:
    quick = replace(RAW, net="other/int8", estimate_us=120.0, repetition=0.9)
    nets = (replace(RAW, repetition=0.99), quick)
    text = describe_validation(replace(VALIDATION, nets=nets, drift_before=Drift(1.0, 240)))
    assert "+20.0%   +20.0%  NOT REPEATED: operators -10.0%\n" in text
    assert text.endswith(
        "The operators of 1 net take another time now, beyond the drift: either something disturbed the "
        "device when the table was made, or something does now. Validate again, and if that repeats, measure "
        "the operators again.\n"
        "|error| without it, of 1 net: median 3.0%, worst 3.0%.\n"
    )


def test_a_calibration_is_of_the_device_as_the_table_has_it() -> None:
    nets = [NetComparison(f"net{size}", size, (1.1 * size,) * 5, float(size)) for size in (10, 20, 30)]
    slower = replace(VALIDATION, nets=tuple(nets), drift_before=Drift(1.1, 240))
    calibration, validation = calibrate(slower)
    assert calibration.apply(100.0, 100) == pytest.approx(100.0)
    assert validation.left_out_summary is not None
    assert validation.left_out_summary.worst == pytest.approx(0.0, abs=1e-9)
