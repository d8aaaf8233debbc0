"""Rounds of operators up to a goal. Times here are a formula's, and go nowhere but into the sampler."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.sampling import Candidates, Goal, Sampler, gather_candidates
from lut.entries import Failure, Measurement, Repeated, Round
from lut.errors import ModelError
from lut.ops import UINT8, OpSpec, TensorSpec, multiply_adds
from lut.plan import Part
from tests.bench.conftest import relu, softmax
from tests.lut.samples import pointwise

Entry = Round | Measurement | Repeated | Failure

PASSES, RUNS = 2, 4

LOADING = 1.15
"""A device's time over that of its runs."""


CONVS = [pointwise(*shape) for shape in product((7, 14, 28, 56), range(8, 129, 8), range(8, 129, 8))]
SMALL = [softmax(classes) for classes in (10, 100, 1000)]


@cache
def space() -> Candidates:
    return gather_candidates(map(Part, CONVS + SMALL))


def time_ns(op: OpSpec) -> int:
    """What an operator takes; some kind of noise is in it, always the same."""
    wobble = 1 + (int(op.id, 16) % 100 - 50) / 5000
    return round((3000 + multiply_adds(op) / 10) * wobble)


def measure(op: OpSpec) -> Iterator[Measurement]:
    return (Measurement.of(op, "", number, (time_ns(op),) * RUNS) for number in range(PASSES))


def drive(
    sampler: Sampler,
    candidates: Candidates,
    fails: Callable[[OpSpec], bool] = lambda _: False,
    before: Iterable[Entry] = (),
) -> Iterator[Entry]:
    """Measure what the sampler asks for and was not made before; give what a journal would hold of it."""
    made = visits_in(before)
    for round_, is_written in sampler.rounds():
        if not is_written:
            yield round_
        for op_id in (*round_.chosen, *round_.held_out):
            if sampler.is_done(op_id):
                continue
            op = candidates.part(op_id).op
            outcomes: Iterable[Measurement | Failure] = (
                visit for visit in measure(op) if (op, visit.pass_index) not in made
            )
            if fails(op):
                outcomes = [Failure.of(op, "", "run", "no")]
            for outcome in outcomes:
                sampler.hear(outcome, round(LOADING * RUNS * time_ns(op)))
                yield outcome


def visits_in(entries: Iterable[Entry]) -> list[tuple[OpSpec, int]]:
    return [(entry.op, entry.pass_index) for entry in entries if isinstance(entry, Measurement)]


def chosen_in(entries: Iterable[Entry]) -> list[str]:
    rounds = [entry for entry in entries if isinstance(entry, Round)]
    return [op_id for each in rounds for op_id in (*each.chosen, *each.held_out)]


def make_sampler(goal: Goal, seed: int = 0) -> Sampler:
    return Sampler(space(), goal, PASSES, seed)


def test_the_first_round_leaves_nothing_that_can_not_be_estimated() -> None:
    sampler = make_sampler(Goal(budget_s=1))
    rounds = drive(sampler, space())
    first = next(rounds)
    assert isinstance(first, Round)
    assert {op.id for op in SMALL} <= set(first.chosen)
    while sampler.stand().measured < len(first.chosen) + len(first.held_out):
        next(rounds)
    assert sampler.stand().refused == 0


def test_a_budget_is_spent_and_not_much_more() -> None:
    sampler = make_sampler(Goal(budget_s=1.5))
    entries = list(drive(sampler, space()))
    now = sampler.stand()
    assert 1.35 < now.spent_s < 1.575
    assert 60 < now.measured < len(space())
    assert now.median_error is not None
    assert now.median_error < 0.02
    assert now.held_out >= 15
    held_out = {op_id for entry in entries if isinstance(entry, Round) for op_id in entry.held_out}
    assert now.held_out == len(held_out)


def test_operators_to_judge_by_are_drawn_until_the_end() -> None:
    entries = drive(make_sampler(Goal(budget_s=6)), space())
    drawn = [len(entry.held_out) for entry in entries if isinstance(entry, Round)]
    assert len(drawn) > 4
    assert all(drawn[2:-1])
    assert sum(drawn[:2]) < sum(drawn) / 2


def test_an_error_ends_it_too() -> None:
    sampler = make_sampler(Goal(error=0.03))
    list(drive(sampler, space()))
    now = sampler.stand()
    assert now.median_error is not None
    assert now.median_error <= 0.03
    assert now.held_out >= 60
    assert now.left > 0


def test_an_error_that_can_not_be_had_ends_with_the_space() -> None:
    few = gather_candidates(map(Part, CONVS[:200] + SMALL))
    sampler = Sampler(few, Goal(error=1e-9), PASSES)
    chosen = chosen_in(drive(sampler, few))
    assert sampler.stand().left == 0
    assert sorted(chosen) == sorted(few.where)


