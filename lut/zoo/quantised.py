"""How the released int8 nets quantise their activations: figures that belong to the trained weights.

`quantisation/<net>.txt` holds them, a line for each row of the net's table: its name, then the scale of
each operator's output in the order in which they run, with `:zero point` where it is not 0.
Channel shuffles and pooling keep their input's, softmax has one of its own: they have no figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from lut.ops import ArgumentValue

__all__ = ["Quantised", "read_quantisation", "read_rows"]


@dataclass(frozen=True)
class Quantised:
    """A step q represents the number scale · (q - zero_point)."""

    scale: float
    zero_point: int = 0

    def scale_first(self) -> dict[str, ArgumentValue]:
        """Give the operator arguments, in this of the two orders that exporters use."""
        return {"Y_scale": self.scale, "Y_zero_point": self.zero_point}

    def zero_point_first(self) -> dict[str, ArgumentValue]:
        """Give the operator arguments, in this of the two orders that exporters use."""
        return {"Y_zero_point": self.zero_point, "Y_scale": self.scale}


def read_quantisation(net_name: str) -> list[Quantised]:
    """Read a net's figures, in the operators' order."""
    return [figure for row in read_rows(net_name).values() for figure in row]


def read_rows(net_name: str) -> dict[str, tuple[Quantised, ...]]:
    """Read a net's figures, by the name of the table's row."""
    text = resources.files("lut.zoo").joinpath("quantisation", f"{net_name}.txt").read_text("utf-8")
    rows = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {name: tuple(map(_parse_figure, figures)) for name, *figures in rows}


def _parse_figure(text: str) -> Quantised:
    scale, _, zero_point = text.partition(":")
    return Quantised(float(scale), int(zero_point or 0))
