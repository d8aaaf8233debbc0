"""The command `bench validate` on the host, with the real engine and nets that take a millisecond."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from bench.campaign import validation
from bench.cli import validate as cli_validate
from bench.device_runner import HostDevice, NetRuns, measure_nets, whole_nets
from lut.cli import console
from lut.plan import read_plan
from lut.sidecar import format_sidecar, sidecar_path
from lut.table import estimate_models, load_table
from lut.validation import NetComparison, Validation, read_validation
from lut.wording import install_extra
from lut.zoo import write_net
from tests.bench.conftest import Bench
from tests.lut.cli.conftest import lut_command
from tests.lut.samples import known, written_model

__all__ = ["lut_command"]


QUICK = ("--passes=2", "--iters=2", "--warmup=1")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models, for all tests of this file."""
    folder = tmp_path_factory.mktemp("validate")
    write_net("FBNet-96", "int8", folder)
    for name in ("one", "two", "three"):
        written_model(folder / name)
    return folder


@pytest.fixture
def table(place: Path, bench_command: Bench) -> Path:
    """The host's table of all the models' operators, in a folder of its own; measured once."""
    name = f"{HostDevice().info.name}-op_lut_database.json"
    if not (place / name).exists():
        models = [arg for model in ("FBNet-96/int8", "one") for arg in ("--model", place / model)]
        assert bench_command("generate", "--space", "models", *models, "-o", place / "plan.jsonl")[0] == 0
        assert (
            bench_command("run", place / "plan.jsonl", "-o", place / "run.jsonl", "--device", "host")[0] == 0
        )
        from lut.merge import merge_journals, write_table

        write_table(merge_journals([place / "run.jsonl"], lambda _: None), place)
    return place / name


def test_nets_are_measured_and_compared_in_the_table_s_setting(
    bench_command: Bench, place: Path, table: Path, tmp_path: Path
) -> None:
    output = tmp_path / "validation.json"
    code, out, err = bench_command(
        "validate",
        place / "FBNet-96/int8",
        place / "one",
        "--device=host",
        "--lut",
        table,
        *QUICK,
        "-o",
        output,
    )
    assert (code, err) == (0, "")
    title, header, first, second, drift, *rest = out.splitlines()
    [segment] = known(table).segments
    assert title == (
        f"{HostDevice().info.name}: 2 passes of 1+2 runs, 1 thread on {segment.config.cpus}; "
        f"estimates are sums of medians from {table.name}"
    )
    # The machine may change meanwhile, or have been disturbed when the table was made.
    written = read_validation(output)
    drifts = [] if written.device_changed else ["NO DRIFT"]
    doubts = r"  SCATTERED by [\d.]+%" if written.is_scattered(written.nets[0]) else ""
    doubts += r"  NOT REPEATED: operators [+-][\d.]+%" if written.is_unrepeated(written.nets[0]) else ""
    columns = ["NET OPS P10 US MEASURED P50 P90 US ESTIMATE US ERROR", *drifts]
    assert " ".join(header.split()) == " ".join(columns)
    errors = len(drifts) + 1
    assert re.fullmatch(rf"FBNet-96/int8 +42( +[\d.]+){{4}}( +[+-][\d.]+%){{{errors}}}{doubts}", first)
    assert second.split()[:2] == [f"{place.name}/one", "3"]
    summary, *without = (line for line in rest if re.match(r"\|error\| (net of drift and gaps, )?of", line))
    assert re.fullmatch(r"\|error\| of 2 nets: median [\d.]+%, worst [\d.]+%\.", summary)
    assert len(without) == len(drifts)
    for line in without:
        assert re.fullmatch(
            r"\|error\| net of drift and gaps, of 2 nets: median [\d.]+%, worst [\d.]+%\.", line
        )
    assert drift.startswith("Drift: against when the table was made the device is ")
    assert re.search(r" before the nets \(\d+ operators\) and .* after the nets \(\d+ operators\)\.$", drift)

    assert (written.device, written.table) == (HostDevice().info.name, table.name)
    assert (written.config.passes, written.config.iters, written.config.warmup) == (2, 2, 1)
    assert (written.config.threads, written.config.cpus) == (1, segment.config.cpus)
    assert written.program.sha256 == segment.program.sha256
    assert written.drift_before is not None
    assert written.drift_before.count == 40
    int8, small = written.nets
    assert (int8.net, int8.operators, small.operators) == ("FBNet-96/int8", 42, 3)
    assert int8.measured_us is not None
    assert int8.estimate_us > small.estimate_us > 0
    assert small.gaps_us is not None
    assert int8.gaps_us is not None
    assert f"Gaps, in which the system has the processor, make up {written.gaps:.1%} of a net's run" in out


