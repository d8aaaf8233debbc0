"""Who may measure: hosts of the same versions, whose benchmark program is the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import cast

import pytest
from msgspec import structs

pytest.importorskip("distributed", reason="needs the extra `farm`")

from bench.farm import FarmClient, HostOffer, OfferedPhone, Wanted, explain_absence, own_versions
from bench.farm import admission as admission_module
from bench.farm.admission import Admission
from bench.farm.offer import FREE, MEASURING, UNUSABLE, resource
from bench.farm.reports import Ready, Refused
from bench.farm.worker import log, show_log
from lut.entries import ProgramInfo

NAME = "Phone-1"
PROGRAM = ProgramInfo("speed_benchmark", "5" * 64, "torch")


class Task:
    """A task's future, as Dask has it."""

    def __init__(self) -> None:
        self.status = "pending"

    def release(self) -> None:
        self.status = "released"


@dataclass
class Questions:
    """A client that asks nobody: tests answer."""

    asked: list[tuple[str, str, Task]] = field(default_factory=list)

    def prepare(self, host: HostOffer, _wanted: Wanted, _topic: str) -> tuple[str, Task]:
        key, task = f"prepare-{len(self.asked)}", Task()
        self.asked.append((host.name, key, task))
        return key, task

    def answer(self, admission: Admission, answer: ProgramInfo | str) -> str | None:
        """Let the host that was asked last tell its program, or why it can't measure."""
        _, key, _ = self.asked[-1]
        return admission.take(key, Refused(answer) if isinstance(answer, str) else Ready(answer))


def offer(name: str, *phones: OfferedPhone) -> HostOffer:
    granted = {resource(phone.name): 1.0 for phone in phones}
    return HostOffer(name, own_versions(), phones, f"tls://{name}:1", granted)


def phone(doing: str = FREE, note: str = "", name: str = NAME) -> OfferedPhone:
    return OfferedPhone("R58", "adb", name, {}, 4, {"4": "f0"}, {}, doing, note)


@pytest.fixture
def questions() -> Questions:
    return Questions()


@pytest.fixture
def admission(questions: Questions) -> Admission:
    return Admission(cast(FarmClient, questions), Wanted(NAME, "caffe2"), "topic")


def test_a_host_is_asked_once_and_may_measure(admission: Admission, questions: Questions) -> None:
    hosts = [offer("rack1", phone()), offer("other", phone(name="Other-1"))]
    assert admission.consider(hosts) == admission.consider(hosts) == []
    assert [name for name, _, _ in questions.asked] == ["rack1"]
    assert admission.pending
    assert questions.answer(admission, PROGRAM) is None
    assert not admission.pending
    assert set(admission.programs) == {"tls://rack1:1"}


@pytest.mark.parametrize(
    ("part", "there"),
    [("dask", "2025.1.0"), ("project", "0.0.1"), ("python", "3.9"), ("sources", "0123abcd")],
)
def test_another_version_is_refused_by_name(
    admission: Admission, questions: Questions, part: str, there: str
) -> None:
    host = replace(offer("rack1", phone()), versions=replace(own_versions(), **{part: there}))
    [refusal] = admission.consider([host])
    assert f"rack1 runs other versions: {part} {there} there, " in refusal
    assert not questions.asked
    assert admission.consider([host]) == []
    assert admission.mismatch == refusal


def test_an_offer_that_another_version_wrote_is_named_too() -> None:
    fields = {"name": "rack1", "versions": {**vars(own_versions()), "dask": "2031.1.0"}, "phones": [{"x": 1}]}
    host = HostOffer.from_json(fields, "tls://rack1:1", {})
    assert "rack1 runs other versions: dask 2031.1.0 there" in explain_absence([host], NAME)


def test_a_phone_s_name_is_cleaned_where_it_comes_in() -> None:
    fields = {**offer("rack1", phone(name="../../x\x1b[m")).to_json()}
    [found] = HostOffer.from_json(fields, "tcp://rack1:1", {}).phones
    assert found.name == ".._.._x_m"


def test_another_program_is_refused_by_name(admission: Admission, questions: Questions) -> None:
    admission.consider([offer("rack1", phone())])
    questions.answer(admission, PROGRAM)
    admission.consider([offer("rack1", phone()), offer("rack2", phone())])
    refusal = questions.answer(admission, structs.replace(PROGRAM, sha256="6" * 64))
    assert refusal == admission.mismatch
    assert "rack1 and rack2 differ (55555555 and 66666666)" in admission.mismatch


def test_a_host_whose_phone_fails_may_not_measure(admission: Admission, questions: Questions) -> None:
    admission.consider([offer("rack1", phone())])
    reason = questions.answer(admission, "the compiler is missing")
    assert reason == "rack1 can't measure: the compiler is missing"
    assert not admission.mismatch


def test_a_phone_that_failed_may_be_better_later(admission: Admission, questions: Questions) -> None:
    host = offer("rack1", phone())
    admission.consider([host])
    assert questions.answer(admission, "it is in use")
    admission.consider([host])
    assert len(questions.asked) == 1
    admission._again["tls://rack1:1"] = 0.0
    admission.consider([host])
    assert len(questions.asked) == 2
    assert questions.answer(admission, "it is in use") is None  # that was said
    admission._again["tls://rack1:1"] = 0.0
    admission.consider([host])
    questions.answer(admission, PROGRAM)
    assert set(admission.programs) == {"tls://rack1:1"}


def test_a_host_that_dies_before_it_answers_is_asked_again(
    admission: Admission, questions: Questions
) -> None:
    admission.consider([offer("rack1", phone())])
    admission.settle(questions.asked[-1][1])
    assert not admission.pending
    admission.consider([offer("rack1", phone())])
    assert len(questions.asked) == 2


def test_a_host_that_starts_anew_is_asked_again(admission: Admission, questions: Questions) -> None:
    host = offer("rack1", phone())
    admission.consider([host])
    questions.answer(admission, PROGRAM)
    admission.consider([])
    assert admission.programs == {}
    admission.consider([replace(host, address="tls://rack1:2")])
    assert len(questions.asked) == 2


def test_a_question_that_dask_forgot_is_asked_again(
    admission: Admission, questions: Questions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission_module, "UNSEEN_S", -1.0)
    admission.consider([offer("rack1", phone())])
    admission.consider([offer("rack1", phone(MEASURING))])
    assert len(questions.asked) == 1  # the phone is being prepared, perhaps for us
    admission.consider([offer("rack1", phone())])
    assert len(questions.asked) == 2
    assert questions.asked[0][2].status == "released"


def test_why_there_is_no_phone_is_said() -> None:
    assert "No host is there" in explain_absence([], NAME)
    assert explain_absence([offer("rack1")], NAME) == "No phone is offered. Attach one to rack1."
    others = explain_absence([offer("rack1", phone(name="Other-1"))], NAME)
    assert others == f"Nobody offers a phone named {NAME}. Offered are: Other-1."
    broken = explain_absence([offer("rack1", phone(UNUSABLE, "it is in use"))], NAME)
    assert broken == f"No phone named {NAME} can be used at present: R58 at rack1: it is in use."


def test_what_a_host_logs_moves_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    kept = log.handlers[:]
    log.handlers.clear()
    try:
        show_log()
        log.warning("%s offers %s", "rack1", "a phone\x1b]52;c;aGk=\x07")
    finally:
        log.handlers[:] = kept
    assert r"rack1 offers a phone\u001b]52;c;aGk=\u0007" in capsys.readouterr().err
