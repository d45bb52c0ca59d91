"""The steps of a comparison: questions in, routes asked, figures, verdict, files.

Each step is a module of `pakar.evaluation`.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pakar.errors import ConfigError
from pakar.evaluation import history
from pakar.evaluation.comparison import Comparison, Moved, Setting
from pakar.evaluation.energy import power
from pakar.evaluation.evidence import Evidence, Exam
from pakar.evaluation.history import Before
from pakar.evaluation.journal import Journal
from pakar.evaluation.measures import JUDGED, SIMILARITY, is_scored, measure
from pakar.evaluation.questions import Question, load_questions
from pakar.evaluation.recommend import recommend
from pakar.evaluation.results import (
    Cost,
    Measured,
    RouteResult,
    by_type,
    route_metrics,
    standings,
    with_measure,
)
from pakar.evaluation.run import Progress, Ran, run, selected
from pakar.flows.contestants import Contestant, Ground, candidate, contestants, ground_of
from pakar.flows.indexed import document
from pakar.flows.judging import Judgement, judgement
from pakar.flows.route_costs import costs
from pakar.flows.workplace import Workplace
from pakar.language.detect import UNKNOWN, detect
from pakar.ports import LanguageModel
from pakar.registry import open_language_model
from pakar.types import Document, Scope

FOLDER = "comparisons"
# So many questions in another language than any document make a caveat.
_FOREIGN_FROM = 3
_FOREIGN_SHARE = 0.2

Watch = Callable[[Progress], None]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which questions go to which routes, and what came of the same before."""

    questions: list[Question]
    names: Sequence[str]
    scope: Scope
    before: Before | None = None


def compare(
    workplace: Workplace,
    file: Path,
    names: Sequence[str],
    scope: Scope,
    *,
    watch: Watch | None = None,
    say: Say | None = None,
) -> Comparison:
    """Compares routes on the questions of a file. Raises ConfigError where it cannot begin."""
    started = time.monotonic()
    tell = say or (lambda line: None)
    ground = ground_of(workplace)
    place = workplace.derived / FOLDER
    plan = _planned(place, file, names or ground.routes, scope)
    opened, not_run = contestants(ground, plan.names)
    journal = Journal(place / "answers.jsonl")
    asking = [candidate(one) for one in opened]
    ran = run(asking, plan.questions, journal, budget=scope.budget, report=watch)
    tell("Measuring the answers ...")
    measured = _measured(ground, ran)
    judged = _judged(workplace, ran, scope, place)
    measured = with_measure(measured, JUDGED, judged.values)
    tell("Measuring memory and the cost of a change ...")
    spent = costs(ground, opened, ran, place if scope.memory else None)
    results = [_result(ground, one, ran, measured, spent[one.name], plan) for one in opened]
    evidence = Evidence(
        _exam(ground, plan.questions, ran),
        [one for one in results if one.answered],
        standings(ran.asked, _answering(measured, results), plan.scope.seed),
        by_type(ran.asked, _answering(measured, results), plan.scope.seed),
        ground.config.needs,
        ground.config.costs,
        {**not_run, **{one.name: one.error for one in results if not one.answered}},
        (
            *ran.notes,
            *(_given_up(name, why) for name, why in ran.given_up.items()),
            *judged.notes,
        ),
    )
    verdict = recommend(evidence)
    setting = _setting(ground, opened, plan, time.monotonic() - started)
    moved = _moved(plan.before, setting, verdict.route, verdict.tied) if plan.before else None
    done = Comparison(setting, evidence, verdict, ran.asked, ran.records, measured, moved)
    return history.keep(place, done, plan.questions)


def _planned(place: Path, file: Path, names: Sequence[str], scope: Scope) -> _Plan:
    if not scope.again:
        return _Plan(selected(_loaded(file), scope.limit, scope.seed), names, scope)
    before = history.last(place)
    if before is None:
        raise ConfigError("there is no comparison to repeat", hint="Compare first: pakar compare")
    return _Plan(before.questions, before.routes, replace(scope, seed=before.seed), before)


def _loaded(file: Path) -> list[Question]:
    if not file.exists():
        raise ConfigError(
            f"{file}: there are no questions",
            hint='Write some, one a line: {"id": "q1", "question": "...", "answer": "..."}. '
            "Or import a table: pakar questions import FILE",
        )
    questions = load_questions(file)
    if not questions:
        raise ConfigError(
            f"{file}: has no questions", hint="Import some: pakar questions import FILE"
        )
    return questions


def _judged(workplace: Workplace, ran: Ran, scope: Scope, place: Path) -> Judgement:
    if not scope.judge:
        return Judgement()
    labels = Path(scope.labels) if scope.labels else None

    def opened() -> LanguageModel:
        if scope.judge == workplace.config.models.language_model:
            return workplace.model
        return open_language_model(scope.judge)

    return judgement(ran, scope.judge, opened, labels, place)


