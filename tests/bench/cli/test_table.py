"""`bench table`: from nets to their table, each step shown as the command that does it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from lut.cli import entry as lut_cli
from lut.table import load_table
from lut.zoo import write_net
from tests.bench.conftest import Bench
from tests.commands import make_runner

FEW = ("--device", "host", "--passes", "1", "--iters", "2", "--warmup", "1")


def steps(err: str) -> list[list[str]]:
    """The lines of the steps, as words; programs by their names."""
    lines = [shlex.split(line) for line in err.splitlines() if not line.startswith("Next:")]
    lines = [[Path(words[0]).name, *words[1:]] for words in lines if words]
    return [words for words in lines if words[0] in ("bench", "lut")]


def test_each_step_is_a_command_that_does_the_same(
    bench_command: Bench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = bench_command("table", "fbnet-96", *FEW)
    assert code == 0
    [table] = Path("tables").glob("*-op_lut_database.json")
    before = table.read_bytes()
    commands = steps(err)
    assert [words[:2] for words in commands] == [
        ["lut", "models"],
        ["bench", "generate"],
        ["bench", "run"],
        ["lut", "merge"],
        ["lut", "estimate"],
    ]
    assert commands[2][3:] == ["-o", "tables", *FEW]
    lut_command = make_runner("lut", lut_cli.main, capsys, monkeypatch)
    for program, *words in commands:
        done = (lut_command if program == "lut" else bench_command)(*words)
        assert done[0] == 0
    assert done[1] == out
    assert table.read_bytes() == before, "all was measured before"
    assert f"Table: {table}\n" in err
    assert err.splitlines()[-1].startswith("Next: ")


def test_a_table_of_other_nets_is_added_to(
    bench_command: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nets = [write_net("FBNet-96", form, Path("models")) for form in ("int8", "fp32")]
    assert bench_command("table", nets[0], *FEW)[0] == 0
    [table] = Path("tables").glob("*-op_lut_database.json")
    [journal] = Path("tables").glob("*.run.jsonl")
    journal.rename("elsewhere.run.jsonl")
    code, out, err = bench_command("table", nets[1], *FEW)
    assert code == 0
    assert steps(err)[-2] == ["lut", "merge", str(journal), "--into", str(table)]
    both = load_table(table)
    assert all(both.estimate(net).total_us for net in nets)
    code, out, err = bench_command("table", "models", *FEW)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["NET", "FBNet-96/fp32", "FBNet-96/int8"]
    code, out, _ = bench_command("table", "models", "--precision", "int8", "-q", *FEW)
    assert (code, "NET" in out) == (0, False), "one of the two forms is a net alone"


def test_what_the_engine_lacks_is_named_and_the_table_made(
    bench_command: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx", reason="needs the extra `onnx`")
    monkeypatch.chdir(tmp_path)
    code, out, err = bench_command("table", "mobilenetv3-small", "--precision", "int8", *FEW)
    assert code == 5
    assert "PARTIAL" in out
    assert "Int8HardSwish" in err
    assert list(Path("tables").glob("*-op_lut_database.json"))


def test_a_net_that_nobody_knows_is_named_with_the_nearest(bench_command: Bench, tmp_path: Path) -> None:
    code, _, err = bench_command("table", "chamnt-a", "-o", tmp_path)
    assert code == 4
    assert "'chamnt-a'. Did you mean ChamNet-A" in err
    assert bench_command("table", "absent.onnx", "-o", tmp_path)[0] == 4
