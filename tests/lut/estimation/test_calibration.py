"""Calibrations: fitted on figures whose truth is known, kept beside a table, applied on demand."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lut
from lut.errors import ConflictError, FileError
from lut.sidecar import Calibration, FittedNet, Sidecar, sidecar_path
from lut.table import LutTable, hash_content, keep_calibration, table_file_name, update_table
from lut.table.formats.json_lut import write_zip
from lut.validation import LEAST_NETS
from lut.validation.fit import FORMS, MeasuredNet, fit_calibration
from tests.lut.samples import RELU, record

BOX = "Box-12-6.1"
CALIBRATION = Calibration(
    "factor", 1.02, 0.0, BOX, "2024-01-02T03:04:05+00:00", (FittedNet("net", 10, 100.0, 102.0, 0.01),)
)

sizes = st.tuples(st.integers(10, 200), st.floats(1e3, 1e5))
net_sizes = st.lists(sizes, min_size=4, max_size=12, unique_by=lambda size: size[0] / size[1])


def made(sizes: list[tuple[int, float]], factor: float, constant: float) -> list[MeasuredNet]:
    """Nets whose whole latency follows a formula."""
    return [
        MeasuredNet(f"net {number}", operators, total, factor * total + constant * operators)
        for number, (operators, total) in enumerate(sizes)
    ]


def fit(nets: list[MeasuredNet]) -> Calibration:
    return fit_calibration(nets, BOX, "2024-01-02")


@given(sizes=net_sizes, factor=st.floats(0.8, 1.5), constant=st.floats(0.0, 5.0))
def test_a_latency_that_follows_one_of_the_forms_is_found(
    sizes: list[tuple[int, float]], factor: float, constant: float
) -> None:
    nets = made(sizes, factor, constant)
    calibration = fit(nets)
    for net in nets:
        assert calibration.apply(net.sum_us, net.operators) == pytest.approx(net.measured_us, rel=1e-3)


@pytest.mark.parametrize(
    ("factor", "constant", "form"),
    [(1.03, 0.0, "factor"), (1.0, 0.7, "constant"), (1.03, 0.7, "factor and constant")],
)
def test_the_form_is_the_one_that_nets_left_out_ask_for(factor: float, constant: float, form: str) -> None:
    calibration = fit(made([(40, 2e3), (60, 3e4), (80, 9e3), (100, 5e4)], factor, constant))
    assert calibration.form == form
    assert (calibration.factor, calibration.per_operator_us) == pytest.approx((factor, constant))
    assert calibration.worst_left_out_error < 1e-9


@given(sizes=net_sizes, noise=st.lists(st.floats(-0.05, 0.05), min_size=12, max_size=12))
def test_no_form_does_better_on_nets_left_out_than_the_chosen_one(
    sizes: list[tuple[int, float]], noise: list[float]
) -> None:
    nets = [
        replace(net, measured_us=net.measured_us * (1 + part))
        for net, part in zip(made(sizes, 1.02, 0.5), noise, strict=False)
    ]
    calibration = fit(nets)
    factors = [
        float(np.linalg.lstsq(np.array([[n.sum_us / n.measured_us] for n in rest]), np.ones(len(rest)))[0][0])
        for rest in (nets[:number] + nets[number + 1 :] for number in range(len(nets)))
    ]
    by_factor = [
        abs(factor * net.sum_us / net.measured_us - 1) for factor, net in zip(factors, nets, strict=True)
    ]
    chosen = [abs(net.left_out_error) for net in calibration.nets]
    assert np.mean(chosen) <= np.mean(by_factor) + 1e-9
    assert calibration.median_left_out_error == pytest.approx(float(np.median(chosen)))
    assert calibration.worst_left_out_error == max(chosen)


def test_nets_of_one_kind_still_have_a_calibration() -> None:
    """Twice the operators, twice the time: factor and constant can't be told apart, and need not be."""
    calibration = fit(made([(10, 1e3), (20, 2e3), (40, 4e3)], 1.0, 2.0))
    assert calibration.apply(8e3, 80) == pytest.approx(8e3 + 160)


