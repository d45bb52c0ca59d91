"""Extraction gives the documents' own sentences, each with its exact source."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from made_hits import document, hit, loader, pages

from pakar.answering.extract import Extract, extract
from pakar.types import Document, Hit

PAGES = [
    "A cheque book costs 50 rupees. It has 25 leaves.",
    "A large locker costs 4,500 rupees a year. Keys are handed out at the counter.",
    "Lost cards are blocked by calling 1800-22-33.",
]


def alike(question: str, texts: Sequence[str]) -> list[float]:
    return [0.0] * len(texts)


def run(question: str, hits: Sequence[Hit], *documents: Document, language: str = "en") -> Extract:
    return extract(question, hits, language=language, load=loader(*documents), similarities=alike)


def test_the_sentence_that_answers_is_given_with_page_and_heading() -> None:
    source = pages("fees.pdf", PAGES)
    found = run("What does a large locker cost a year?", [hit(source)], source)
    best = next(one for one in found.citations if "4,500" in one.quote)
    assert best.quote == "A large locker costs 4,500 rupees a year."
    assert (best.document, best.page, best.heading) == ("fees.pdf", 2, "Part 2")
    assert best.score == 1.0


def test_meaning_counts_too() -> None:
    source = document("x.txt", "Lockers cost money.\nLockers cost time.\nLockers cost nerves.")

    def prefers_nerves(question: str, texts: Sequence[str]) -> list[float]:
        return [float("nerves" in text) for text in texts]

    found = extract(
        "What do lockers cost?", [hit(source)], language="en", load=loader(source),
        similarities=prefers_nerves,
    )  # fmt: skip
    assert "Lockers cost nerves." in found.text


def test_a_bare_heading_is_never_an_answer() -> None:
    source = pages("fees.pdf", ["Keys are handed out at the counter."])
    found = run("What does Part 1 say?", [hit(source)], source)
    assert "Part 1" not in found.text.splitlines()
    only = pages("only.pdf", [""])
    assert run("What does Part 1 say?", [hit(only)], only) == Extract("", ())


def test_nothing_found_is_nothing_said() -> None:
    assert run("What?", []) == Extract("", ())


def test_a_sentence_that_stands_twice_is_given_once() -> None:
    one, two = (
        document("a.txt", "A locker costs 5 euros."),
        document("b.txt", "A locker costs 5 euros."),
    )
    found = run("What does a locker cost?", [hit(one), hit(two)], one, two)
    assert found.text == "A locker costs 5 euros."
    assert [citation.document for citation in found.citations] == ["a.txt"]


def test_indonesian() -> None:
    source = document(
        "biaya.txt",
        "Kantor buka setiap hari kerja.\nPenggantian kartu hilang berbiaya 25.000 rupiah.",
        language="id",
    )
    found = run("Berapa biaya mengganti kartu yang hilang?", [hit(source)], source, language="id")
    assert "Penggantian kartu hilang berbiaya 25.000 rupiah." in found.text.splitlines()


LINES = st.lists(
    st.lists(st.sampled_from("fee locker 500 | - 1. ñ 卡 not. \u2028 [1]".split(" ")), min_size=1)
    .map(" ".join),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(deadline=None)
@given(LINES, LINES, st.text(max_size=30), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_every_line_is_verbatim_and_cited(
    one: list[str], other: list[str], question: str, scores: list[float]
) -> None:
    documents = [pages("one.pdf", one), document("other.txt", "\n".join(other))]
    cut = len(documents[0].text) // 2
    hits = [
        hit(documents[0], 0, cut, score=scores[0]),
        hit(documents[0], cut, score=scores[1]),
        hit(documents[1], score=scores[2]),
    ]
    found = run(question, hits, *documents)
    assert len(found.citations) <= 3
    quotes = [citation.quote for citation in found.citations]
    assert "\n".join(quotes) == found.text
    assert len(set(quotes)) == len(quotes)
    load = loader(*documents)
    for citation in found.citations:
        source = load(citation.document)
        assert source.text[citation.start : citation.end] == citation.quote
        assert found.text[citation.answer_start : citation.answer_end] == citation.quote
        assert citation.page == source.page_at(citation.start)