def _measured(ground: Ground, ran: Ran) -> Measured:
    def load(name: str) -> Document:
        return document(ground.place, name)

    rows = {
        route: {
            question.id: measure(question, records[question.id], load) for question in ran.asked
        }
        for route, records in ran.records.items()
    }
    return with_measure(rows, SIMILARITY, _similarity(ground, ran))


def _similarity(ground: Ground, ran: Ran) -> dict[str, dict[str, float]]:
    """The cosine of each answer with the nearest of its references."""
    place: dict[str, int] = {}
    given: list[tuple[str, Question, str]] = []
    for route, records in ran.records.items():
        for question in ran.asked:
            answer = records[question.id].answer
            if answer is None or not question.answers or answer.abstained or not answer.text:
                continue
            given.append((route, question, answer.text))
            for text in (answer.text, *question.answers):
                place.setdefault(text, len(place))
    if not given:
        return {}
    vectors = ground.place.embedder.embed(list(place), "passage")
    found: dict[str, dict[str, float]] = {}
    for route, question, text in given:
        references = vectors[[place[one] for one in question.answers]]
        nearest = float((references @ vectors[place[text]]).max())
        found.setdefault(route, {})[question.id] = nearest
    return found


def _result(
    ground: Ground, one: Contestant, ran: Ran, measured: Measured, cost: Cost, plan: _Plan
) -> RouteResult:
    records = [ran.records[one.name][question.id] for question in ran.asked]
    errors = [record.error for record in records if record.error]
    return RouteResult(
        one.name,
        route_metrics(ran.asked, measured[one.name], plan.scope.seed),
        cost,
        answered=sum(record.answer is not None for record in records),
        failed=len(errors),
        error=errors[0] if errors else "",
        has_model=one.route.model is not None,
        has_sources=one.route.retriever is not None,
        spec=ground.config.models.language_model,
        adapter=one.adapter.id if one.adapter else "",
        stale=one.adapter.stale if one.adapter else (),
    )


def _answering(measured: Measured, results: Sequence[RouteResult]) -> Measured:
    return {one.name: measured[one.name] for one in results if one.answered}


def _given_up(name: str, why: str) -> str:
    return f"{name} was given up after failing again and again: {why}"


def _exam(ground: Ground, questions: Sequence[Question], ran: Ran) -> Exam:
    return Exam(
        questions=len(questions),
        asked=len(ran.asked),
        scored=sum(is_scored(one) for one in ran.asked),
        drafted=sum(one.drafted for one in ran.asked),
        unanswerable=sum(not one.answerable for one in ran.asked),
        foreign=_foreign(ran.asked, ground.languages),
    )


def _foreign(questions: Sequence[Question], languages: Mapping[str, int]) -> str:
    """One line where many questions are in a language that no document is in."""
    if not languages:
        return ""
    asked = Counter(detect(one.question) for one in questions)
    foreign = {name: count for name, count in asked.items() if name not in {*languages, UNKNOWN}}
    count = sum(foreign.values())
    if count < max(_FOREIGN_FROM, _FOREIGN_SHARE * len(questions)):
        return ""
    most = max(foreign, key=lambda name: foreign[name])
    return (
        f"{count} of {len(questions)} questions are in another language than the documents "
        f"(mostly {most}; the documents: {', '.join(sorted(languages))}). Words that both share "
        "are rare then, and measures that count shared words come out low for every route."
    )


def _setting(ground: Ground, opened: Sequence[Contestant], plan: _Plan, seconds: float) -> Setting:
    states = {one.name: one.fingerprint for one in opened}
    exam = [asdict(one) for one in plan.questions]
    content = json.dumps([exam, states, plan.scope.seed], sort_keys=True).encode()
    models = ground.config.models
    return Setting(
        id=hashlib.sha256(content).hexdigest()[:12],
        expert=ground.place.folder.absolute().name,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=seconds,
        seed=plan.scope.seed,
        machine=machine(),
        models={"language model": models.language_model, "embedder": models.embedder},
        states=states,
        energy=power(ground.config.costs.watts).how,
    )


def machine() -> str:
    """The processor, its cores and the system, in a line."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
        models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        name = models[0] if models else name
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def _moved(before: Before, setting: Setting, route: str, tied: Sequence[str]) -> Moved:
    changed = [name for name, state in setting.states.items() if before.states.get(name) != state]
    return Moved(
        before.finished,
        before.route,
        before.tied,
        moved=(before.route, set(before.tied)) != (route, set(tied)),
        changed=tuple(changed),
    )
