"""Filled tables: complete, honest about what is a prediction, and giving way to what is measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from lut.cli import entry as cli
from lut.entries import Round
from lut.errors import ConflictError, FileError, MissingError
from lut.estimation import add_half_widths, fit_correlation
from lut.extend import extend_table
from lut.fill import Filling, fill_table, write_filling
from lut.merge import merge_journals, write_table
from lut.ops import UINT8, OpSpec, TensorSpec, multiply_adds
from lut.sidecar import sidecar_path
from lut.table import Coverage, load_table
from tests.commands import Outcome, make_runner
from tests.lut.samples import CONFIG, SEGMENT, known, measured, pointwise, written_journal

Lut = Callable[..., Outcome]


@pytest.fixture
def lut_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lut:
    return make_runner("lut", cli.main, capsys, monkeypatch)


def measured_beside(filled: Path) -> Path:
    """The table that a filled one was made of."""
    return filled.parents[1] / "measured" / filled.name.replace("-filled", "")


SPACE = [pointwise(*shape) for shape in product((7, 14, 28), range(8, 97, 8), range(8, 97, 8))]
SOFTMAX = OpSpec.of("Int8Softmax", (TensorSpec((1, 10), UINT8),), order="NHWC")


def time_ns(op: OpSpec, noise: float = 0.02) -> int:
    wobble = np.random.default_rng(int(op.id, 16)).normal(0, noise)
    return round((5000 + multiply_adds(op) / 5) * float(np.exp(wobble)))


CORNERS = [pointwise(*shape) for shape in product((7, 28), (8, 96), (8, 96))]


def write_measured(folder: Path, *, count: int = 120, held_out: int = 60) -> Path:
    """A table of the corners, some others, and some to judge by."""
    chance = np.random.default_rng(0)
    rest = [op for op in SPACE if op not in CORNERS]
    drawn = [rest[number] for number in chance.permutation(len(rest))[: count + held_out]]
    fitted, judging = CORNERS + drawn[:count], drawn[count:]
    once = replace(SEGMENT, config=replace(CONFIG, passes=1))
    entries = [measured(op, time_ns(op), segment=once) for op in (*fitted, *judging)]
    chosen = Round(once.id, tuple(op.id for op in fitted), tuple(op.id for op in judging))
    journal = written_journal(folder / "run.jsonl", once, chosen, *entries)
    return write_table(merge_journals([journal], lambda _: None), folder / "measured").path


def fill(path: Path, nets: int = 40) -> Filling:
    chance = np.random.default_rng(1)
    drawn = [[SPACE[number] for number in chance.integers(0, len(SPACE), 30)] for _ in range(nets)]
    return fill_table(load_table(path), "a space", SPACE, drawn)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    path = write_measured(tmp_path)
    return write_filling(fill(path), path, tmp_path / "complete")


def test_measured_records_stay_and_the_rest_is_predicted(filled: Path) -> None:
    before, after = load_table(measured_beside(filled)), load_table(filled)
    assert [(each.key, each.runtime_us) for each in after.measured] == [
        (each.key, each.runtime_us) for each in before
    ]
    assert len(after) == len(SPACE)
    assert after.predicted is not None
    assert len(after.predicted.intervals) == len(SPACE) - len(before)
    inside = errors = 0
    for op in SPACE:
        row = after.find(op)
        assert (row.predicted is not None) == after.is_predicted(op.key)
        if row.predicted is None:
            continue
        (record,) = row.records
        truth = time_ns(op) / 1000
        assert sorted(record.runtime_us) == list(record.runtime_us)
        assert record.runtime_us[0] == pytest.approx(row.predicted.low_us, abs=1e-3)
        assert record.p50 == row.runtime_us
        errors += abs(record.p50 / truth - 1) > 0.05
        inside += row.predicted.low_us <= truth <= row.predicted.high_us
    predicted = len(after.predicted.intervals)
    assert errors < 0.05 * predicted
    assert 0.8 < inside / predicted < 0.97


def test_nothing_is_fitted_to_what_is_held_out(tmp_path: Path) -> None:
    path = write_measured(tmp_path)
    guesses = load_table(path).interpolator
    (family,) = {found.family for found in guesses.predict_many(SPACE) if found is not None}
    assert guesses.model(family).operators == len(CORNERS) + 120
    sizes, times, ratios = guesses.judge(family)
    assert len(sizes) == len(times) == len(ratios) == 60
    low, high = guesses.model(family).bound(sizes)
    assert np.mean((ratios >= low) & (ratios <= high)) == pytest.approx(0.9, abs=0.05)


def test_the_sidecar_says_how_far_predictions_are_off(filled: Path) -> None:
    predicted = known(filled).predicted
    assert predicted is not None
    (family,) = predicted.families
    assert (family.family, family.held_out) == ("Int8Conv 1x1", 60)
    assert family.median_error is not None
    assert 0 < family.median_error < 0.04
    assert predicted.net is not None
    assert predicted.net.correlation < 0.5
    assert (predicted.net.fitted_on, predicted.net.tested_on) == (20, 20)
    assert predicted.net.covered >= 0.75
    assert known(filled).sources == ("run.jsonl",)


@pytest.mark.parametrize(("held_out", "states_error"), [(0, False), (7, False), (8, True)])
def test_an_error_is_stated_of_enough_operators_alone(
    tmp_path: Path, held_out: int, states_error: bool
) -> None:
    (family,) = fill(write_measured(tmp_path, held_out=held_out)).predicted.families
    assert family.held_out == held_out
    assert (family.median_error is not None) == (family.p90_error_us is not None) == states_error


def test_a_net_has_an_interval_narrower_than_its_operators_together(filled: Path) -> None:
    table = load_table(filled)
    estimate = table.estimate(SPACE[:60])
    assert estimate.interval_us is not None
    low, high = estimate.interval_us
    assert low < estimate.known_us < high
    together = sum(row.predicted.high_us - row.predicted.runtime_us for row in estimate.rows if row.predicted)
    assert high - estimate.known_us < 0.8 * together
    assert low < sum(time_ns(op) / 1000 for op in SPACE[:60]) < high
    known = [OpSpec.from_key(record.key) for record in table.measured][:5]
    assert table.estimate(known).interval_us is None


def test_other_spellings_are_predictions_too(filled: Path) -> None:
    table = load_table(filled, match="canonical")
    op = next(op for op in SPACE if load_table(filled).is_predicted(op.key))
    plain = OpSpec.of(op.op_type, op.inputs, kernel=1, order="NHWC")
    assert load_table(filled).find(plain).runtime_us is None
    found = table.find(plain)
    assert found.predicted == table.find(op).predicted
    assert found.predicted is not None


def test_what_can_not_be_predicted_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    path = write_measured(tmp_path)
    with pytest.raises(MissingError, match=r"(?s)2 operators .*it takes 30.*are outside the table's"):
        fill_table(load_table(path), "a space", [*SPACE, SOFTMAX, pointwise(56, 8, 8)])
    few = write_measured(tmp_path / "few", count=10, held_out=0)
    with pytest.raises(MissingError, match="it takes 30"):
        fill(few)


def test_measured_records_replace_predicted_ones_by_every_policy(tmp_path: Path) -> None:
    once = replace(SEGMENT, config=replace(CONFIG, passes=1))
    for policy in ("newest", "pooled", "keep"):
        path = write_measured(tmp_path / policy)
        filled = write_filling(fill(path), path, tmp_path / policy / "complete")
        predicted = load_table(filled).predicted
        assert predicted is not None
        new = [op for op in SPACE if op.id in predicted.intervals][:3]
        journal = written_journal(
            tmp_path / policy / "new.jsonl", once, *(measured(op, 77_000, segment=once) for op in new)
        )
        extension = extend_table(filled, merge_journals([journal], lambda _: None), policy)
        assert (extension.added, extension.present) == (3, 0)
        table = load_table(filled)
        for op in new:
            row = table.find(op)
            assert (row.runtime_us, row.predicted) == (77.0, None)
        left = known(filled).predicted
        assert left is not None
        assert len(left.intervals) == len(predicted.intervals) - 3
        assert left.families == predicted.families
        assert known(filled).held_out == known(path).held_out


def test_predictions_are_never_fitted_to(filled: Path) -> None:
    again = fill_table(load_table(filled), "a space", SPACE)
    first = fill_table(load_table(measured_beside(filled)), "a space", SPACE)
    assert again.records == first.records
    assert again.predicted.net is None


def test_a_fuller_table_is_not_overwritten(tmp_path: Path, filled: Path) -> None:
    fewer = write_measured(tmp_path / "fewer", count=60)
    filling = fill(fewer)
    with pytest.raises(ConflictError, match=r"measured records that this table does not.*--replace"):
        write_filling(filling, fewer, filled.parent)
    write_filling(filling, fewer, filled.parent, replace_table=True)
    assert len(list(load_table(filled).measured)) == len(list(load_table(fewer)))


def test_commands_say_what_is_predicted(lut_command: Lut, filled: Path) -> None:
    table = load_table(filled)
    assert table.predicted is not None
    count = len(table.predicted.intervals)
    _, out, _ = lut_command("stats", "--lut", filled)
    assert f"{count} of them are predictions of `lut fill`" in out
    families = json.loads(lut_command("stats", "--lut", filled, "--json")[1])["families"]
    assert sum(family["predicted"] for family in families) == count
    _, out, _ = lut_command("query", "--lut", filled, "--type", "Int8Conv")
    assert out.count("(PREDICTED)") == count
    measured_only = measured_beside(filled)
    _, out, _ = lut_command("diff", measured_only, filled)
    assert "predictions of `lut fill`" not in out
    _, out, _ = lut_command("diff", filled, filled)
    assert f"{count} of those in both are predictions of `lut fill`" in out
    page = filled.with_name("page.html")
    lut_command("report", "--lut", filled, "-o", page)
    assert "Predicted, not measured" in page.read_text()
    coverage = Coverage()
    assert list(coverage.sift(SPACE, table)) == []
    assert coverage.predicted == {"Int8Conv": count}


def test_a_sidecar_that_says_something_else_is_refused(filled: Path) -> None:
    sidecar = sidecar_path(filled)
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "predicted": {"intervals": [1]}}))
    with pytest.raises(FileError, match=r"at `\$.predicted.intervals`"):
        load_table(filled).find(SPACE[0])


def test_half_widths_add_as_errors_do() -> None:
    assert add_half_widths([3.0, 4.0], 0.0) == 5.0
    assert add_half_widths([3.0, 4.0], 1.0) == 7.0
    chance = np.random.default_rng(0)
    widths = [[1.645] * 50] * 400
    apart = chance.normal(size=(400, 50)).sum(axis=1)
    assert fit_correlation(widths, apart.tolist()) < 0.02
    together = 50 * chance.normal(size=400)
    assert fit_correlation(widths, together.tolist()) > 0.8
    assert fit_correlation([], []) == 1.0


def test_a_filled_table_shows_what_it_is_without_its_sidecar(filled: Path) -> None:
    """The published format has no place for more: the device's name tells it."""
    sidecar_path(filled).unlink()
    table = load_table(filled)
    assert table.devices == (f"{SEGMENT.device.name}-filled",)
    (doubt,) = table.estimate(SPACE[:9]).doubts
    assert (doubt.quality.kind, doubt.share) == ("unknown", 1.0)
    with pytest.raises(ConflictError, match="which of its records were measured"):
        fill_table(table, "a space", SPACE)


