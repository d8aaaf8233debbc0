"""Every code block of the README and of the guides runs as it is written, and prints what is shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.conftest import PAGES, README, make_place
from tests.docs.markdown import Block, read_blocks, split_commands
from tests.docs.pictures import ENGINES, MOST_BYTES, REPORT, VALIDATION
from tests.docs.running import check_printed, run_blocks
from tests.test_architecture import FLOORS

NOT_RUN: dict[str, list[str]] = {
    "farm.md": ["goes on until it is interrupted", *["needs other hosts"] * 3],
    "README.md": ["installs packages and measures for a minute", "the end of that minute's output"],
    "minute.md": ["takes minutes of a phone", "measures a space for minutes"],
    "nets.md": ["needs PyTorch"],
    "phones.md": ["needs other hosts"],
}
"""The blocks that are left out, by their page, with the reason given there. Think twice before adding one."""


def test_readme_runs(step_by_step: Path) -> None:
    assert list((step_by_step / "tables").glob("*-op_lut_database.json"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_a_guide_runs(page: Path, run_page: Callable[[Path], None]) -> None:
    run_page(page)


def test_few_blocks_are_left_out() -> None:
    left_out = {
        page.name: [block.marks["not run"] for block in read_blocks(page) if "not run" in block.marks]
        for page in (README, *PAGES)
    }
    assert {page: reasons for page, reasons in left_out.items() if reasons} == NOT_RUN


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: str(page.name))
def test_links_lead_somewhere(page: Path) -> None:
    for target, section in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text()):
        path = page.parent / target if target else page
        assert path.exists(), f"{page.name} links to {target}"
        assert not section or section in sections(path), f"{page.name} links to {target}#{section}"


def sections(page: Path) -> set[str]:
    """The names by which a page's sections are linked."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) < 150


def test_the_reading_order_is_that_of_the_floors() -> None:
    _, _, order = README.read_text().partition("## Reading the code")
    named = re.findall(r"`((?:lut|bench)/\w+)", "\n".join(re.findall(r"^\d+\. .*", order, re.MULTILINE)))
    rooms = [name.replace("/", ".").removesuffix(".__init__") for name in named]
    floors = [next(number for number, floor in enumerate(FLOORS) if room in floor) for room in rooms]
    assert floors == sorted(floors)
    assert {room for floor in FLOORS for room in floor} - set(rooms) == {"lut.caffe2_pb2", "bench"}


@pytest.mark.parametrize(
    ("picture", "page"),
    [(REPORT, "README.md"), (VALIDATION, "docs/tables.md"), (ENGINES, "docs/engines.md")],
    ids=lambda value: Path(value).name,
)
def test_pictures_are_small_and_shown(picture: Path, page: str) -> None:
    assert picture.stat().st_size < MOST_BYTES
    path = README.parent / page
    assert f"]({picture.relative_to(path.parent)})" in path.read_text()


# --- the runner itself ---------------------------------------------------------------------------


def page_of(tmp_path: Path, text: str) -> list[Block]:
    path = tmp_path / "page.md"
    path.write_text(text)
    return read_blocks(path)


def run(tmp_path: Path, text: str) -> None:
    place = make_place(tmp_path / "folder", {"SERIAL": "tcp:1"})
    (place.folder / "note.txt").write_text("zero\n")
    run_blocks(page_of(tmp_path, text), place)


def test_blocks_are_found_with_language_and_marks(tmp_path: Path) -> None:
    text = """\
Words.

    $ true

<!-- not run: no time -->

    $ false

<!-- file: a/b.toml -->
```toml
x = 1
```
no block:
    indented, but behind a line of text
"""
    shell, left_out, file = page_of(tmp_path, text)
    assert (shell.language, shell.text, shell.marks) == ("", "$ true\n", {})
    assert left_out.marks == {"not run": "no time"}
    assert (file.language, file.text, file.marks) == ("toml", "x = 1\n", {"file": "a/b.toml"})
    assert file.place == "page.md:10"


def test_a_transcript_is_commands_and_what_they_print(tmp_path: Path) -> None:
    (block,) = page_of(tmp_path, "    $ echo a \\\n        b\n    a b\n    $ true\n")
    assert [(each.words, each.printed) for each in split_commands(block)] == [
        ("echo a \\\n    b", "a b\n"),
        ("true", ""),
    ]
    (block,) = page_of(tmp_path, "    echo no prompt\n")
    with pytest.raises(ValueError, match="begins with a command"):
        split_commands(block)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("12.5 us", "7.25  us\n"),
        ("About 0:12:18 left", "About 1:00:00 left\n"),
        ("k3_e1,12.5", "k3_e1,933.7\n"),
        ("[11467.401  8113.205]", "[ 1798.191  4242.64 ]\n"),
        ("a\n…\nz", "a\nb\nc\nz\n"),
        ("a\n…\nz", "a\nz\n"),
        ("took … in all", "took 3 days in all\n"),
        ("", ""),
        ("done", "tcp:1: 79 of 148 visits (53 %), 0:00:10 left, 0 failed\ndone\n"),
        ("done", "Others keep core 1 (100%) busy: host is measured on core 0.\ndone\n"),
    ],
)
def test_figures_may_differ(expected: str, actual: str) -> None:
    check_printed(expected, actual, "here")


@pytest.mark.parametrize(
    ("expected", "actual"),
    [("37 operators", "38 operators\n"), ("12.5 us", "no us\n"), ("a", "a\nb\n"), ("", "words\n")],
)
def test_words_and_counts_may_not(expected: str, actual: str) -> None:
    with pytest.raises(AssertionError, match="here"):
        check_printed(expected, actual, "here")


def test_shell_python_files_and_diffs_share_a_folder(tmp_path: Path) -> None:
    run(
        tmp_path,
        """\
<!-- file: ~/note.txt -->
```text
one
```

    $ cat ~/note.txt; cp ~/note.txt note.txt; echo --device SERIAL
    one
    --device SERIAL

```diff
--- a/note.txt
+++ b/note.txt
@@
-one
+two
```

```python
text = open("note.txt").read()
```

```python
print(text, end="")
```

```text
two
```
""",
    )
    assert (tmp_path / "folder" / "note.txt").read_text() == "two\n"


@pytest.mark.parametrize(
    "text",
    [
        "    $ false\n",
        "    $ true\n    words\n",
        "    $ echo error: none\n    error: none\n",
        "```python\nraise ValueError(1)\n```\n",
        "```diff\n--- a/note.txt\n+++ b/note.txt\n@@\n-a\n+b\n```\n",
        "```toml\nx =\n```\n",
        "```json\n{\n```\n",
        "```cobol\n```\n",
    ],
)
def test_what_does_not_do_as_written_fails(tmp_path: Path, text: str) -> None:
    with pytest.raises((AssertionError, ValueError, KeyError)):
        run(tmp_path, text)


def test_a_command_that_fails_says_so_on_the_page(tmp_path: Path) -> None:
    run(tmp_path, "    $ echo error: bad; exit 4\n    error: bad\n")
