"""What the sections are made from: texts escaped, columns, runs, packed bytes. The figures are round."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from lut.drift import Drift
from lut.errors import FileError
from lut.frontends import Memory, name_models
from lut.ops import OpKey
from lut.report import TableReport, collect_columns, read_run
from lut.report.chart import OTHERS, log_axis, sample, series_names
from lut.report.html import embed_json, tag
from lut.report.material import Material, NetReport
from lut.report.measured import build as build_measured
from lut.report.nets import build as build_nets
from lut.report.numbers import UNKNOWN, count, moment, percent, significant
from lut.report.packing import compress, pack
from lut.report.profiling import build as build_profiling
from lut.report.validating import build as build_validating
from lut.sidecar import MarkedOp, sidecar_path
from lut.table import load_table, read_sidecar
from lut.validation import DEVICE_CHANGED, NetProfile, ProfiledOperator, read_validation
from tests.lut.report.conftest import Files
from tests.lut.samples import CONV, CONV_RELU, RELU, SEGMENT, record, written_journal


@given(st.text())
def test_no_text_can_end_its_element(text: str) -> None:
    assert tag("p", text).count("<") == 2
    embedded = embed_json({"text": text})
    assert embedded.count("<") == 2
    assert json.loads(embedded.partition(">")[2].removesuffix("</script>")) == {"text": text}


def test_json_has_no_word_for_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        embed_json([float("nan")])


def test_throughput_is_multiply_adds_over_the_median() -> None:
    columns = collect_columns([record(CONV, 10.0), record(RELU, 5.0)], marked={RELU.key: "why"})
    macs = 8 * 8 * 32 * 3 * 3 * 16
    assert columns.multiply_adds.tolist() == [macs, 0]
    assert columns.gmacs[0] == pytest.approx(macs / 10e-6 / 1e9)
    assert np.isnan(columns.gmacs[1])
    assert columns.spread.tolist() == [0.2, 0.4]
    assert columns.marked.tolist() == [False, True]
    assert columns.describe(0) == CONV.describe()


def test_an_operator_that_is_not_understood_has_no_size() -> None:
    columns = collect_columns([record(OpKey("Novel", ("?",), ((1, 2),), (1,)), 10.0)])
    assert np.isnan(columns.multiply_adds).all()
    assert columns.families == ("Novel",)


def test_a_run_in_its_order(files: Files) -> None:
    run = read_run(files.run)
    assert len(run.relative) == 84
    assert set(run.relative) == {1.0}
    assert (run.canary_us[0], run.canary_us[-1]) == (0.4, 0.5)
    assert (run.celsius[0], run.celsius[-1]) == (31.5, 33.0)
    assert run.spoilt.tolist() == list(range(42, 84))


def test_a_journal_without_a_measurement_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="holds no measurement"):
        read_run(written_journal(tmp_path / "empty.run.jsonl", SEGMENT))


def test_a_story_tells_of_marks_or_that_nobody_looked(files: Files) -> None:
    provenance = read_sidecar(files.table)
    assert provenance is not None
    assert provenance.marked == (MarkedOp(*CONV.key, reason="its runs disagree"),)
    assert [failed.reason for failed in provenance.failures] == ["the engine said <no>"]
    sidecar = sidecar_path(files.table)
    fields = json.loads(sidecar.read_text())
    del fields["marked"]
    sidecar.write_text(json.dumps(fields))
    unmarked = read_sidecar(files.table)
    assert unmarked is not None
    assert unmarked.marked is None
    assert sidecar_path(Path("a.json.zip")) == Path("a.meta.json")


def test_drift_between_journals_is_told_and_a_large_one_stands_out(files: Files, tmp_path: Path) -> None:
    path = tmp_path / files.table.name
    path.write_bytes(files.table.read_bytes())
    fields = json.loads(sidecar_path(files.table).read_text())
    assert "Drift between" not in describe_measured(files.table)
    between = {"journal": "b", "earlier": ["a"], "factor": 1.021, "count": 40, "by": "operators"}
    step = {"policy": "newest", "added": 1, "present": 0, "equal": 0, "contradictions": 0}
    into = {"sources": ["c", "d"], **step, "drift": {"factor": 0.9, "count": 12, "by": "canary"}}
    told = {"drift": [between], "extended": [{"sources": ["e"], **step}, into]}
    sidecar_path(path).write_text(json.dumps(fields | told))
    assert (
        "<h4>Drift between journals</h4>"
        "<p>b: the device was 2.1 % slower than in a (by 40 operators measured in both).</p>"
        '<p class="warning">c, d: the device was 10.0 % faster than in the table that was there before '
        "(by the canary, since fewer than 5 operators were measured in both).</p>"
    ) in describe_measured(path)


def test_units_are_compared_and_a_large_factor_stands_out_unless_it_was_taken_out(
    files: Files, tmp_path: Path
) -> None:
    path = tmp_path / files.table.name
    path.write_bytes(files.table.read_bytes())
    fields = json.loads(sidecar_path(files.table).read_text())
    assert "Units of this name" not in describe_measured(files.table)
    slow = {"serial": "S", "against": "Q", "factor": 1.3, "anchors": 14}
    sidecar_path(path).write_text(json.dumps(fields | {"units": [slow, slow | {"evened": True}]}))
    assert (
        '<h4>Units of this name</h4><p class="warning">S is 30.0 % slower than Q (by 14 anchors).</p>'
        "<p>S is 30.0 % slower than Q (by 14 anchors); its times were divided by that.</p>"
    ) in describe_measured(path)


def describe_measured(path: Path) -> str:
    table = load_table(path)
    return build_measured(Material(TableReport(path, table, collect_columns(table), read_sidecar(path))))


def test_what_nets_take_in_memory_stands_beside_their_sums(files: Files) -> None:
    table = load_table(files.table)
    report = TableReport(files.table, table, collect_columns(table), None)
    estimate = table.estimate([CONV, CONV_RELU])
    nets = (NetReport("known", estimate, Memory(1500, 2_000_000, 1_234_567)), NetReport("unknown", estimate))
    html = str(build_nets(Material(report, nets=nets)))
    assert "Peak activations, kB" in html
    assert re.findall(r"<td[^>]*>([^<]*)</td>", html)[1:4] == ["1.500", "2,000.000", "1,234,567"]
    assert "Peak" not in str(build_nets(Material(report, nets=nets[1:])))


def test_operators_inside_nets_are_drawn_and_their_profiles_listed(files: Files) -> None:
    table = load_table(files.table)
    material = Material(TableReport(files.table, table, collect_columns(table), None))
    validation = read_validation(files.validation)
    [net, *others] = validation.nets
    plain = structs.replace(net, profile=None)
    bare = structs.replace(validation, nets=(plain, *others))
    assert build_profiling(replace(material, validation=bare)) is None
    operators = (ProfiledOperator("Relu [1,<8>]", 3.0, 2.0), ProfiledOperator("Copy [1]", None, 1.0))
    profile = NetProfile(6, 1.0, 10.0, 11.0, 0.5, operators)
    refused = [structs.replace(other, profile_failure="create: no") for other in others]
    nets = (structs.replace(net, profile=profile), *refused)
    html = str(build_profiling(replace(material, validation=structs.replace(validation, nets=nets))))
    [data] = re.findall(r'id="chart-operators"[^>]*>(.*?)</script>', html, re.DOTALL)
    [equal, drawn] = json.loads(data)["data"]
    assert (equal["x"], drawn["x"], drawn["y"]) == ([2.0, 3.0], [3.0], [2.0])
    assert "Relu [1,&lt;8&gt;]" in drawn["text"][0]
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", html)
    assert cells[:3] == ["6", "10.0", "11.0"]
    assert cells[5:8] == ["2", "1", "0.5"]
    assert cells[-1] == "create: no"


def test_sums_stand_beside_what_the_same_table_was_held_against(files: Files) -> None:
    table = load_table(files.table)
    report = TableReport(files.table, table, collect_columns(table), None)
    nets = tuple(NetReport(name, table.estimate([CONV, CONV_RELU])) for name in ("net", "big"))
    validation = read_validation(files.validation)  # of `net`, that took 10 µs; `big` failed
    material = Material(report, nets=nets, validation=validation)
    beside = str(build_nets(material))
    marked = "33.3\N{NO-BREAK SPACE}% marked"
    assert re.findall(r"<td[^>]*>([^<]*)</td>", beside)[:8] == [
        *("3.3", "10.0", "\N{MINUS SIGN}10.0\N{NO-BREAK SPACE}%", marked),
        *("3.3", UNKNOWN, UNKNOWN, marked),
    ]
    elsewhere = replace(material, validation=structs.replace(validation, table="other.json"))
    assert "Measured" not in str(build_nets(elsewhere))


def test_a_disturbed_net_is_grey_in_both_charts(files: Files) -> None:
    validation = read_validation(files.validation)
    [net, *others] = validation.nets
    nets = (net, structs.replace(net, net="noisy", spoilt_by="unsteady"), *others)
    table = load_table(files.table)
    report = TableReport(files.table, table, collect_columns(table), None)
    html = str(build_validating(Material(report, validation=structs.replace(validation, nets=nets))))
    for name, place in (("validation", "text"), ("validation-errors", "y")):
        chart = json.loads(html.partition(f'id="chart-{name}">')[2].partition("</script>")[0])
        grey = [trace for trace in chart["data"] if trace["name"] == "disturbed"]
        assert [(trace[place], trace["marker"]["color"]) for trace in grey] == [(["noisy"], "--series-other")]


def test_nets_whose_operators_scatter_are_told_and_counted_apart(files: Files) -> None:
    validation = read_validation(files.validation)
    [net, *others] = validation.nets
    nets = (net, structs.replace(net, net="noisy", estimate_us=13.0, scatter=0.08), *others)
    table = load_table(files.table)
    report = TableReport(files.table, table, collect_columns(table), None)
    html = str(build_validating(Material(report, validation=structs.replace(validation, nets=nets))))
    assert "operators scatter by 8" in html
    assert "Sums whose operators neither scatter nor change" in html
    assert "neither scatter" not in str(build_validating(Material(report, validation=validation)))


def test_nets_whose_operators_take_another_time_now_are_told(files: Files) -> None:
    validation = structs.replace(read_validation(files.validation), drift_before=Drift(1.0, 240))
    [net, *others] = validation.nets
    nets = (structs.replace(net, repetition=0.9), *others)
    table = load_table(files.table)
    report = TableReport(files.table, table, collect_columns(table), None)
    html = str(build_validating(Material(report, validation=structs.replace(validation, nets=nets))))
    assert "operators take \N{MINUS SIGN}10.0" in html


def test_a_device_that_changed_while_the_nets_ran_is_told(files: Files) -> None:
    validation = read_validation(files.validation)
    table = load_table(files.table)
    report = TableReport(files.table, table, collect_columns(table), None)
    changed = structs.replace(validation, drift_before=Drift(1.0, 9), drift_after=Drift(1.2, 9))
    assert DEVICE_CHANGED in str(build_validating(Material(report, validation=changed)))
    assert DEVICE_CHANGED not in str(build_validating(Material(report, validation=validation)))


def test_packed_columns_are_aligned_and_narrow() -> None:
    packed = pack(2, {"op_type": ["a", "b"]}, {"few": np.array([1, 2]), "many": np.array([0, 70_000])})
    length = int.from_bytes(packed[:4], "little")
    header = json.loads(packed[4 : 4 + length])
    assert [column["type"] for column in header["columns"]] == ["u1", "u4"]
    assert len(packed) % 8 == 0
    assert np.frombuffer(packed[-8:], "<u4").tolist() == [0, 70_000]
    assert gzip.decompress(b64decode(compress(packed))) == packed


def test_a_sample_keeps_what_is_to_be_kept() -> None:
    keep = np.zeros(1000, np.bool_)
    keep[[3, 999]] = True
    chosen = sample(np.arange(1000), keep, most=10)
    assert len(chosen) == 10
    assert {3, 999} <= set(chosen.tolist())
    assert chosen.tolist() == sample(np.arange(1000), keep, most=10).tolist()


def test_series_beyond_the_colours_are_drawn_together() -> None:
    names = [f"type{number}" for number in range(10)]
    series = series_names(names, list(range(10)))
    assert len(series) == 8
    assert (series[0], series[-1]) == ("type9", OTHERS)


def test_logarithmic_ticks_are_numbers_to_read() -> None:
    ticks = log_axis("time, µs", np.array([0.5, 200.0, np.nan]))["ticktext"]
    assert {"0.5", "1", "20", "200"} <= set(ticks)
    assert "tickvals" not in log_axis("ratio", np.array([0.9, 1.2]))


def test_numbers() -> None:
    assert [count(number, "operator") for number in (0, 1, 2000)] == [
        "no operators",
        "1 operator",
        "2,000 operators",
    ]
    assert [significant(value) for value in (0.0123, 12.345, 12345.0, None)] == [
        *("0.0123", "12.3", "12,345"),
        UNKNOWN,
    ]
    assert percent(0.1234) == "12.3\N{NO-BREAK SPACE}%"
    assert moment("2024-01-02T03:04:05+02:00") == "2 January 2024, 01:04 UTC"
    assert moment("yesterday") == "yesterday"


def test_nets_of_one_name_are_told_apart_by_their_paths() -> None:
    paths = [Path("/a/net/int8"), Path("/b/net/int8"), Path("/b/net/fp32")]
    assert name_models(paths) == ["/a/net/int8", "/b/net/int8", "net/fp32"]
