"""The messages that the page explains are those that the program says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"

ELLIPSIS = "…"


def texts() -> Iterator[str]:
    """All texts of the sources, with `…` where a value is put in; those of f-strings as a whole."""
    for package in ("lut", "bench"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.JoinedStr):
                    parts = (
                        str(part.value) if isinstance(part, ast.Constant) else ELLIPSIS
                        for part in node.values
                    )
                    yield "".join(parts)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield re.sub(r"\{\w*\}", ELLIPSIS, node.value)


ALL_TEXTS = "\n".join(" ".join(text.split()) for text in texts())


def phrases() -> list[str]:
    """The words of each message's title between the places where values stand, four words or more."""
    titles = re.findall(r"^### (.+)$", PAGE.read_text(), re.MULTILINE)
    pieces = (piece.strip(" .:;,`()") for title in titles for piece in title.strip("`").split(ELLIPSIS))
    return [piece for piece in pieces if len(piece.split()) >= 4]


@pytest.mark.parametrize("phrase", phrases())
def test_an_explained_message_is_one_of_the_program(phrase: str) -> None:
    pieces = [piece for piece in re.split(r"\. (?=[A-Z])", phrase) if len(piece.split()) >= 3]
    for piece in pieces:
        assert piece in ALL_TEXTS, f"no text of the program holds {piece!r}"


def test_messages_are_many() -> None:
    assert len(phrases()) > 30