def test_nothing_is_chosen_twice_and_the_seed_decides_what_is_held_out() -> None:
    entries = [list(drive(make_sampler(Goal(budget_s=0.6), seed), space())) for seed in (0, 0, 1)]
    chosen = chosen_in(entries[0])
    assert len(chosen) == len(set(chosen))
    assert entries[0] == entries[1]
    assert entries[0] != entries[2]


@settings(max_examples=10, deadline=None)
@given(st.data())
def test_killed_anywhere_it_chooses_as_if_it_had_never_stopped(data: st.DataObject) -> None:
    goal = data.draw(st.sampled_from([Goal(budget_s=0.5), Goal(error=0.011)]))
    whole = list(drive(make_sampler(goal), space()))
    kept = whole[: data.draw(st.integers(0, len(whole)))]
    sampler = make_sampler(goal)
    sampler.replay(kept)
    rest = list(drive(sampler, space(), before=kept))
    assert chosen_in(kept + rest) == chosen_in(whole)
    assert sorted(visits_in(kept + rest), key=str) == sorted(visits_in(whole), key=str)


def test_where_a_corner_fails_the_next_one_takes_its_place() -> None:
    corner = pointwise(56, 128, 128)
    sampler = make_sampler(Goal(budget_s=0.6))
    list(drive(sampler, space(), fails=lambda op: op == corner))
    now = sampler.stand()
    assert now.failed == 1
    assert now.refused == 0


def test_small_operators_do_not_have_a_round_for_themselves() -> None:
    """They would take turns with each other alone, and find in the caches what a net drives out."""
    small = [relu(size) for size in range(1000, 1300)]
    mixed = gather_candidates(map(Part, CONVS + small))
    sampler = Sampler(mixed, Goal(budget_s=1.5), PASSES)
    rounds = [entry for entry in drive(sampler, mixed) if isinstance(entry, Round)]
    ids = {op.id for op in small}
    shares = [len(ids.intersection(each.chosen)) / len(each.chosen) for each in rounds]
    assert len(shares) > 4
    assert max(shares[2:]) < 0.5
    assert sum(len(ids.intersection(each.chosen)) for each in rounds) > 60


def test_what_an_earlier_run_measured_of_its_own_accord_is_fitted_to() -> None:
    sampler = make_sampler(Goal(budget_s=1))
    sampler.replay([visit for op in CONVS[:50] for visit in measure(op)])
    now = sampler.stand()
    assert (now.fitted, now.held_out) == (50, 0)
    assert now.spent_s > 0


def test_the_time_a_run_took_is_known_to_the_next() -> None:
    sampler = make_sampler(Goal(budget_s=0.5))
    entries = list(drive(sampler, space()))
    closing = sampler.close()
    assert closing is not None
    again = make_sampler(Goal(budget_s=0.5))
    again.replay([*entries, closing])
    assert again.stand().spent_s == sampler.stand().spent_s
    assert list(again.rounds()) == []
    assert again.close() is None


def test_rounds_of_another_space_cost_this_one_nothing() -> None:
    other = gather_candidates(Part(pointwise(size, 16, 16)) for size in range(1, 200))
    theirs = list(drive(Sampler(other, Goal(budget_s=1), PASSES), other))
    goal = Goal(budget_s=0.5)
    sampler = make_sampler(goal)
    sampler.replay(theirs)
    assert sampler.stand().spent_s == 0
    ours = list(drive(sampler, space()))
    again = make_sampler(goal)
    again.replay(theirs + ours)
    assert again.stand().spent_s == pytest.approx(sampler.stand().spent_s)
    assert again.stand().measured == sampler.stand().measured
    assert list(again.rounds()) == []


def test_devices_share_a_budget() -> None:
    two = Sampler(space(), Goal(budget_s=0.5), PASSES, devices=2)
    list(drive(two, space()))
    one = make_sampler(Goal(budget_s=0.5))
    list(drive(one, space()))
    assert two.stand().measured > one.stand().measured


def test_an_operator_that_does_not_fit_its_type_is_refused() -> None:
    bad = OpSpec.of("Int8Conv", [TensorSpec((1, 2), UINT8)])
    with pytest.raises(ModelError):
        gather_candidates([Part(bad)])


def test_families_are_placed_so_that_near_means_alike() -> None:
    family = space().families["Int8Conv 1x1"]
    assert np.allclose(family.places.std(axis=0), 1)
    assert not family.is_whole
    assert space().families["Int8Softmax"].is_whole
