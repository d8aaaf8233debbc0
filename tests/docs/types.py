"""Writes the table of docs/nets.md: what is read and what engines run (`python -m tests.docs.types`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from random import Random

from bench.engines import ENGINES
from lut.frontends.nodes.mapping import MAPPERS
from lut.frontends.tflite.operators import TRANSLATIONS
from lut.ops import has_int8
from lut.ops.rules import RULES
from tests.lut.ops.drawn import draw_kind, draw_op

__all__ = ["PAGE", "format_page"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "nets.md"

_BEGIN, _END = "<!-- types: python -m tests.docs.types -->\n", "<!-- end of types -->\n"
_COLUMNS = ("caffe2", "xnnpack")
_DRAWS = 60
"""Operators of each type that an engine is asked for; it runs the type if it runs one of them."""


def format_page(text: str) -> str:
    """Return the page with a table made anew."""
    between = re.escape(_BEGIN) + ".*?" + re.escape(_END)
    return re.sub(between, lambda _: _BEGIN + "\n".join(_list_lines()) + "\n" + _END, text, flags=re.DOTALL)


def _list_lines() -> Iterable[str]:
    yield "\n| operator | Caffe2 fp32 | Caffe2 int8 | XNNPACK fp32 | XNNPACK int8 |\n|---|---|---|---|---|"
    plain = (name for name, rule in RULES.items() if not name.startswith("Int8") and not rule.unfused)
    for op_type in sorted(plain):
        names = (op_type, f"Int8{op_type}" if has_int8(op_type) else None)
        cells = [_does_run(engine, name) for engine in _COLUMNS for name in names]
        yield f"| {op_type} | {' | '.join(cells)} |"
    yield "\nTypes of ONNX: " + ", ".join(sorted(MAPPERS.keys() - {"ChannelShuffle"})) + "."
    yield "\nTypes of TFLite: " + ", ".join(sorted(TRANSLATIONS)) + "."


def _does_run(engine: str, op_type: str | None) -> str:
    if op_type is None:
        return "no"
    random = Random(0)
    drawn = (draw_op(op_type, draw_kind(op_type, random), random) for _ in range(_DRAWS))
    return "yes" if any(ENGINES[engine].refusal(op) is None for op in drawn) else "no"


if __name__ == "__main__":
    PAGE.write_text(format_page(PAGE.read_text()))
