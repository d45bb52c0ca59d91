"""What is measured of an answer: a table of measures, and their values for one question.

A measure that says nothing of a question has no value there. Knows answers and references; the
definitions are in `metrics`, `rouge` and `facts`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pakar.errors import PakarError
from pakar.evaluation.facts import required_recall, unsupported_numbers
from pakar.evaluation.metrics import exact_match, ndcg, recall, reciprocal_rank, token_f1
from pakar.evaluation.questions import Question
from pakar.evaluation.record import Record
from pakar.evaluation.rouge import rouge_l
from pakar.types import Answer, Citation, Document

SCORE = "score"
SIMILARITY = "similarity"
JUDGED = "judged"
DEPTH = 10


@dataclass(frozen=True, slots=True)
class Measure:
    """`up` says whether more is better, `paired` whether routes are compared on it: not so where
    the routes themselves decide which questions have a value."""

    name: str
    label: str
    meaning: str
    up: bool = True
    paired: bool = True


MEASURES = (
    Measure(SCORE, "Score", "decides the verdict: the required facts found, else token F1; for an "
            "unanswerable question 1 for saying so; 0 for refusing an answerable one"),
    Measure("required", "Required facts", "share of the names, numbers and dates that an answer "
            "has to have"),
    Measure("token_f1", "Token F1", "shared words with the reference answer (SQuAD)"),
    Measure("exact_match", "Exact match", "the same words as a reference answer (SQuAD)"),
    Measure("rouge_l", "ROUGE-L", "longest common subsequence of words with the reference"),
    Measure(SIMILARITY, "Similarity", "cosine of the embeddings of answer and reference"),
    Measure(JUDGED, "Judged right", "share of the answers that the judge calls right; decides "
            "nothing"),
    Measure(f"ndcg@{DEPTH}", f"nDCG@{DEPTH}", "the right documents shown, and how high; of the "
            "passages that the answer was made from", paired=False),
    Measure(f"recall@{DEPTH}", f"Recall@{DEPTH}", "share of the right documents among the shown",
            paired=False),
    Measure("mrr", "MRR", "1 over the place of the first right document", paired=False),
    Measure("cited_right", "Right document cited", "share of the citations that lead to a right "
            "document", paired=False),
    Measure("verbatim", "Verbatim", "share of the citations whose quote stands in the document, "
            "letter for letter", paired=False),
    Measure("supported", "Supported", "share of the answer's sentences with a source",
            paired=False),
    Measure("refusal_recall", "Refusal recall", "share of the unanswerable questions that were "
            "refused"),
    Measure("refusal_precision", "Refusal precision", "share of the refusals that were right",
            paired=False),
    Measure("unsupported_numbers", "Unsupported numbers", "share of the answer's numbers that "
            "stand in no shown passage", up=False, paired=False),
    Measure("seconds", "Seconds", "from the question to the whole answer", up=False),
    Measure("first_token", "First words", "seconds until the first words", up=False),
    Measure("tokens", "Tokens", "of the answer, as the model counts them", up=False, paired=False),
)  # fmt: skip
BY_NAME = {one.name: one for one in MEASURES}

LoadDocument = Callable[[str], Document]


def measure(question: Question, record: Record, load: LoadDocument) -> dict[str, float]:
    """All values for one answer; none at all where the route failed."""
    answer = record.answer
    if answer is None:
        return {}
    values = {
        **_words(question, answer),
        **_retrieval(question, answer),
        **_citations(question, answer, load),
        **_refusal(question, answer),
        **_times(record, answer),
    }
    score = _score(question, answer, values)
    return values if score is None else {SCORE: score, **values}


def is_scored(question: Question) -> bool:
    """Whether the question has what the score needs: a reference, facts, or no answer at all."""
    return not question.answerable or bool(question.must_contain or question.answers)


def _score(question: Question, answer: Answer, values: dict[str, float]) -> float | None:
    if not question.answerable:
        return float(answer.abstained)
    if not is_scored(question):
        return None
    return 0.0 if answer.abstained else values.get("required", values.get("token_f1"))


def _words(question: Question, answer: Answer) -> dict[str, float]:
    values: dict[str, float] = {}
    if not question.answerable:
        return values
    if question.must_contain:
        values["required"] = required_recall(answer.text, question.must_contain)
    if question.answers:
        values["token_f1"] = token_f1(answer.text, question.answers)
        values["exact_match"] = exact_match(answer.text, question.answers)
        values["rouge_l"] = rouge_l(answer.text, question.answers)
    return values


def _retrieval(question: Question, answer: Answer) -> dict[str, float]:
    if not question.documents or not answer.hits:
        return {}
    ranking = [hit.document for hit in answer.hits]
    return {
        f"ndcg@{DEPTH}": ndcg(ranking, question.documents, DEPTH),
        f"recall@{DEPTH}": recall(ranking, question.documents, DEPTH),
        "mrr": reciprocal_rank(ranking, question.documents),
    }


def _citations(question: Question, answer: Answer, load: LoadDocument) -> dict[str, float]:
    if answer.abstained or not answer.hits:
        return {}
    values: dict[str, float] = {}
    cited = len({one.answer_start for one in answer.citations})
    if cited + len(answer.unsupported):
        values["supported"] = cited / (cited + len(answer.unsupported))
    if answer.citations:
        values["verbatim"] = _mean([_is_verbatim(one, load) for one in answer.citations])
        if question.documents:
            right = [one.document in question.documents for one in answer.citations]
            values["cited_right"] = _mean(right)
    shown = [*(hit.text for hit in answer.hits), question.question]
    numbers = unsupported_numbers(answer.text, shown)
    return values if numbers is None else {**values, "unsupported_numbers": numbers}


def _is_verbatim(citation: Citation, load: LoadDocument) -> bool:
    try:
        text = load(citation.document).text
    except PakarError:
        return False
    return text[citation.start : citation.end] == citation.quote


def _refusal(question: Question, answer: Answer) -> dict[str, float]:
    values = {} if question.answerable else {"refusal_recall": float(answer.abstained)}
    if answer.abstained:
        values["refusal_precision"] = float(not question.answerable)
    return values


def _times(record: Record, answer: Answer) -> dict[str, float]:
    values = {"tokens": float(record.tokens)} if record.tokens else {}
    if record.cold:
        return values
    return {**values, "seconds": record.seconds, "first_token": answer.timings.first_token}


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values)
