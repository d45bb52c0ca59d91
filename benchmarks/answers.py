"""Answers held-out questions by several routes and prints their measures as JSON.

    python benchmarks/answers.py [--questions FILE --documents DIR] [--routes extract,rag]
                                 [--model SPEC] [--limit N] [--save FILE] [--write]

Without options: the example's held-out questions over its documents. --save keeps every answer
with its citations, for a person to read. --write stores the figures of the model beside the code
(src/pakar/answering/measured.json), from which `pakar ask` tells that plain extraction is better.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pakar import Answer, Expert
from pakar.answering import measured
from pakar.config import DEFAULT_MODEL
from pakar.evaluation.metrics import token_f1
from pakar.evaluation.questions import Question, load_questions

EXAMPLE = Path(__file__).parents[1] / "examples" / "zx_bank"
TARGET = Path(measured.__file__).with_name("measured.json")
RESAMPLES = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, default=EXAMPLE / "questions.jsonl")
    parser.add_argument("--documents", type=Path, default=EXAMPLE / "documents")
    parser.add_argument("--routes", default="extract,rag,base")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    questions = load_questions(options.questions)[: options.limit or None]
    with tempfile.TemporaryDirectory() as folder:
        expert = Expert.create(Path(folder) / "expert", language_model=options.model)
        expert.add(options.documents)
        answers = {route: run(expert, route, questions) for route in options.routes.split(",")}
    result = {route: summary(questions, given) for route, given in answers.items()}
    if options.save:
        save(options.save, questions, answers)
    if options.write:
        write(options.model, result)
    print(json.dumps({"model": options.model, "routes": result}, indent=2))


def run(expert: Expert, name: str, questions: Sequence[Question]) -> list[Answer]:
    route = expert.route(name)
    return [route.answer(question.question) for question in questions]


def summary(questions: Sequence[Question], answers: Sequence[Answer]) -> dict[str, object]:
    pairs = list(zip(questions, answers, strict=True))
    answerable = [(question, answer) for question, answer in pairs if question.answerable]
    foreign = [answer for question, answer in pairs if not question.answerable]
    f1 = [token_f1(answer.text, question.answers) for question, answer in answerable]
    given = [answer for _, answer in answerable if not answer.abstained]
    cited = [len({c.answer_start for c in answer.citations}) for answer in given]
    unsupported = [len(answer.unsupported) for answer in given]
    low, high = interval(f1)
    return {
        "questions": len(answerable),
        "token_f1": {"mean": round(mean(f1), 4), "low": low, "high": high},
        "refused_answerable": sum(answer.abstained for _, answer in answerable),
        "unanswerable": len(foreign),
        "refused_unanswerable": sum(answer.abstained for answer in foreign),
        "sentences_with_source": sum(cited),
        "sentences_without_source": sum(unsupported),
        "seconds_an_answer": round(mean([answer.timings.total for answer in given]), 2),
    }


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95% percentile bootstrap interval of the mean."""
    source = random.Random(0)
    means = sorted(mean(source.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return round(means[int(0.025 * RESAMPLES)], 4), round(means[int(0.975 * RESAMPLES)], 4)


def mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))


def save(path: Path, questions: Sequence[Question], answers: dict[str, list[Answer]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for route, given in answers.items():
            for question, answer in zip(questions, given, strict=True):
                row = {
                    "route": route,
                    "question": question.question,
                    "reference": question.answers,
                    "answer": answer.text,
                    "abstained": answer.abstained,
                    "citations": [asdict(one) for one in answer.citations],
                    "unsupported": answer.unsupported,
                    "seconds": answer.timings.total,
                }
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write(model: str, result: dict[str, dict[str, object]]) -> None:
    stored = json.loads(TARGET.read_text(encoding="utf-8"))
    figures = {route: result[route]["token_f1"]["mean"] for route in ("rag", "extract")}  # type: ignore[index]
    stored["models"][model] = {"questions": result["rag"]["questions"], **figures}
    TARGET.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
