"""What `make` installs: exact versions with hashes of all that pyproject.toml asks for; no index is named."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = "optional-dependencies"
LISTS = ("build", "lut", "models", "dev")


def listed(name: str) -> list[Requirement]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return [Requirement(line.rstrip(" \\")) for line in text.splitlines() if re.match(r"\w", line)]


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def wanted(*extras: str) -> Iterator[Requirement]:
    """What the project asks for with these extras, and with those that they take in."""
    asked = [*PROJECT["dependencies"], *(one for extra in extras for one in PROJECT[EXTRAS][extra])]
    for requirement in map(Requirement, asked):
        if requirement.name == PROJECT["name"]:
            yield from wanted(*requirement.extras)
        else:
            yield requirement


@pytest.mark.parametrize(
    ("name", "extras"),
    [("lut", ("report", "usb")), ("models", ("onnx", "tflite")), ("dev", ("dev",))],
)
def test_all_that_is_asked_for_is_listed_in_an_allowed_version(name: str, extras: tuple[str, ...]) -> None:
    versions: dict[str, set[str]] = {}
    for requirement in listed(name):
        (exact,) = requirement.specifier
        assert exact.operator == "=="
        versions.setdefault(canonicalize_name(requirement.name), set()).add(exact.version)
    asked = list(wanted(*extras))
    assert asked
    for requirement in asked:
        found = versions.get(canonicalize_name(requirement.name), set())
        assert found, f"{requirement.name} is not listed: run `make lock`"
        assert all(requirement.specifier.contains(version) for version in found), "run `make lock`"


def test_the_lists_agree() -> None:
    build, lut, models, dev = ({(pin.name, str(pin.specifier)) for pin in listed(name)} for name in LISTS)
    assert lut | models <= dev
    assert {name for name, _ in build - dev} == {"editables"}


@pytest.mark.parametrize("name", LISTS)
def test_every_version_has_its_hashes_and_no_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\w)", text)
    assert len(entries) == len(listed(name))
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert "--index-url" not in text