@pytest.mark.parametrize("nets", [made([(40, 2e3), (60, 3e4)], 1.0, 0.0), made([(9, 0.0)] * 3, 1.0, 1.0)])
def test_what_can_not_be_fitted_is_refused(nets: list[MeasuredNet]) -> None:
    with pytest.raises(ValueError, match=rf"it takes {LEAST_NETS}$|times above zero$"):
        fit(nets)


def test_forms_differ() -> None:
    assert len(set(FORMS.values())) == len(FORMS)


# --- Beside a table ------------------------------------------------------------------------------


def write_table(folder: Path, **said: Any) -> Path:
    path = folder / table_file_name(BOX)
    with update_table(path) as update:
        update.write([record(RELU, 50.0)], Sidecar(device=BOX, **said))
    return path


def test_a_calibration_is_kept_beside_the_table_and_corrects_estimates(tmp_path: Path) -> None:
    path = write_table(tmp_path, sources=("a.run.jsonl",))
    assert keep_calibration(CALIBRATION, path, hash_content(path)) == sidecar_path(path)
    table = lut.open(path)
    assert table.sidecar is not None
    assert table.sidecar.sources == ("a.run.jsonl",)
    assert table.calibration == CALIBRATION
    estimate = table.estimate([RELU, RELU]).calibrated(table.calibration)
    assert (estimate.total_us, estimate.calibrated_us) == pytest.approx((100.0, 102.0))
    totals = table.estimate_many([[RELU], [RELU, RELU]])
    assert table.calibration.apply(totals.total_us, np.array([1, 2])).tolist() == pytest.approx([51.0, 102.0])


def test_a_published_table_is_calibrated_too(tmp_path: Path) -> None:
    path = tmp_path / f"{table_file_name(BOX)}.zip"
    write_zip([record(RELU, 50.0)], path)
    keep_calibration(CALIBRATION, path, hash_content(path))
    assert lut.open(path).calibration == CALIBRATION


def test_a_table_that_changed_since_is_not_calibrated(tmp_path: Path) -> None:
    path = write_table(tmp_path)
    content = hash_content(path)
    with update_table(path) as update:
        update.write([record(RELU, 60.0)], Sidecar(device=BOX))
    with pytest.raises(ConflictError, match="changed by another command"):
        keep_calibration(CALIBRATION, path, content)


def test_without_a_calibration_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    path = write_table(tmp_path)
    for _ in range(2):
        with pytest.raises(FileError, match=rf"`bench validate MODEL\.\.\. --lut {path} --fit` measures"):
            _ = lut.open(path).calibration
        sidecar_path(path).unlink(missing_ok=True)


def test_a_calibration_of_another_device_or_of_no_file_is_refused(tmp_path: Path) -> None:
    path = write_table(tmp_path, calibration=msgspec.structs.replace(CALIBRATION, device="Phone"))
    with pytest.raises(FileError, match=rf"is of Phone, not of {BOX}\."):
        _ = lut.open(path).calibration
    with pytest.raises(FileError, match="in memory only"):
        _ = LutTable([record(RELU, 5.0)]).calibration


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 2),
        ("nets", []),
        ("nets", [{"net": "x"}]),
        ("factor", "1.02"),
        ("factor", float("inf")),
        ("config", None),
    ],
)
def test_a_damaged_calibration_is_refused(field: str, value: object, tmp_path: Path) -> None:
    path = write_table(tmp_path)
    sidecar_path(path).write_text(json.dumps({"calibration": CALIBRATION.to_json() | {field: value}}))
    with pytest.raises(FileError, match=f"^{sidecar_path(path)} "):
        _ = lut.open(path).calibration


def test_a_calibration_of_version_1_is_read(tmp_path: Path) -> None:
    path = write_table(tmp_path)
    sidecar_path(path).write_text(json.dumps({"calibration": {"version": 1, **CALIBRATION.to_json()}}))
    assert lut.open(path).calibration == CALIBRATION
