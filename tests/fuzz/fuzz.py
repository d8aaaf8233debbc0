"""Fuzz the readers: seeds of corpus/ changed at random, for as long as asked.

    python -m tests.fuzz.fuzz --seconds 600
    python -m tests.fuzz.fuzz --each 20000

Every input is made from the seed and its number, so a crash is repeated by the command it prints. Ends
with code 1 at the first input that a reader neither takes nor refuses with an error of this project.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import time
from collections import Counter
from pathlib import Path

from lut.errors import LutError
from tests.fuzz.targets import TARGETS

__all__ = ["change", "run_target", "seeds"]

CORPUS = Path(__file__).parent / "corpus"

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TOKENS = (
    *(
        b"NaN",
        b"Infinity",
        b"-1",
        b"0",
        b"1e999",
        b"1" * 400,
        b"-0.0",
        b"9" * 25,
        b"1.5",
        b"007",
        b"null",
        b"true",
    ),
    *(b'""', b"[]", b"{}", b"[[", b"]]", b"\\u0000", b"\\ud800", b"\xff", b"\x00", b"\n", b"\r\n", b" "),
    *(b'"op_type": "Conv", ', b'name: "kernel"\ni: 3\n', b"[" * 3000, b"1" * 5000, b"1" * 400),
)


def seeds() -> dict[str, bytes]:
    """Give every target's seed."""
    return {name: (CORPUS / name).read_bytes() for name in TARGETS}


def change(data: bytes, source: random.Random) -> bytes:
    """Change an input in one to four places."""
    for _ in range(source.randint(1, 4)):
        place = source.randint(0, len(data))
        end = min(len(data), place + source.choice((1, 1, 2, 8, 64)))
        kind = source.randrange(8)
        if kind == 0:
            data = data[:place]
        elif kind == 1:
            data = data[:place] + data[end:]
        elif kind == 2:
            data = data[:place] + source.choice(_TOKENS) + data[place:]
        elif kind == 3:
            data = data[:place] + source.choice(_TOKENS) + data[end:]
        elif kind == 4:
            data = data[:place] + source.randbytes(end - place) + data[end:]
        elif kind == 5:
            data = data[:end] + data[place:]
        elif kind == 6 and (numbers := list(_NUMBER.finditer(data))):
            number = source.choice(numbers)
            data = data[: number.start()] + source.choice(_TOKENS) + data[number.end() :]
        elif lines := data.splitlines(keepends=True):
            source.shuffle(lines)
            data = b"".join(lines[: source.randint(1, len(lines))])
    return data[: 1 << 16]


def run_target(name: str, data: bytes) -> str:
    """Run one input; give "taken" or the kind of refusal. Any other exception is the reader's fault."""
    try:
        TARGETS[name](data)
    except LutError as error:
        message = str(error)
        assert message, "an error says something"
        return type(error).__name__
    return "taken"


class _Tally:
    """What came of a target's inputs, and the slowest of them."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.slowest_s = 0.0

    def add(self, outcome: str, seconds: float) -> None:
        self.outcomes[outcome] += 1
        self.slowest_s = max(self.slowest_s, seconds)


def main() -> None:
    """Fuzz until the time is over, or each target had so many inputs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--each", type=int, default=0, help="So many inputs for each target, instead.")
    parser.add_argument("--only", action="append", choices=TARGETS, help="A target; several may be given.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="Number of the first input.")
    options = parser.parse_args()
    corpus = seeds()
    names = options.only or list(corpus)
    again = "".join(f" --only {name}" for name in options.only or ())
    tallies = {name: _Tally() for name in names}
    started, number = time.monotonic(), options.first
    while (
        number < options.first + options.each * len(names)
        if options.each
        else time.monotonic() - started < options.seconds
    ):
        source = random.Random(f"{options.seed}/{number}")
        name = names[number % len(names)]
        data = change(corpus[name], source)
        begun = time.monotonic()
        try:
            outcome = run_target(name, data)
        except BaseException:
            print(f"{name}: input {number} crashes; again by --seed {options.seed} --first {number}" + again)
            print(repr(data[:2000]))
            raise
        tallies[name].add(outcome, time.monotonic() - begun)
        number += 1
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{number - options.first} inputs in {time.monotonic() - started:.0f} s, no crash, {peak_mb:.0f} MB"
    )
    print(f"  {'TARGET':<16} {'INPUTS':>7} {'SLOWEST':>8}  OUTCOMES")
    for name, tally in tallies.items():
        counts = dict(tally.outcomes.most_common())
        print(f"  {name:<16} {tally.outcomes.total():>7} {tally.slowest_s:>6.2f} s  {counts}")


if __name__ == "__main__":
    main()