def test_json_is_what_output_writes(bench_command: Bench, place: Path, table: Path, tmp_path: Path) -> None:
    output = tmp_path / "validation.json"
    arguments = ("validate", place / "one", "--lut", table, "--device=host", *QUICK, "--json", "-o", output)
    code, out, err = bench_command(*arguments)
    assert (code, err, out) == (0, "", output.read_text())
    assert json.loads(out)["nets"][0]["operators"] == 3


def test_operators_inside_the_nets_stand_beside_their_rows(
    bench_command: Bench, place: Path, table: Path, tmp_path: Path
) -> None:
    output = tmp_path / "validation.json"
    net = place / "FBNet-96/int8"
    code, out, err = bench_command(
        "validate", net, "--lut", table, "--device=host", *QUICK, "--operators", "-o", output
    )
    assert (code, err) == (0, "The operators are timed inside the nets.\n")
    [compared] = read_validation(output).nets
    profile = compared.profile
    assert profile is not None
    assert (profile.runs, profile.resolution_us, profile.unknown) == (4, 0.001, 0)
    [estimated] = estimate_models(load_table(table), [net])
    rows = estimated.estimate.rows
    assert [each.operator for each in profile.operators] == [row.op.describe() for row in rows]
    assert [each.in_table_us for each in profile.operators] == [row.runtime_us for row in rows]
    lines = out.splitlines()
    start = next(number for number, line in enumerate(lines) if "inside 4 profiled runs" in line)
    assert lines[start + 2 : start + 12] == [
        f"{each.in_net_us:>12.3f} {each.in_table_us:>12.3f} {each.difference_us:>+12.3f} "
        f"{profile.share(each):>6.1%}  {each.operator}"
        for each in profile.by_difference[:10]
    ]
    assert lines[-1] == "32 more operators differ by less; --output writes all."


def test_options_override_the_table_s_setting_and_say_so(
    bench_command: Bench, place: Path, table: Path
) -> None:
    _, out, err = bench_command(
        "validate", place / "FBNet-96/int8", "--lut", table, "--device=host", *QUICK, "--threads=2", "--json"
    )
    config = json.loads(out)["config"]
    assert (config["threads"], config["cpus"]) == (2, HostDevice().default_cpus(2))
    [segment] = known(table).segments
    assert err == (
        f"{table.name} was measured with --threads 1 --cpus {segment.config.cpus}, the nets run with "
        f"--threads 2 --cpus {config['cpus']}: the errors include that difference.\n"
    )


def test_a_table_by_another_program_or_without_origin_is_told(
    bench_command: Bench, place: Path, table: Path, tmp_path: Path
) -> None:
    copy = tmp_path / table.name
    copy.write_bytes(table.read_bytes())
    arguments = ("validate", place / "one", "--lut", copy, "--device=host", *QUICK)
    _, _, err = bench_command(*arguments)
    assert err.startswith(f"How {copy.name} was measured is not known: the nets run with --threads 1 ")
    assert bench_command(*arguments, "-q")[2] == ""
    [segment] = known(table).segments
    other = replace(segment, program=replace(segment.program, sha256="ab" * 32))
    told = msgspec.structs.replace(known(table), segments=(other,))
    sidecar_path(copy).write_bytes(format_sidecar(told))
    _, _, err = bench_command(*arguments)
    assert err.startswith(
        f"{copy.name} was measured by a different program (abababababab) from the one that runs the nets ("
    )


# --- What can't be compared ----------------------------------------------------------------------


def test_operators_that_the_table_lacks_are_named_before_anything_is_measured(
    bench_command: Bench, place: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_validate, "validate_nets", lambda *_, **__: pytest.fail("measured"))
    plan = tmp_path / "missing.plan.jsonl"
    other = '{"data": [2, 8]}'
    arguments = ("validate", place / "one", "--lut", table, "--device=host", "--input_dims", other)
    code, out, err = bench_command(*arguments, "--missing-out", plan)
    assert (code, out) == (5, "")
    assert err == (
        f"error: {table} does not hold 3 operators of {place.name}/one:\n"
        f"  FC [2,8] [4,8] [4]\n  Relu [2,4]\n  Softmax [2,4]\n"
        f"Measure them by `bench run {plan}`.\n"
    )
    assert len(list(read_plan(plan))) == 3
    code, _, err = bench_command(*arguments, "--missing=interpolate")
    assert code == 5
    assert "  Relu [2,4] (not estimated: the table has 1 of Relu; it takes 30)\n" in err


