"""What a net's tensors take, against small nets counted by hand and against a count operator by operator."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lut.frontends import Memory, NamedOp, count_memory
from lut.ops import OpSpec, TensorSpec


def relu(reads: str, writes: str, elements: int = 8) -> NamedOp:
    return NamedOp(OpSpec.of("Relu", [TensorSpec((1, elements))]), (reads,), (writes,))


def add(first: str, second: str, writes: str, elements: int = 8) -> NamedOp:
    tensor = TensorSpec((1, elements))
    return NamedOp(OpSpec.of("Add", [tensor, tensor]), (first, second), (writes,))


def fc(reads: str, writes: str, weights: str) -> NamedOp:
    op = OpSpec.of("FC", [TensorSpec((1, 8)), TensorSpec((8, 8)), TensorSpec((8,))])
    return NamedOp(op, (reads, weights, f"{weights}_b"), (writes,))


def peak(*named: NamedOp, gives: frozenset[str] = frozenset()) -> int:
    return count_memory(named, gives).peak_activation_bytes


def test_an_operator_needs_what_it_reads_and_what_it_writes() -> None:
    assert count_memory([relu("x", "y")]) == Memory(64, 0, 0)
    assert peak(relu("x", "y"), relu("y", "z"), relu("z", "w")) == 64


def test_a_shortcut_is_needed_until_it_is_added() -> None:
    assert peak(relu("x", "y"), relu("y", "z"), relu("z", "w"), add("w", "y", "out")) == 96


def test_an_operator_in_place_needs_one_buffer() -> None:
    assert peak(relu("x", "x"), relu("x", "x")) == 32


def test_a_name_that_is_written_again_is_another_value() -> None:
    assert peak(relu("x", "y"), relu("y", "z"), relu("z", "y"), relu("y", "w")) == 64


def test_what_the_net_gives_is_needed_to_the_end() -> None:
    chain = (relu("x", "y"), relu("y", "z"), relu("z", "w"))
    assert peak(*chain, gives=frozenset({"y"})) == 96
    assert peak(relu("x", "unread"), relu("x", "y"), relu("y", "z")) == 96


def test_weights_that_operators_share_count_once() -> None:
    shared = count_memory([fc("x", "y", "w"), fc("y", "z", "w")])
    apart = count_memory([fc("x", "y", "w"), fc("y", "z", "v")])
    assert shared == Memory(64, 4 * 72, 72)
    assert apart == Memory(64, 2 * 4 * 72, 2 * 72)


def test_a_net_without_operators_takes_nothing() -> None:
    assert count_memory([]) == Memory(0, 0, 0)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=12))
def test_the_peak_is_the_most_that_any_operator_finds_alive(reads: list[tuple[int, int]]) -> None:
    """Each operator writes a value of its own, and reads two of those before it or of the net's input."""
    sources = [(first % (number + 1), second % (number + 1)) for number, (first, second) in enumerate(reads)]
    named = [
        add(f"v{first}", f"v{second}", f"v{number + 1}") for number, (first, second) in enumerate(sources)
    ]
    alive = []
    for number in range(len(named)):
        later = {value for pair in sources[number:] for value in pair if value <= number}
        unread = {value for value in range(1, number + 1) if all(value not in pair for pair in sources)}
        alive.append(32 * (len(later | unread) + 1))
    assert peak(*named) == max(alive, default=0)
