"""Two tables as a picture: the ratios of each family of operators. Needs matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lut.errors import FileError
from lut.files import write_atomically
from lut.table.comparison import Comparison

__all__ = ["plot_ratios"]


def plot_ratios(comparison: Comparison, names: Sequence[str], path: Path) -> None:
    """Draw each family's median ratio second / first, with a bar from p10 to p90.

    Args:
        comparison: of two tables with operators in common.
        names: of the two devices.
        path: the picture's file, whose ending names the format.

    Raises:
        FileError: the file can't be written, or its ending names no format of pictures.
    """
    families = sorted(comparison.families, key=lambda family: -family.median)
    figure = Figure(figsize=(8, 2 + 0.22 * len(families)), layout="constrained")
    form = path.suffix.removeprefix(".")
    known = FigureCanvasAgg(figure).get_supported_filetypes()
    if form not in known:
        raise FileError(f"{path} has the ending of no picture. Take one of {', '.join(sorted(known))}.")
    axes = figure.add_subplot()
    places = range(len(families))
    medians = [family.median for family in families]
    reach = [
        [family.median - family.p10 for family in families],
        [family.p90 - family.median for family in families],
    ]
    axes.errorbar(medians, places, xerr=reach, fmt="o", capsize=3)
    axes.axvline(1, color="grey", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(places, [f"{family.family} ({family.operators})" for family in families])
    axes.margins(y=0.02)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("time, second / first: median, p10 to p90")
    first, second = names
    axes.set_title(f"first: {first}\nsecond: {second}", fontsize="small", loc="left")
    data = io.BytesIO()
    figure.savefig(data, format=form)
    write_atomically(path, data.getvalue())