def test_a_table_of_another_device_is_refused(bench_command: Bench, place: Path, table: Path) -> None:
    phone = place / "Phone-op_lut_database.json"
    phone.write_text(table.read_text().replace(HostDevice().info.name, "Phone"))
    arguments = ("validate", place / "one", "--lut", phone, "--device=host", *QUICK)
    assert bench_command(*arguments) == (
        4,
        "",
        f"error: {phone} is of Phone, the device is {HostDevice().info.name}. Give a table of this device, "
        "or its name in the table by --device-name.\n",
    )
    code, out, _ = bench_command(*arguments, "--device-name=Phone", "--json")
    assert (code, json.loads(out)["device"]) == (0, "Phone")


def test_what_of_the_device_has_changed_is_named(
    bench_command: Bench, place: Path, table: Path, tmp_path: Path
) -> None:
    copy = tmp_path / table.name
    copy.write_bytes(table.read_bytes())
    told = json.loads(sidecar_path(table).read_text())
    for segment in told["segments"]:
        segment["device"]["facts"]["kernel"] = "5.0-old"
    sidecar_path(copy).write_text(json.dumps(told))
    code, _, err = bench_command("validate", place / "one", "--device=host", "--lut", copy, *QUICK)
    assert code == 0
    assert f"kernel 5.0-old then, {os.uname().release} now." in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--fit",), "--fit needs 3 or more nets; there are 1."),
        (("--passes=0",), "0 is not in the range x>=1"),
        (("--cpus=big",), "'big' is not a hexadecimal mask, such as 0xf0."),
        (("--max-error=-1",), "-1.0 is not in the range x>=0"),
        (("--device-name=my host",), "a name is made of letters"),
    ],
)
def test_wrong_usage_is_told_at_once(
    arguments: tuple[str, ...], sentence: str, bench_command: Bench, place: Path, table: Path
) -> None:
    code, out, err = bench_command("validate", place / "one", place / "one", "--lut", table, *arguments)
    assert (code, out) == (2, "")
    assert sentence in err


def test_a_correction_is_not_fitted_to_interpolated_sums(
    bench_command: Bench, place: Path, table: Path
) -> None:
    models = [place / name for name in ("one", "two", "three")]
    code, _, err = bench_command("validate", *models, "--lut", table, "--fit", "--missing=interpolate")
    assert code == 2
    assert "it does not go with --missing interpolate" in err


def test_without_matplotlib_a_plot_is_refused_before_anything_is_measured(
    bench_command: Bench, place: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "find_spec", lambda _: None)
    code, _, err = bench_command("validate", place / "one", "--lut", table, "--plot", "x.png")
    assert code == 2
    assert install_extra("plot") in err


# --- What goes wrong in measuring, and what is too far off ---------------------------------------


