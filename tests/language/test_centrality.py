"""The sentences that say the most: chosen by what they share, never twice, in linear time."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from pakar.language.centrality import central

WORDS = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=6), max_size=12)


@settings(deadline=None)
@given(WORDS, st.integers(0, 8))
def test_at_most_so_many_are_chosen_each_once_and_always_the_same(
    sentences: list[list[str]], most: int
) -> None:
    chosen = central(sentences, most)
    assert len(chosen) <= most
    assert len(set(chosen)) == len(chosen)
    assert all(sentences[at] for at in chosen)
    assert chosen == central(sentences, most)
    bags = {tuple(sorted(one)) for one in sentences if one}
    assert bool(chosen) == bool(bags and most)


def test_what_all_speak_of_comes_before_what_one_says() -> None:
    sentences = [
        "weather sunny beach".split(),
        "locker fee year".split(),
        "locker size fee".split(),
        "locker fee key deposit".split(),
    ]
    assert 0 not in central(sentences, 2)


def test_the_same_words_are_not_chosen_twice() -> None:
    same = ["locker", "fee"]
    assert central([same, same, list(reversed(same)), ["key", "fee"]], 4) == [0, 3]


def test_a_long_text_takes_little_longer_than_a_short_one() -> None:
    def seconds(count: int) -> float:
        sentences = [[f"w{at % 97}", f"w{at % 89}", f"w{at % 1009}"] for at in range(count)]
        started = time.process_time()
        central(sentences, 5)
        return time.process_time() - started

    seconds(100)
    # Ten times as much takes at least a hundred times as long where all are compared with all.
    assert seconds(40_000) < 40 * max(seconds(4_000), 0.01)
