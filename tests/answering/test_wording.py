"""What counts as saying that one does not know."""

from __future__ import annotations

import pytest

from pakar.answering.wording import wording


@pytest.mark.parametrize(
    "answer",
    ["I don't know.", "I don’t know", "Saya tidak tahu.", "The passages do not mention the fee."],
)
def test_ignorance_is_recognised_in_every_language(answer: str) -> None:
    assert wording("en").says_unknown(answer)
    assert wording("id").says_unknown(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "I don't know the date, but the fee is 500 rupees.",
        "I don't know. The fee is 500 rupees.",
        "The fee is 500 rupees.",
        "",
    ],
)
def test_an_answer_that_claims_something_is_an_answer(answer: str) -> None:
    assert not wording("en").says_unknown(answer)


def test_every_language_has_every_text() -> None:
    for language in ("en", "id"):
        texts = wording(language)
        assert "$" not in texts.question("Q?", "P")
        assert "Q?" in texts.question("Q?", "P")
        assert "P" in texts.question("Q?", "P")
        assert texts.says_unknown(texts.nothing_found.partition(".")[0])


def test_another_language_is_asked_for_in_kind() -> None:
    assert wording("fr").rag.endswith("language of the question.")