def test_a_net_that_fails_is_a_row_and_ends_with_6(
    bench_command: Bench, place: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = measure_nets

    def refuse_first(*args: object, **options: object) -> dict[str, NetRuns]:
        return real(*args, **options) | {"net0": NetRuns((), "run: no memory")}  # type: ignore[arg-type]

    monkeypatch.setattr(validation, "measure_nets", refuse_first)
    models = [place / name for name in ("one", "two", "three")]
    code, out, err = bench_command("validate", *models, "--device=host", "--lut", table, *QUICK, "--fit")
    assert code == 6
    assert (
        out.splitlines()[2]
        == f"{place.name}/one  ".ljust(len(f"{place.name}/three")) + "    3 not measured: run: no memory"
    )
    assert "|error| of 2 nets" in out
    assert err == (
        f"error: 1 of 3 nets could not be measured: {place.name}/one. "
        f"No calibration was made: it needs 3 measured nets.\n"
    )


def test_nets_are_measured_in_groups_by_their_memory(
    bench_command: Bench, place: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: dict[str, int] = {}
    real = measure_nets

    def listen(*args: object, **options: object) -> dict[str, NetRuns]:
        sizes.update(options["sizes"])  # type: ignore[call-overload]
        return real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(validation, "measure_nets", listen)
    monkeypatch.setattr(whole_nets, "_GROUP_BYTES", 1)
    models = [place / name for name in ("one", "two", "three")]
    code, out, _ = bench_command("validate", *models, "--device=host", "--lut", table, *QUICK)
    assert code == 0
    assert "|error| of 3 nets" in out
    assert sizes.keys() == {"net0", "net1", "net2"}
    assert min(sizes.values()) > 0


def slowed(validated: Validation, factor: float) -> Validation:
    """The same validation, had every estimate been so many times the measured median, of a quiet table."""
    return replace(validated, nets=tuple(slow_down(net, factor) for net in validated.nets))


def slow_down(net: NetComparison, factor: float) -> NetComparison:
    """The same net, had its estimate been so many times the measured median, of a quiet table."""
    return replace(net, estimate_us=factor * (net.p50_us or 0.0), scatter=None, repetition=None)


def test_beyond_the_largest_error_allowed_it_ends_with_6(
    bench_command: Bench, place: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = validation.validate_nets
    monkeypatch.setattr(
        cli_validate, "validate_nets", lambda *args, **options: slowed(real(*args, **options), 0.9)
    )
    arguments = ("validate", place / "one", "--device=host", "--lut", table, *QUICK)
    assert bench_command(*arguments, "--max-error=10.1")[0] == 0
    code, out, err = bench_command(*arguments, "--max-error=9.9")
    assert code == 6
    assert out.splitlines()[2].endswith(" -10.0%")
    assert err == f"error: Further off than 9.9 %: {place.name}/one (-10.0%).\n"


# --- Calibration ---------------------------------------------------------------------------------


def test_a_fit_is_kept_beside_the_table_and_used_by_lut_estimate(
    bench_command: Bench,
    place: Path,
    table: Path,
    tmp_path: Path,
    lut_command: Bench,
) -> None:
    copy = tmp_path / table.name
    copy.write_bytes(table.read_bytes())
    sidecar_path(copy).write_bytes(sidecar_path(table).read_bytes())
    code, _, err = lut_command("estimate", place / "one", "--lut", copy, "--calibrated")
    assert code == 4
    assert f"`bench validate MODEL... --lut {copy} --fit` measures nets and makes one." in err

    models = [place / name for name in ("FBNet-96/int8", "one", "two")]
    picture = tmp_path / "plot.png"
    code, out, err = bench_command(
        "validate", *models, "--device=host", "--lut", copy, *QUICK, "--fit", "--plot", picture
    )
    assert code == 0
    assert out.splitlines()[1].endswith(" LEFT OUT")
    assert out.splitlines()[-1].startswith(
        "|error| calibrated, each net left out of the fit: of 3 nets: median "
    )
    calibration = load_table(copy).calibration
    assert err == f"{sidecar_path(copy)}: calibration {calibration.describe()}.\n"
    assert [net.net for net in calibration.nets] == [
        "FBNet-96/int8",
        f"{place.name}/one",
        f"{place.name}/two",
    ]
    assert calibration.config["passes"] == 2
    assert known(copy).segments == known(table).segments
    assert picture.read_bytes().startswith(b"\x89PNG")

    code, out, _ = lut_command("estimate", place / "one", "--lut", copy, "--calibrated")
    assert code == 0
    raw, corrected = out.splitlines()[-3], out.splitlines()[-1]
    assert raw.startswith("Sum of all 3 operators' medians (p50): ")
    assert corrected.startswith("Calibrated for whole nets: ")
    assert "Calibrated" not in lut_command("estimate", place / "one", "--lut", copy)[1]
    plain = lut_command(
        "get-runtime",
        "--model_path",
        place / "one",
        "--db_dir",
        table.parent,
        "--device",
        HostDevice().info.name,
        "--input_dims",
        '{"data": [1, 8]}',
    )
    assert (
        lut_command(
            "get-runtime",
            "--model_path",
            place / "one",
            "--db_dir",
            copy.parent,
            "--device",
            HostDevice().info.name,
            "--input_dims",
            '{"data": [1, 8]}',
        )
        == plain
    )


def test_names_are_the_folders_last_parts_unless_these_are_the_same(tmp_path: Path, table: Path) -> None:
    folders = [written_model(tmp_path / "a" / "net" / "v1"), written_model(tmp_path / "b" / "net" / "v1")]
    other = written_model(tmp_path / "c" / "v2")
    nets = estimate_models(load_table(table), [*folders, other, folders[0]])
    assert [net.name for net in nets] == [str(folders[0]), str(folders[1]), "c/v2"]
