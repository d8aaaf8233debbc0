"""Tables and journals as large as a search's, with invented times: for measuring this program, nothing else.

    python -m tests.perf.big_table --records 250000 -o table.json

Every table holds all operators of the released int8 nets, so that these are found whole.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.op_generators import FAMILIES
from lut.entries import DeviceInfo, ProgramInfo, RunConfig, Segment
from lut.frontends.netdef import list_ops, parameter_specs
from lut.journal import open_journal
from lut.ops import FLOAT, OpSpec, TensorSpec
from lut.records import LutRecord
from lut.table.formats.json_lut import write
from lut.zoo import NETS, build_net

__all__ = ["DEVICE", "walk_ops", "write_journals", "write_table"]

DEVICE = "invented-1.0-1"
_ROUNDED = 3


def walk_ops(count: int) -> Iterator[OpSpec]:
    """Yield so many different operators: those of the released nets, then 1x1 convolutions of all widths."""
    seen = 0
    released = dict.fromkeys(op for name in NETS for op in released_ops(name))
    for op in released:
        yield op
        seen += 1
    for height in range(3, 1000):
        for in_channels in range(8, 400, 8):
            for out_channels in range(8, 1000, 8):
                for relu in (False, True):
                    (op,) = FAMILIES["conv"].make(
                        "int8",
                        height=height,
                        width=height,
                        in_channels=in_channels,
                        out_channels=out_channels,
                        kernel=1,
                        relu=relu,
                    )
                    if op in released:
                        continue
                    if seen == count:
                        return
                    yield op
                    seen += 1


def released_ops(name: str) -> tuple[OpSpec, ...]:
    """Give the operators of a released int8 net."""
    built = build_net(name, "int8")
    inputs = {blob: TensorSpec(shape, FLOAT) for blob, shape in built.input_dims.items()}
    return list_ops(built.predict_net, parameter_specs(built.init_net) | inputs)


def invent_records(count: int, seed: int = 0) -> Iterator[LutRecord]:
    """Yield records with invented times."""
    source = random.Random(seed)
    for op in walk_ops(count):
        middle = source.uniform(20, 2000)
        factors = (0.97, 0.99, 1, 1.05, 1.4)
        times = tuple(round(middle * factor, _ROUNDED) for factor in factors)
        yield LutRecord(op.key, times, DEVICE)


def write_table(path: Path, count: int) -> None:
    """Write a table of so many records."""
    write(invent_records(count), path)


def write_journals(paths: Sequence[Path], ops: int) -> None:
    """Write a journal for each pass over so many operators, ten samples a visit."""
    device = DeviceInfo(DEVICE, "host", "host")
    program = ProgramInfo("speed_benchmark", "0" * 64, "invented")
    segment = Segment(device, program, RunConfig(passes=len(paths)), "2024-01-01T00:00:00+00:00")
    source = random.Random(0)
    with ExitStack() as stack:
        writers = []
        for path in paths:
            with open_journal(path) as journal:
                journal.append(segment)
            writers.append(stack.enter_context(path.open("a")))
        for number, op in enumerate(walk_ops(ops)):
            middle = source.randrange(20_000, 2_000_000)
            for pass_index, writer in enumerate(writers):
                visit = {
                    "kind": "measurement",
                    "segment": segment.id,
                    **op.key.to_json(),
                    "pass": pass_index,
                    "samples_ns": [middle + source.getrandbits(14) for _ in range(10)],
                    "warmup_ns": [middle + source.getrandbits(16) for _ in range(5)],
                    "repeats": 1,
                    "conditions": {"khz_before": 2_400_000, "khz_after": 2_400_000},
                    "turn": number // 64,
                }
                writer.write(json.dumps(visit) + "\n")


def main() -> None:
    """Write a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--records", type=int, default=250_000)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    write_table(options.output, options.records)


if __name__ == "__main__":
    main()
