"""A validation as a picture: each net's estimate against what was measured. Needs matplotlib."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lut.errors import FileError
from lut.files import write_atomically
from lut.validation.results import Validation

__all__ = ["plot_validation"]


def plot_validation(validation: Validation, path: Path) -> None:
    """Draw measured medians, with bars from p10 to p90, against estimates; the ending names the format.

    Nets that were not measured, or were disturbed, are left out.

    Raises:
        FileError: the file can't be written, or its ending names no format of pictures.
    """
    figure = Figure(figsize=(7, 7), layout="constrained")
    form = path.suffix.removeprefix(".")
    known = FigureCanvasAgg(figure).get_supported_filetypes()
    if form not in known:
        raise FileError(f"{path} has the ending of no picture. Take one of {', '.join(sorted(known))}.")
    axes = figure.add_subplot()
    nets = validation.judged
    for net in nets:
        assert net.p10_us is not None
        assert net.p50_us is not None
        assert net.p90_us is not None
        low, middle, high = (time / 1000 for time in (net.p10_us, net.p50_us, net.p90_us))
        estimate = net.estimate_us / 1000
        axes.errorbar(middle, estimate, xerr=[[middle - low], [high - middle]], fmt="o", capsize=3)
        axes.annotate(
            f"{net.net} {net.error:+.1%}", (middle, estimate), xytext=(6, -10), textcoords="offset points"
        )
    axes.axline((0, 0), slope=1, color="grey", linewidth=1)
    if nets:
        largest = max(max(net.estimate_us, net.p90_us or 0.0) for net in nets) / 1000
        axes.set(xlim=(0, largest * 1.1), ylim=(0, largest * 1.1))
    axes.set(
        xlabel="measured whole, median and p10 to p90 (ms)",
        ylabel="sum of the table's medians (ms)",
        title=validation.device,
    )
    data = io.BytesIO()
    figure.savefig(data, format=form)
    write_atomically(path, data.getvalue())
