"""Devices that compute wrong numbers are not measured on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bench.device_runner import HostDevice
from bench.engines import CAFFE2, XNNPACK, Engine, NetSource, Values
from bench.numbers import WrongNumbersError, check_numbers, gate
from bench.numbers.reference import REFERENCES, has_reference
from bench.numbers.samples import list_samples
from bench.op_generators import FAMILIES, Family
from bench.op_generators.family import activation
from lut.entries import ProgramInfo
from lut.errors import ModelError
from lut.ops import OpSpec
from lut.ops.rules import RULES
from tests.bench.conftest import FaultyHost, relu


@pytest.mark.parametrize("engine", [CAFFE2, XNNPACK], ids=lambda engine: engine.name)
def test_this_machine_computes_right_numbers(engine: Engine, tmp_path: Path) -> None:
    host = HostDevice(engine=engine)
    check_numbers(host, host.prepare(lambda _: None), pytest.fail, folder=tmp_path)


def test_every_family_is_among_the_samples() -> None:
    types = {op.op_type for op in list_samples(lambda _: True)}
    fused = {op_type for op_type, rule in RULES.items() if rule.unfused and op_type != "Int8ConvRelu"}
    assert RULES.keys() - types == fused | {"NHWC2NCHW"}


@pytest.mark.parametrize("op_types", [{"Int8Conv", "Int8ConvRelu"}, {"Conv"}], ids=["int8", "fp32"])
def test_every_kind_of_convolution_is_among_the_samples(op_types: set[str]) -> None:
    convolutions = [op for op in list_samples(lambda _: True) if op.op_type in op_types]
    kinds = {
        (op.inputs[1].shape[0], *map(op.arg, ("kernel", "stride", "group", "dilation")))
        for op in convolutions
    }
    assert kinds >= {
        (24, 3, 1, None, None),
        (24, 1, 1, None, None),
        (24, 3, 2, None, None),
        (24, 3, 1, 4, None),
        (16, 3, 1, 16, None),
        (16, 5, 2, 16, None),
        (24, 3, 1, None, 2),
    }


def test_a_family_of_one_precision_has_samples_of_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(precision: str) -> Iterator[OpSpec]:
        if precision != "fp32":
            raise ModelError("there is no quantized Softsign: give --precision fp32")
        yield OpSpec.of("Softsign", (activation(precision, 7, 6, 16),))

    monkeypatch.setitem(FAMILIES, "softsign", Family(("Softsign",), (), make))
    assert [op.op_type for op in list_samples(lambda op: "Softsign" in op.op_type)] == ["Softsign"]


def test_a_family_that_nobody_can_compute_is_left_out(
    host: FaultyHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a user's own is, until it has a reference."""
    monkeypatch.delitem(REFERENCES, "Relu")
    assert not has_reference(relu(4))
    check_numbers(host, host.prepare(lambda _: None), pytest.fail, folder=tmp_path)


def test_what_was_right_is_remembered_for_device_and_program(host: FaultyHost, tmp_path: Path) -> None:
    program = host.prepare(lambda _: None)
    starts = host.starts
    check_numbers(host, program, pytest.fail, folder=tmp_path)
    check_numbers(host, program, pytest.fail, folder=tmp_path)
    assert host.starts == starts + 1
    check_numbers(host, ProgramInfo(program.kind, "ab" * 32, program.engine), pytest.fail, folder=tmp_path)
    assert host.starts == starts + 2


def test_operators_that_are_lowered_in_another_way_are_checked_anew(
    host: FaultyHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = host.prepare(lambda _: None)
    starts = host.starts
    check_numbers(host, program, pytest.fail, folder=tmp_path)
    monkeypatch.setattr(gate, "_hash_check", lambda: "of other sources")
    check_numbers(host, program, pytest.fail, folder=tmp_path)
    assert host.starts == starts + 2


class Backwards(HostDevice):
    """A host whose operators read their inputs backwards."""

    @property
    def engine(self) -> Engine:
        def lower(op: OpSpec, values: Sequence[Values] | None = None) -> NetSource:
            assert values is not None
            return CAFFE2.lower(op, [each.ravel()[::-1].reshape(each.shape) for each in values])

        return Engine(
            CAFFE2.traits, CAFFE2.runtimes, lower, CAFFE2.lower_model, CAFFE2.read_output, CAFFE2.refusal
        )


def test_a_device_with_wrong_numbers_is_refused_by_name(tmp_path: Path) -> None:
    host = Backwards()
    with pytest.raises(WrongNumbersError) as caught:
        check_numbers(host, host.prepare(lambda _: None), pytest.fail, folder=tmp_path)
    first, *wrong, last = str(caught.value).splitlines()
    assert first.startswith("host: caffe2 computes wrong numbers here, in ")
    assert all(" is right" in line for line in wrong[:-1])
    assert wrong[-1].startswith("  and ")
    assert last == "Measure with another --engine, or on another device."
    assert list(tmp_path.iterdir()) == []


def test_a_program_of_the_user_s_own_is_not_asked(host: FaultyHost, tmp_path: Path) -> None:
    starts = host.starts
    check_numbers(host, ProgramInfo("caffe2_benchmark", "ab" * 32, "own"), pytest.fail, folder=tmp_path)
    assert host.starts == starts


def test_a_folder_that_can_t_be_written_is_told(host: FaultyHost, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said: list[str] = []
    check_numbers(host, host.prepare(lambda _: None), said.append, folder=tmp_path / "file" / "numbers")
    (sentence,) = said
    assert sentence.startswith("That numbers are right here can't be remembered: ")
    assert sentence.endswith("The next run checks them.")


def test_numpy_is_loaded_only_where_numbers_are_checked() -> None:
    assert not any(
        "numpy" in line for line in Path(gate.__file__).read_text().splitlines() if "import" in line[:7]
    )
