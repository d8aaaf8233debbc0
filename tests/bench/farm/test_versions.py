"""What hosts and clients must have in common: the sources too, of Python and of C++."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs the extra `farm`")

from bench.farm.versions import Versions, find_difference, hash_sources, own_versions

ROOT = Path(__file__).parents[3]

NO_SOURCES = {".css", ".js", ".proto", ".pyi", ".typed", ""}
"""What neither measures nor is compiled: a report's page, and what a type checker or `make proto` reads."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Another checkout of the same sources."""
    for package in ("bench", "lut"):
        ignored = shutil.ignore_patterns("__pycache__", "data")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    return tmp_path


def test_checkouts_of_the_same_sources_agree(checkout: Path) -> None:
    assert hash_sources(checkout) == own_versions().sources


def test_every_source_counts(checkout: Path) -> None:
    before = hash_sources(checkout)
    suffixes = {path.suffix: path for path in checkout.rglob("*") if path.is_file()}
    assert {".py", ".cc", ".h"} <= set(suffixes)
    for suffix in set(suffixes) - NO_SOURCES:
        path = suffixes[suffix]
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        assert hash_sources(checkout) != before, path
        path.write_bytes(content)
    assert hash_sources(checkout) == before


def test_a_difference_is_named_with_both_sides() -> None:
    here = Versions("1.0", "2026.8.0", "3.11", "aaaaaaaa")
    assert find_difference(here, here) is None
    there = Versions("1.0", "2026.8.0", "3.11", "bbbbbbbb")
    assert find_difference(there, here) == "sources bbbbbbbb there, aaaaaaaa here"
