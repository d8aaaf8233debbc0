"""Completing a table: what was not measured of a space is predicted, and said to be.

The table stays in the published format, which has no place for that, so its sidecar says which records are
predictions, how far each may be off, and how errors add up in nets of the space.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from lut.engines import name_filled
from lut.errors import ConflictError, MissingError
from lut.estimation import (
    LEAST_JUDGED,
    ErrorSource,
    Interpolator,
    Prediction,
    add_half_widths,
    fit_correlation,
)
from lut.ops import OpKey, OpSpec
from lut.records import LutRecord
from lut.sidecar import FilledFamily, NetErrors, PredictedRecords, Sidecar
from lut.table import LutTable, TableUpdate, choose_output, hash_content, read_sidecar, update_table
from lut.wording import list_first

__all__ = ["Filling", "fill_table", "write_filling"]

_INNER = 1.2816 / 1.6449
"""How far the 10th percentile is from the median, where the 5th is at 1: of a normal distribution."""


@dataclass(frozen=True)
class Filling:
    """A complete table: all records sorted by key, and which of them are predictions."""

    records: tuple[LutRecord, ...]
    measured: int
    predicted: PredictedRecords
    device: str
    """The name that it has in filled tables."""
    source_content: str = ""
    """What `lut.table.hash_content` gave of the table it was made of."""

    @property
    def median_error(self) -> float | None:
        """The median error of predictions, weighted by how many each family has; None if nothing tells."""
        known = [each for each in self.predicted.families if each.median_error is not None and each.predicted]
        total = sum(each.predicted for each in known)
        return sum(each.predicted * (each.median_error or 0.0) for each in known) / total if total else None


def fill_table(
    table: LutTable, space: str, ops: Iterable[OpSpec], nets: Sequence[Sequence[OpSpec]] = ()
) -> Filling:
    """Predict what a table lacks of a space.

    Args:
        table: of one device; its predictions are made anew, from what was measured.
        space: the space's name, for the sidecar.
        ops: the space's operators, each once.
        nets: operators of nets of the space, to find out how errors add up in a sum.

    Raises:
        MissingError: some can't be predicted; the message names them, with the reasons.
    """
    measured = list(table.measured)
    (measured_as,) = table.devices
    device = name_filled(measured_as)
    present = {record.key for record in measured}
    wanted = [op for op in ops if op.key not in present]
    guesses = table.interpolator
    predictions = guesses.predict_many(wanted)
    _refuse_gaps(guesses, [op for op, found in zip(wanted, predictions, strict=True) if found is None])
    found = {op: guess for op, guess in zip(wanted, predictions, strict=True) if guess is not None}
    predicted = PredictedRecords(
        intervals={op.id: (guess.low_us, guess.high_us) for op, guess in found.items()},
        space=space,
        net=_judge_nets(guesses, found, nets),
        families=tuple(_describe_families(guesses, found.values())),
    )
    records = [replace(record, device=device) for record in measured]
    records += [_make_record(op.key, guess, device) for op, guess in found.items()]
    return Filling(
        tuple(sorted(records, key=lambda record: record.key)),
        len(measured),
        predicted,
        device,
        table.content,
    )


def _refuse_gaps(guesses: Interpolator, refused: Sequence[OpSpec]) -> None:
    if not refused:
        return
    lines = (f"{op.describe()} ({guesses.refusal(op)})" for op in refused)
    raise MissingError(
        f"{len(refused):,} operators of the space can't be predicted from this table:\n"
        + list_first(lines, len(refused))
        + "\n`bench run --space SPACE --budget TIME` chooses and measures what it lacks."
    )


def _make_record(key: OpKey, guess: Prediction, device: str) -> LutRecord:
    """Make a record whose percentiles show the interval: its ends are p0 and p100."""
    time, low, high = guess.runtime_us, guess.low_us, guess.high_us
    inner = time - _INNER * (time - low), time + _INNER * (high - time)
    figures = (low, inner[0], time, inner[1], high)
    return LutRecord(key, tuple(round(figure, 3) for figure in figures), device)


def _describe_families(guesses: Interpolator, predictions: Iterable[Prediction]) -> Iterator[FilledFamily]:
    counts = Counter(guess.family for guess in predictions)
    for family in sorted(counts):
        _, times, ratios = guesses.judge(family)
        errors = np.abs(1 / ratios - 1)
        judged = (
            (
                float(np.median(errors)),
                float(np.quantile(errors, 0.9)),
                float(np.quantile(errors * times, 0.9)),
            )
            if len(errors) >= LEAST_JUDGED
            else (None, None, None)
        )
        yield FilledFamily(family, counts[family], guesses.model(family).operators, len(errors), *judged)


def _judge_nets(
    guesses: Interpolator, found: dict[OpSpec, Prediction], nets: Sequence[Sequence[OpSpec]]
) -> NetErrors | None:
    """Fit how errors add up on half of the nets, and test it on the others."""
    source = ErrorSource(guesses)
    halves: list[list[float]] = []
    errors: list[float] = []
    for net in nets:
        own = [(op, found[op]) for op in net if op in found]
        drawn = [(guess, source.draw(op)) for op, guess in own]
        if not drawn or any(ratio is None for _, ratio in drawn):
            continue
        halves.append([(guess.high_us - guess.low_us) / 2 for guess, _ in drawn])
        errors.append(sum(guess.runtime_us * ((ratio or 1.0) - 1) for guess, ratio in drawn))
    half = len(errors) // 2
    if not half:
        return None
    correlation = fit_correlation(halves[:half], errors[:half])
    inside = [
        abs(error) <= add_half_widths(widths, correlation)
        for widths, error in zip(halves[half:], errors[half:], strict=True)
    ]
    return NetErrors(correlation, half, len(inside), sum(inside) / len(inside))


def write_filling(
    filling: Filling,
    source: Path,
    folder: Path,
    *,
    replace_table: bool = False,
    announce: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write a filled table into a folder, with its sidecar; return its path.

    Args:
        filling: what `fill_table` made.
        source: the table it was made of, whose sidecar is continued.
        folder: where tables lie.
        replace_table: whether a table there may lose records that were measured.
        announce: hears whom it waits for; see `lut.table.update_table`.

    Raises:
        ConflictError: the filled table there holds measured records that this one would lack or undo, or
            `source` was changed since it was read.
        FileError: a file there can't be read or written.
    """
    path = choose_output(folder, filling.device)
    with update_table(path, announce) as update:
        if hash_content(source) != filling.source_content:
            raise ConflictError(
                f"{source} was changed while it was being completed. Nothing was written; give the command "
                f"again."
            )
        story = read_sidecar(source) or Sidecar(has_unknown_origin=True)
        if update.content is not None and not replace_table:
            _check_none_lost(update, filling)
        update.write(
            filling.records,
            msgspec.structs.replace(
                story,
                device=filling.device,
                records=len(filling.records),
                predicted=filling.predicted,
                calibration=None,
            ),
        )
    return path


def _check_none_lost(update: TableUpdate, filling: Filling) -> None:
    predicted = update.sidecar.predicted if update.sidecar is not None else None
    guessed = predicted.intervals if predicted is not None else {}
    ours = {(record.key, record.runtime_us) for record in filling.records}
    lost = sum(
        record.key.id not in guessed and (record.key, record.runtime_us) not in ours
        for record in update.read()
    )
    if lost:
        raise ConflictError(
            f"{update.path} holds {lost:,} measured record{'s' * (lost > 1)} that this table does not. "
            f"Choose another folder, or replace it with --replace."
        )
