"""A validation as a picture: what each net took, its estimate, and the error. Needs matplotlib."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lut.errors import FileError
from lut.files import write_atomically
from lut.validation.results import NetComparison, Validation

__all__ = ["plot_validation"]

_MEASURED, _ESTIMATED, _ERROR, _DISTURBED = "black", "tab:orange", "tab:blue", "darkgrey"


def plot_validation(validation: Validation, path: Path) -> None:
    """Draw a row for each measured net, the quickest above; the ending names the format.

    The left panel has the measured median, with a bar from p10 to p90, and the estimate; the right one the
    error in per cent. Nets that were disturbed are grey. Nets that could not be measured are left out.

    Raises:
        FileError: the file can't be written, or its ending names no format of pictures.
    """
    nets = validation.by_time
    figure = Figure(figsize=(9, 2 + 0.3 * len(nets)), layout="constrained")
    form = path.suffix.removeprefix(".")
    known = FigureCanvasAgg(figure).get_supported_filetypes()
    if form not in known:
        raise FileError(f"{path} has the ending of no picture. Take one of {', '.join(sorted(known))}.")
    figure.suptitle(validation.device)
    times, errors = figure.subplots(1, 2, sharey=True)
    _draw_times(times, nets)
    _draw_errors(errors, nets)
    times.set_yticks(range(len(nets)), [net.net for net in nets])
    times.set_ylim(len(nets) - 0.4, -0.6)  # the quickest above
    for label, net in zip(times.get_yticklabels(), nets, strict=True):
        label.set_color(_DISTURBED if net.spoilt_by else "black")
    if nets:
        figure.legend(loc="outside lower center", ncols=4)
    data = io.BytesIO()
    figure.savefig(data, format=form)
    write_atomically(path, data.getvalue())


def _draw_times(axes: Axes, nets: tuple[NetComparison, ...]) -> None:
    for disturbed, name in ((False, "measured, p10 to p90"), (True, "disturbed")):
        chosen = [(row, net) for row, net in enumerate(nets) if bool(net.spoilt_by) is disturbed]
        if not chosen:
            continue
        rows = [row for row, _ in chosen]
        middle = [(net.p50_us or 0.0) / 1000 for _, net in chosen]
        low = [((net.p50_us or 0.0) - (net.p10_us or 0.0)) / 1000 for _, net in chosen]
        high = [((net.p90_us or 0.0) - (net.p50_us or 0.0)) / 1000 for _, net in chosen]
        color = _DISTURBED if disturbed else _MEASURED
        axes.errorbar(middle, rows, xerr=[low, high], fmt="|", ms=12, capsize=3, color=color, label=name)
        sums = [net.estimate_us / 1000 for _, net in chosen]
        if disturbed:
            axes.plot(sums, rows, "o", color=_DISTURBED)
        else:
            axes.plot(sums, rows, "o", color=_ESTIMATED, label="estimated")
    axes.set_xlim(left=0)
    axes.set(xlabel="time of the whole net (ms)")
    axes.grid(axis="x", alpha=0.3)


def _draw_errors(axes: Axes, nets: tuple[NetComparison, ...]) -> None:
    errors = [100 * (net.error or 0.0) for net in nets]
    colors = [_DISTURBED if net.spoilt_by else _ERROR for net in nets]
    bars = axes.barh(range(len(nets)), errors, color=colors)
    axes.bar_label(bars, [f"{error:+.1f} %" for error in errors], padding=3)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.margins(x=0.3)  # room for the figures beside the bars
    axes.set(xlabel="error: estimated / measured - 1 (%)")
    axes.grid(axis="x", alpha=0.3)
