"""A citation is given only where the document says it; what has no support is named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_hits import document, hit, loader, pages

from pakar.answering.cite import Support, cite
from pakar.language.sentences import sentence_spans
from pakar.types import Citation, Document, Hit

BANK = """ZX Bank was founded in Mumbai in 1994 by Arun Mehta and Leela Rao.
The yearly fee for a large locker in a city branch is 4,500 rupees.
A cheque book of 25 leaves costs 50 rupees, and the first one in a year is free.
Customers can block a lost debit card by calling 1800-22-33 at any hour.
The Delhi branch offers home loans, car loans and education loans to residents.
Accounts that have seen no transaction for 24 months are not closed but become dormant.
Interest on savings accounts is paid four times a year, on the last day of each quarter.
Visitors may not bring pets into the branch."""


def support(answer: str, source: Document, *more: Document, language: str = "en") -> Support:
    hits = [hit(one) for one in (source, *more)]
    return cite(answer, hits, language=language, load=loader(source, *more))


def quotes(found: Support) -> list[str]:
    return [one.quote for one in found.citations]


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        (
            "The yearly fee for a large locker in a city branch is 4,500 rupees.",
            "The yearly fee for a large locker in a city branch is 4,500 rupees.",
        ),
        (
            "A large locker in a city branch has a yearly fee of 4500 rupees.",
            "The yearly fee for a large locker in a city branch is 4,500 rupees.",
        ),
        (
            "You can block your lost debit card at any hour by calling 1800-22-33.",
            "Customers can block a lost debit card by calling 1800-22-33 at any hour.",
        ),
        (
            "Visitors must not bring pets into the branch.",
            "Visitors may not bring pets into the branch.",
        ),
    ],
)
def test_what_the_document_says_is_cited_by_the_sentence_that_says_it(
    answer: str, quote: str
) -> None:
    found = support(answer, document("bank.txt", BANK))
    assert quotes(found) == [quote]
    assert found.unsupported == ()


@pytest.mark.parametrize(
    "answer",
    [
        # another number
        "The yearly fee for a large locker in a city branch is 5,400 rupees.",
        "ZX Bank was founded in Mumbai in 1949 by Arun Mehta and Leela Rao.",
        "Interest on savings accounts is paid three times a year, on the last day of each quarter.",
        # another name, inside the sentence and at its beginning
        "ZX Bank was founded in Mumbai in 1994 by Arun Mehta and Priya Rao.",
        "ZX Bank was founded in Chennai in 1994 by Arun Mehta and Leela Rao.",
        "Chennai Bank was founded in Mumbai in 1994 by Arun Mehta and Leela Rao.",
        "Mumbai offers home loans, car loans and education loans to residents of the branch.",
        # the opposite
        "Customers cannot block a lost debit card by calling 1800-22-33 at any hour.",
        "Customers can't block a lost debit card by calling 1800-22-33 at any hour.",
        "Visitors may bring pets into the branch.",
        # invented
        "The bank also sells umbrellas.",
        "ZX Bank is the largest bank in Asia with 2,000 branches.",
        "Yes.",
    ],
)
def test_what_the_document_does_not_say_is_named_as_unsupported(answer: str) -> None:
    found = support(answer, document("bank.txt", BANK))
    assert found.unsupported == (answer,)
    assert found.citations == ()


def test_a_sentence_from_two_documents_has_a_citation_for_each() -> None:
    one = document("fees.txt", "A large locker costs 4,500 rupees a year in every city branch.")
    other = document("books.txt", "A cheque book with 25 leaves costs 50 rupees at the counter.")
    answer = (
        "A large locker costs 4,500 rupees a year in a city branch and a cheque book with 25 "
        "leaves costs 50 rupees at the counter."
    )
    found = support(answer, one, other)
    assert {citation.document for citation in found.citations} == {"fees.txt", "books.txt"}
    assert {(one.answer_start, one.answer_end) for one in found.citations} == {(0, len(answer))}
    assert found.unsupported == ()


def test_page_and_heading_are_those_of_the_quote_not_of_the_passage() -> None:
    source = pages("report.pdf", BANK.splitlines())
    assert hit(source).page == 1
    for number, line in enumerate(BANK.splitlines(), start=1):
        (citation,) = support(line, source).citations
        assert (citation.quote, citation.page, citation.heading) == (line, number, f"Part {number}")
        assert citation.title == source.title


def test_indonesian_is_cited_and_its_negation_is_not_overheard() -> None:
    source = document(
        "biaya.txt",
        "Biaya penggantian kartu debit yang hilang adalah 25.000 rupiah.\n"
        "Nasabah tidak dapat menutup rekening melalui telepon.",
        language="id",
    )
    good = "Mengganti kartu debit yang hilang biayanya 25.000 rupiah."
    found = support(good, source, language="id")
    assert quotes(found) == ["Biaya penggantian kartu debit yang hilang adalah 25.000 rupiah."]
    bad = "Nasabah dapat menutup rekening melalui telepon."
    assert support(bad, source, language="id").unsupported == (bad,)
    wrong = "Biaya penggantian kartu debit yang hilang adalah 52.000 rupiah."
    assert support(wrong, source, language="id").unsupported == (wrong,)


def test_lists_in_markdown_are_cited_line_by_line() -> None:
    answer = (
        "Here is what I found:\n\n"
        "1. **Lockers**: the yearly fee for a large locker in a city branch is 4,500 rupees.\n"
        "2. Customers can block a lost debit card by calling 1800-22-33 at any hour.\n"
        "- A cheque book of 25 leaves costs *50 rupees*."
    )
    found = support(answer, document("bank.txt", BANK))
    cited = {answer[one.answer_start : one.answer_end].split()[0] for one in found.citations}
    assert cited == {"1.", "2.", "-"}
    assert found.unsupported == ("Here is what I found:",)


def test_the_first_word_of_a_list_item_is_no_name() -> None:
    found = support(
        "1. Clients can block a lost debit card by calling 1800-22-33 at any hour.",
        document("bank.txt", BANK),
    )
    assert len(found.citations) == 1


@pytest.mark.parametrize("marker", ["[1]", "[7]", "[1, 2]", "[1][3]", "[1-3]"])
def test_markers_of_the_model_are_ignored(marker: str) -> None:
    source = document("bank.txt", BANK)
    line = BANK.splitlines()[1]
    for answer in (f"{line} {marker}", f"{line[:-1]} {marker}.", f"{marker} {line}"):
        found = support(answer, source)
        assert quotes(found) == [line], answer
        assert found.unsupported == (), answer


def test_a_quote_that_the_document_does_not_hold_any_more_is_not_cited() -> None:
    source = document("bank.txt", BANK)
    changed = document("bank.txt", BANK.replace("4,500", "4,600"))
    line = BANK.splitlines()[1]
    found = cite(line, [hit(source)], language="en", load=loader(changed))
    assert found == Support((), (line,))


def test_nothing_said_and_nothing_found() -> None:
    source = document("bank.txt", BANK)
    assert support("", source) == Support((), ())
    assert cite("A fee.", [], language="en", load=loader()) == Support((), ("A fee.",))


def test_overlapping_passages_give_one_quote() -> None:
    source = document("bank.txt", BANK)
    middle = BANK.index("A cheque")
    hits = [hit(source, 0, BANK.index("Customers") - 1), hit(source, middle)]
    found = cite(BANK.splitlines()[2], hits, language="en", load=loader(source))
    assert quotes(found) == [BANK.splitlines()[2]]


SENTENCES = st.lists(
    st.lists(
        st.sampled_from(
            "fee locker Mumbai bank 500 1,200 not year rupees Delhi loan opens never | [1] ** - 3."
            " kartu tidak 卡 费用 ñandú \u2028".split(" ")
        ),
        min_size=1,
        max_size=9,
    ).map(lambda words: " ".join(words)),
    min_size=1,
    max_size=8,
).map(lambda lines: "\n".join(f"{line}." for line in lines))


@settings(max_examples=150, deadline=None)
@given(SENTENCES, SENTENCES, SENTENCES, st.sampled_from(["en", "id", "zh"]))
def test_every_quote_is_verbatim_and_every_sentence_is_accounted_for(
    one: str, other: str, answer: str, language: str
) -> None:
    documents = [pages("one.pdf", one.split("\n")), document("other.md", other, language=language)]
    cut = len(documents[0].text) // 2
    hits: list[Hit] = [hit(documents[0], 0, cut), hit(documents[0], cut), hit(documents[1])]
    load = loader(*documents)
    found = cite(answer, hits, language=language, load=load)
    for citation in found.citations:
        _check(citation, load(citation.document), answer, language)
    cited = {(one.answer_start, one.answer_end) for one in found.citations}
    spans = sentence_spans(answer, language)
    assert cited <= set(spans)
    uncited = [answer[start:end] for start, end in spans if (start, end) not in cited]
    assert set(found.unsupported) <= set(uncited)
    for sentence in set(uncited) - set(found.unsupported):
        assert not set(sentence) - set("[]0123456789,- *|.")  # marks without a word


def _check(citation: Citation, source: Document, answer: str, language: str) -> None:
    assert source.text[citation.start : citation.end] == citation.quote != ""
    assert citation.page == source.page_at(citation.start)
    assert citation.heading == " > ".join(source.headings_at(citation.start))
    assert 0 < citation.score <= 1
    assert (citation.answer_start, citation.answer_end) in sentence_spans(answer, language)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(BANK.splitlines()), st.sampled_from(BANK.splitlines()), st.randoms())
def test_words_in_another_order_change_no_support(one: str, other: str, random: object) -> None:
    source = document("bank.txt", BANK)
    both = support(f"{one} {other}", source)
    assert quotes(both) == [one, other]
    assert both.unsupported == ()
