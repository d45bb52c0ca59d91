"""What a model writes is kept only where the passage bears it out."""

from __future__ import annotations

import json

import pytest
from made_examples import hit, serving

from pakar.errors import ModelError
from pakar.ports import Generation
from pakar.testing import ScriptedModel
from pakar.training.generate import SCHEMA, generate, spread
from pakar.types import Message, Passage

OSLO = hit("oslo.md", "The branch in Oslo opened in 1901 and has 40 lockers.")
ROME = hit("rome.md", "The branch in Rome opened in 1950 and has no lockers.")
GOOD = {"question": "When did the branch in Oslo open?", "answer": "It opened in 1901."}


def written(*answers: object) -> tuple[list[str], dict[str, int]]:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in answers]
    model = ScriptedModel(texts)

    def write(passage: Passage) -> str:
        return "".join(model.generate([Message("user", passage.text)], Generation(schema=SCHEMA)))

    search = serving([OSLO, ROME]).search
    done = generate([(OSLO.passage, "hash")] * len(texts), write, lambda q, k: search(q, 1))
    assert done.asked == len(texts)
    return [one.question for one in done.examples], dict(done.rejected)


def test_a_good_pair_waits_for_review_with_its_source() -> None:
    done = generate([(OSLO.passage, "hash")], lambda _: json.dumps(GOOD), serving([OSLO]).search)
    (one,) = done.examples
    assert (one.question, one.answer) == (GOOD["question"], GOOD["answer"])
    assert (one.origin, one.state) == ("generated", "waiting")
    assert (one.sources[0].document, one.sources[0].end) == ("oslo.md", OSLO.end)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Sure! Here it is.", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ({"question": "Why is that so?"}, "not the keys question and answer"),
        ({**GOOD, "answer": 7}, "question or answer is no text"),
        ({**GOOD, "answer": " "}, "the answer is empty"),
        ({**GOOD, "question": "Oslo"}, "no question"),
        ({**GOOD, "answer": "It opened in 1905."}, "the answer has numbers that the passage lacks"),
        ({**GOOD, "answer": "A king founded it."}, "the answer does not stand in the passage"),
        ({**GOOD, "answer": "The branch in Oslo."}, "the answer only repeats the question"),
        (
            {"question": "When did the branch in Rome open?", "answer": "It opened in 1901."},
            "the question does not find the passage again",
        ),
    ],
)
def test_a_pair_that_cannot_be_trusted_falls_with_its_reason(answer: object, reason: str) -> None:
    assert written(answer) == ([], {reason: 1})


def test_a_code_fence_around_the_object_is_no_harm() -> None:
    assert written(f"```json\n{json.dumps(GOOD)}\n```")[0] == [GOOD["question"]]


def test_a_model_that_fails_does_not_stop_the_rest() -> None:
    def write(passage: Passage) -> str:
        if passage is ROME.passage:
            raise ModelError("out of memory")
        return json.dumps(GOOD)

    both = [(ROME.passage, ""), (OSLO.passage, "")]
    done = generate(both, write, serving([OSLO, ROME]).search)
    assert len(done.examples) == 1
    assert done.rejected == {"the model failed: out of memory": 1}


def test_passages_are_taken_evenly() -> None:
    many = [(hit("a.md", "x", start).passage, "") for start in range(10)]
    assert [one.start for one, _ in spread(many, 3)] == [0, 3, 6]
