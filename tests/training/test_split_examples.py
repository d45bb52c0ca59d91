"""Nothing that is held out is learned in other words on the other side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from made_examples import pair

from pakar.training.identity import normalised
from pakar.training.split import split
from pakar.types import Example

_SENTENCES = [f"The fee of the account number {n} is {n} rupees a year." for n in range(6)]
_examples = st.lists(
    st.builds(
        lambda q, answer, fact: pair(f"Question {q}?", " ".join(answer), fact=fact),
        st.integers(0, 12),
        st.lists(st.sampled_from(_SENTENCES), min_size=1, max_size=2),
        st.sampled_from(["", "", "one", "two"]),
    ),
    max_size=30,
)


@given(_examples, st.floats(0, 1), st.integers(0, 5))
def test_no_fact_question_or_sentence_is_on_both_sides(
    examples: list[Example], share: float, seed: int
) -> None:
    training, held = split(examples, share, seed)
    assert sorted(map(id, [*training, *held])) == sorted(map(id, examples))
    assert len(held) <= round(len(examples) * share)
    assert training or not examples
    for what in (_fact, _question):
        assert not {what(one) for one in training} & {what(one) for one in held}
    for sentence in _SENTENCES:
        sides = [any(sentence in one.answer for one in side) for side in (training, held)]
        assert not all(sides)


@given(_examples, st.randoms())
def test_the_order_does_not_matter(examples: list[Example], random: object) -> None:
    _, held = split(examples, 0.3, 7)
    again = split(list(reversed(examples)), 0.3, 7)
    assert sorted(one.id for one in held) == sorted(one.id for one in again[1])


def test_the_share_is_met_where_facts_are_many() -> None:
    examples = [pair(f"Question {n}?", f"Answer {n}.") for n in range(100)]
    training, held = split(examples, 0.2, 0)
    assert (len(training), len(held)) == (80, 20)
    assert split(examples, 0.2, 0) == (training, held) != split(examples, 0.2, 1)


def _fact(one: Example) -> str:
    return one.fact


def _question(one: Example) -> str:
    return normalised(one.question)
