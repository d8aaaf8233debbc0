"""Asking whole tables: queries, statistics, differences, cross-validation, from the shell too."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import lut
from lut.cli import entry as cli
from lut.frontends.netdef import read_netdef
from lut.ops import OpSpec, TensorSpec
from lut.records import LutRecord
from lut.spaces import MissingOpsError
from lut.table import Query, compare, describe_families, parse_argument_filter, parse_shape_filter
from lut.table.formats.json_lut import write
from tests.lut.estimation.test_interpolation import records
from tests.lut.samples import (
    CONV,
    CONV_RELU,
    FC,
    RELU,
    SOFTMAX,
    int8_conv,
    pointwise,
    record,
    written_model,
)
from tests.lut.spaces.test_block_table import OPS as BLOCK_OPS

TABLE = [record(CONV, 9.0), record(CONV_RELU, 8.0), record(RELU, 5.0), record(int8_conv(channels=8), 7.0)]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.cli, arguments)
    return result.exit_code, result.stdout


def written(path: Path, table: list[LutRecord]) -> str:
    write(table, path)
    return str(path)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), [9.0, 8.0, 5.0, 7.0]),
        (Query(("Int8Conv",)), [9.0, 7.0]),
        (Query(("Int8Conv*",)), [9.0, 8.0, 7.0]),
        (Query(("Relu", "Softmax")), [5.0]),
        (Query(shapes=(parse_shape_filter("0=1,8,..8,*"),)), [9.0, 8.0, 7.0]),
        (Query(shapes=(parse_shape_filter("0=1,8,8,12.."),)), [9.0, 8.0]),
        (Query(shapes=(parse_shape_filter("1=32,3,3,8"),)), [7.0]),
        (Query(shapes=(parse_shape_filter("0=*"),)), []),
        (Query(arguments=(parse_argument_filter("kernel=2..3"),)), [9.0, 8.0, 7.0]),
        (
            Query(arguments=(parse_argument_filter("order=NHWC"), parse_argument_filter("group="))),
            [9.0, 8.0, 7.0],
        ),
        (Query(arguments=(parse_argument_filter("kernel="),)), [5.0]),
        (Query(arguments=(parse_argument_filter("kernel=5"),)), []),
    ],
)
def test_queries(query: Query, expected: list[float]) -> None:
    assert [each.p50 for each in query.choose(TABLE)] == expected


@pytest.mark.parametrize("asked", ["alpha=0.1", "alpha=0.1..0.2", "alpha=..0.1"])
def test_a_fraction_is_asked_for_as_it_is_written(asked: str) -> None:
    leaky = record(OpSpec.of("LeakyRelu", [TensorSpec((1, 4))], alpha=0.1), 4.0)
    assert list(Query(arguments=(parse_argument_filter(asked),)).choose([leaky])) == [leaky]


@pytest.mark.parametrize("text", ["0", "x=1", "0=a", "=1", "0=1..b"])
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="; write "):
        parse_shape_filter(text)


def test_arguments_that_cannot_be_read_fit_nothing() -> None:
    odd = record(RELU.key._replace(op_args=("what",)), 4.0)
    assert list(Query(arguments=(parse_argument_filter("kernel=1"),)).choose([odd])) == []
    with pytest.raises(ValueError, match="; write "):
        parse_argument_filter("kernel")


def test_the_query_command(tmp_path: Path) -> None:
    table = written(tmp_path / "table.json", TABLE)
    assert run("query", "--lut", table, "--type", "Relu") == (0, "       5.000  Relu [1,4]\n")
    code, out = run("query", "--lut", table, "--arg", "kernel=3", "--json")
    assert (code, [json.loads(line)["runtime_us_p50"] for line in out.splitlines()]) == (0, [9.0, 8.0, 7.0])
    assert run("query", "--lut", table, "--shape", "nonsense")[0] == 2


def test_stats(tmp_path: Path) -> None:
    families = {row.family: row for row in describe_families(TABLE)}
    assert list(families) == ["Int8Conv 3x3", "Relu"]
    conv = families["Int8Conv 3x3"]
    assert (conv.records, conv.least_us, conv.median_us, conv.most_us) == (3, 7.0, 8.0, 9.0)
    assert conv.spread == pytest.approx(9 / 7)
    table = written(tmp_path / "table.json", TABLE)
    code, out = run("stats", "--lut", table)
    assert code == 0
    assert out.startswith("4 records of Box-12-6.1\n")
    code, out = run("stats", "--lut", table, "--json")
    assert json.loads(out)["families"][1]["family"] == "Relu"


def test_differences(tmp_path: Path) -> None:
    second = [
        record(CONV, 18.0),
        record(CONV_RELU, 16.0),
        record(int8_conv(channels=8), 70.0),
        record(FC, 5.0),
    ]
    result = compare(TABLE, second)
    assert (result.only_first, result.only_second) == ((RELU.key,), (FC.key,))
    assert [(row.family, row.operators, row.median) for row in result.families] == [("Int8Conv 3x3", 3, 2.0)]
    assert (result.ops[0].ratio, result.ops[0].from_family) == (10.0, 5.0)
    first_file, second_file = (written(tmp_path / f"{n}.json", t) for n, t in enumerate((TABLE, second)))
    code, out = run("diff", first_file, second_file, "--outliers", "1")
    assert code == 0
    assert out.splitlines()[-1] == (
        "       7.000       70.000  10.000  "
        "Int8Conv [1,8,8,8] [32,3,3,8] [32] kernel=3 order=NHWC pad=1 stride=1"
    )
    code, out = run("diff", first_file, second_file, "--json")
    lists = [value for value in json.loads(out).values() if isinstance(value, list)]
    assert list(map(len, lists)) == [1, 1, 1, 3]


def test_crossval(tmp_path: Path) -> None:
    table = written(tmp_path / "table.json", [*records(0.02), record(RELU, 5.0)])
    code, out = run("crossval", "--lut", table)
    assert code == 0
    assert [line.split()[-1] for line in out.splitlines()[1:]] == ["1x1", "Relu"]
    code, out = run("crossval", "--lut", table, "--json")
    assert json.loads(out)[1]["median_error"] is None


def test_the_blocks_command(tmp_path: Path) -> None:
    def table(ops: list[OpSpec]) -> str:
        return written(tmp_path / "table.json", [record(op, 50.0) for op in ops])

    code, _ = run("blocks", "--space", "fbnet", "--lut", table(BLOCK_OPS), "-o", str(tmp_path / "b.npz"))
    assert code == 0
    assert lut.load_blocks(tmp_path / "b.npz").space == "fbnet"
    plan = tmp_path / "plan.jsonl"
    arguments = ("--space", "fbnet", "--lut", table(BLOCK_OPS[2:]), "-o", str(tmp_path / "c.npz"))
    result = CliRunner().invoke(cli.cli, ["blocks", *arguments, "--missing-out", str(plan)])
    assert isinstance(result.exception, MissingOpsError)
    assert len(plan.read_text().splitlines()) == 2
    assert not (tmp_path / "c.npz").exists()
    arguments = ("--space", "fbnet", "--lut", table(BLOCK_OPS), "-o", str(tmp_path / "d.json"))
    assert run("blocks", *arguments, "--last", "1984", "--missing", "interpolate")[0] == 0


def test_totals_of_many_nets() -> None:
    table = lut.LutTable([record(CONV_RELU, 8.0), record(RELU, 5.0), record(RELU, 7.0)])
    totals = table.estimate_many([[CONV, RELU], [RELU, SOFTMAX], iter([RELU]), []])
    assert np.array_equal(totals.total_us, [14.0, np.nan, 6.0, 0.0], equal_nan=True)
    assert totals.missing == {SOFTMAX: 1}


def test_the_package_gives_what_it_promises(tmp_path: Path) -> None:
    path = written(tmp_path / "table.json", TABLE)
    assert lut.open(path).find(lut.OpSpec.of("Relu", [lut.TensorSpec((1, 4))])).runtime_us == 5.0
    assert all(getattr(lut, name) for name in lut.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = lut.nothing  # type: ignore[attr-defined]


def test_missing_operators_are_estimated_on_request() -> None:
    table = lut.LutTable(records(0.01))
    result = table.estimate([pointwise(14, 24, 40), RELU], interpolate=True)
    assert [row.predicted is not None for row in result.rows] == [True, False]
    assert (result.total_us, result.missing) == (None, (RELU,))
    assert "it takes" in table.refusals([RELU])[RELU]


def test_a_net_may_come_in_any_form(tmp_path: Path) -> None:
    table = lut.LutTable([record(FC, 9.0), record(RELU, 5.0), record(SOFTMAX, 6.0)])
    folder = written_model(tmp_path / "net")
    predict, init = read_netdef(folder / "model.pb"), read_netdef(folder / "model_init.pb")
    for estimate in (
        table.estimate(folder),
        table.estimate(str(folder)),
        table.estimate(predict, init_net=init, input_dims={"data": (1, 8)}),
        table.estimate([FC, RELU, SOFTMAX]),
        table.estimate(op for op in (FC, RELU, SOFTMAX)),
    ):
        assert estimate.total_us == 20.0
    assert table.estimate_many([folder, [RELU]]).total_us.tolist() == [20.0, 5.0]
