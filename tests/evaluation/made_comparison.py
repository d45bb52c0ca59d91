"""Comparisons made of planted scores: what each route is worth is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pakar.config import Costs, Needs
from pakar.evaluation.comparison import Comparison, Setting
from pakar.evaluation.evidence import Evidence, Exam
from pakar.evaluation.measures import is_scored
from pakar.evaluation.questions import Question
from pakar.evaluation.recommend import recommend
from pakar.evaluation.record import Record, hash_of
from pakar.evaluation.results import Cost, RouteResult, by_type, route_metrics, standings
from pakar.types import Answer, Citation, Hit, Passage, Timings

TEXT = "A cheque book costs 50 rupees. Every further one costs 75 rupees."


@dataclass(frozen=True)
class Made:
    """A route as planted: its mean score and its costs; `fails` on the first so many questions."""

    mean: float
    seconds: float = 1.0
    memory: float = 500.0
    training: float = 0.0
    fails: int = 0
    stale: tuple[str, ...] = ()
    types: Mapping[str, float] | None = None
    spec: str = "bundled:small"


def made(
    routes: Mapping[str, Made],
    count: int = 80,
    *,
    seed: int = 0,
    needs: Needs | None = None,
    costs: Costs | None = None,
    not_run: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    drafted: int = 0,
    foreign: str = "",
    answer: str = TEXT,
) -> Comparison:
    """A comparison over `count` questions, every tenth unanswerable."""
    source = np.random.default_rng(seed)
    questions = [
        Question(
            f"q{index:03}",
            f"What does cheque book {index} cost?",
            answers=("" if index % 10 == 9 else "A cheque book costs 50 rupees.",),
            answerable=index % 10 != 9,
            type=("fee", "procedure")[index % 2],
            drafted=index < drafted,
        )
        for index in range(count)
    ]
    hard = source.normal(0, 0.12, count)
    measured: dict[str, dict[str, dict[str, float]]] = {}
    records: dict[str, dict[str, Record]] = {}
    for name, one in routes.items():
        rows, kept = {}, {}
        noise = source.normal(0, 0.12, count)
        for index, question in enumerate(questions):
            failed = index < one.fails
            mean = (one.types or {}).get(question.type, one.mean)
            score = float(np.clip(mean + hard[index] + noise[index], 0, 1))
            rows[question.id] = {} if failed else {
                "score": score, "token_f1": score, "seconds": one.seconds * (1 + score / 5),
                "supported": 0.8, "verbatim": 1.0,
            }  # fmt: skip
            kept[question.id] = _record(name, question, one, failed, answer)
        measured[name], records[name] = rows, kept
    results = [_result(name, one, questions, measured, count) for name, one in routes.items()]
    evidence = Evidence(
        Exam(
            count, count, sum(is_scored(one) for one in questions), drafted,
            sum(not one.answerable for one in questions), foreign,
        ),
        results,
        standings(questions, measured, seed),
        by_type(questions, measured, seed),
        needs or Needs(),
        costs or Costs(),
        not_run or {},
        notes,
    )  # fmt: skip
    setting = Setting(
        "0123456789ab", "bank", "2026-01-02T03:04:05+00:00", 61.0, seed, "a machine",
        {"language model": "bundled:small"}, {name: name for name in routes},
    )  # fmt: skip
    return Comparison(setting, evidence, recommend(evidence), tuple(questions), records, measured)


def _result(
    name: str,
    one: Made,
    questions: Sequence[Question],
    measured: Mapping[str, Mapping[str, Mapping[str, float]]],
    count: int,
) -> RouteResult:
    return RouteResult(
        name,
        route_metrics(questions, measured[name], 0),
        Cost(one.seconds, one.seconds / 2, one.memory, one.training, one.training + 0.5),
        answered=count - one.fails,
        failed=one.fails,
        error="the endpoint did not answer" if one.fails else "",
        has_model=name != "extract",
        has_sources=name == "extract" or name.startswith("rag"),
        spec=one.spec,
        adapter=f"{name}-1" if "lora" in name else "",
        stale=one.stale,
    )


def _record(name: str, question: Question, one: Made, failed: bool, text: str) -> Record:
    passage = Passage("documents/fees.md", 10, 10 + len(TEXT), TEXT, page=3)
    answer = Answer(
        text, name,
        citations=(Citation("documents/fees.md", 10, 40, TEXT[:30], 0, 30, 1.0, page=3),),
        unsupported=(TEXT[31:],), hits=(Hit(passage, 1.0),),
        timings=Timings(0.1, one.seconds / 2, one.seconds),
    )  # fmt: skip
    return Record(
        name, question.id, hash_of(question), name, None if failed else answer, one.seconds,
        error="the endpoint did not answer" if failed else "",
    )  # fmt: skip
