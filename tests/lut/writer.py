"""Somebody who writes tables again and again, to be killed: `python -m tests.lut.writer HOW FOLDER NUMBER`.

Prints `begun`, then each thing once it is done: an operator's number of channels for `into`, else a word.
"""

from __future__ import annotations

import sys
from itertools import count, product
from pathlib import Path

from msgspec.structs import replace

from lut.errors import ConflictError
from lut.extend import extend_table
from lut.fill import fill_table, write_filling
from lut.merge import merge_journals, write_table
from lut.ops import OpSpec
from lut.sidecar import Calibration, FittedNet
from lut.table import keep_calibration, load_table
from tests.lut.samples import CONFIG, SEGMENT, measured, pointwise, written_journal

SPACE = [pointwise(*shape) for shape in product((7, 14), range(8, 65, 8), range(8, 65, 8))]
MEASURED = [op for op in SPACE if (op.inputs[1].shape[0] + op.inputs[1].shape[-1]) % 16 == 0]
"""Every other one, the smallest and the largest among them."""
ONCE = replace(SEGMENT, config=replace(CONFIG, passes=1))


def time_ns(op: OpSpec) -> int:
    """What an operator takes, always: a figure that is another was not measured."""
    _, pixels, _, channels = op.inputs[0].shape
    return 5_003 + 7 * pixels * pixels * channels + int(op.id[:2], 16)


def write_base(folder: Path) -> Path:
    """Write the table that all begin with."""
    visits = [measured(op, time_ns(op), segment=ONCE) for op in MEASURED]
    journal = written_journal(folder / "base.jsonl", ONCE, *visits)
    return write_table(merge_journals([journal], lambda _: None), folder).path


def merge(folder: Path, _: int) -> str:
    write_table(merge_journals([folder / "base.jsonl"], lambda _: None), folder)
    return "merged"


def add(folder: Path, number: int) -> str:
    op = pointwise(3, number, 8)
    own = replace(ONCE, started=f"{number}")
    journal = written_journal(folder / f"{number}.jsonl", own, measured(op, time_ns(op), segment=own))
    (table,) = folder.glob("*6.1-op_lut_database.json")
    extend_table(table, merge_journals([journal], lambda _: None), "newest")
    return str(number)


def fill(folder: Path, _: int) -> str:
    (table,) = folder.glob("*6.1-op_lut_database.json")
    write_filling(fill_table(load_table(table), "a space", SPACE), table, folder)
    return "filled"


def fit(folder: Path, _: int) -> str:
    (path,) = folder.glob("*6.1-op_lut_database.json")
    table = load_table(path)
    nets = (FittedNet("net", 1, 10.0, 10.2, 0.0),)
    calibration = Calibration("factor", 1.02, 0.0, SEGMENT.device.name, "2026", nets)
    keep_calibration(calibration, path, table.content)
    return "fitted"


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


WAYS = {"merge": merge, "into": add, "fill": fill, "fit": fit}

if __name__ == "__main__":
    how, place, first = sys.argv[1:]
    say("begun")
    for number in count(int(first)):
        try:
            say(WAYS[how](Path(place), number))
        except ConflictError:
            say("refused")