def test_what_was_measured_meanwhile_is_not_undone(tmp_path: Path) -> None:
    path = write_measured(tmp_path)
    filling = fill(path)
    once = replace(SEGMENT, config=replace(CONFIG, passes=1))
    journal = written_journal(tmp_path / "new.jsonl", once, measured(SPACE[0], 77_000, segment=once))
    extend_table(path, merge_journals([journal], lambda _: None), "newest")
    with pytest.raises(ConflictError, match="was changed while it was being completed"):
        write_filling(filling, path, path.parent)
    complete = write_filling(fill(path), path, path.parent)
    extend_table(complete, merge_journals([journal], lambda _: None), "newest")
    later = written_journal(tmp_path / "later.jsonl", once, measured(SPACE[0], 88_000, segment=once))
    extend_table(complete, merge_journals([later], lambda _: None), "newest")
    with pytest.raises(ConflictError, match="1 measured record that"):
        write_filling(fill(path), path, path.parent)


def test_the_shares_of_a_sum_are_told(filled: Path) -> None:
    table = load_table(filled)
    shares = {each.quality.kind: each for each in table.estimate(SPACE[:60]).qualities}
    assert set(shares) == {"measured", "predicted"}
    assert shares["predicted"].operators == sum(table.is_predicted(op.key) for op in SPACE[:60])
    assert sum(each.share for each in shares.values()) == pytest.approx(1.0)


def test_estimates_are_judged_by_measured_operators_alone(lut_command: Lut, filled: Path) -> None:
    """A prediction lies on the fitted curve: held out, it would seem to be guessed within a per cent."""
    families = json.loads(lut_command("crossval", "--lut", filled, "--json")[1])
    of_measured = json.loads(lut_command("crossval", "--lut", measured_beside(filled), "--json")[1])
    assert families == of_measured
