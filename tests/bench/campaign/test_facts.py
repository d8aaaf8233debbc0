"""What of a device has changed since something was measured on it, its name among it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.campaign.facts import compare_facts, refuse_former_name
from lut.entries import DeviceInfo
from lut.errors import ConflictError
from tests.lut.samples import SEGMENT, written_journal


def host(name: str = "Box-debian12-x86_64", **facts: str) -> DeviceInfo:
    return DeviceInfo(name, "host", "host", facts)


def test_changed_facts_are_named_and_those_of_a_moment_are_not() -> None:
    then = host(kernel="6.1", governor="performance", load="1.0", os="Debian")
    now = host(kernel="6.2", governor="powersave", load="2.0", os="Debian")
    assert compare_facts([then], now) == "kernel 6.1 then, 6.2 now; governor performance then, powersave now"
    assert compare_facts([then, now], now) is None


def test_a_fact_that_was_not_recorded_is_not_compared() -> None:
    assert compare_facts([host(os="Debian")], host(os="Debian", microcode="0x1")) is None
    assert compare_facts([], host(kernel="6.2")) is None


def test_a_journal_under_a_former_name_is_gone_on_with_by_that_name(tmp_path: Path) -> None:
    former = replace(SEGMENT, device=host("Box-debian12-6.1.0", cpu="Box"))
    journal = written_journal(tmp_path / "run.jsonl", former)
    now = replace(SEGMENT, device=host(cpu="Box"))
    with pytest.raises(ConflictError, match=r"--device-name Box-debian12-6\.1\.0, or choose another file"):
        refuse_former_name(journal, now)
    for allowed in (former, replace(now, device=host(cpu="Other")), replace(now, device=SEGMENT.device)):
        refuse_former_name(journal, allowed)
    refuse_former_name(tmp_path / "absent", now)
