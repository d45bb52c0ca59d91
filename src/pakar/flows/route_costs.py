"""What each route costs: time, memory, training, and keeping up with a document that changes.

All of it is measured here and now, except for the training time, which the adapter knows of its
own training.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pakar.atomic_file import write_atomically
from pakar.documents.split import embedding_text
from pakar.errors import PakarError
from pakar.evaluation.energy import Power, power
from pakar.evaluation.questions import Question
from pakar.evaluation.record import Record
from pakar.evaluation.results import Cost, medians
from pakar.evaluation.run import Ran
from pakar.flows.contestants import Contestant, Ground
from pakar.flows.indexed import document
from pakar.flows.peak_memory import peak_memory_mb

_MEMORY = "memory.json"


def costs(
    ground: Ground, opened: Sequence[Contestant], ran: Ran, place: Path | None
) -> dict[str, Cost]:
    """The costs by route. `place` keeps the memory that was measured; None measures no memory."""
    reindex = _reindex_seconds(ground) if any(one.route.retriever for one in opened) else 0.0
    memory: dict[str, float] = {}
    if place is not None:
        asked = {one.name: _probing(ran.asked, ran.records[one.name]) for one in opened}
        memory = _memory(ground, opened, asked, place / _MEMORY)
    drawn = power(ground.config.costs.watts)
    return {
        one.name: _cost(one, ran.records[one.name], memory.get(one.fingerprint), reindex, drawn)
        for one in opened
    }


def _cost(
    one: Contestant,
    records: Mapping[str, Record],
    memory: float | None,
    reindex: float | None,
    drawn: Power,
) -> Cost:
    total, first = medians(records)
    training = one.adapter.seconds if one.adapter else 0.0
    upkeep: float | None = training
    if one.route.retriever is not None:
        upkeep = None if reindex is None else training + reindex
    return Cost(
        total,
        first,
        memory,
        training,
        upkeep,
        drawn.watt_hours(total),
        drawn.watt_hours(training) or 0.0,
    )


def _reindex_seconds(ground: Ground) -> float | None:
    """Splitting and embedding one document of middling length: the work of a change."""
    try:
        documents = [document(ground.place, name) for name in ground.documents]
        if not documents:
            return None
        middling = sorted(documents, key=lambda one: len(one.text))[len(documents) // 2]
        started = time.perf_counter()
        passages = ground.place.split(middling)
        ground.place.embedder.embed([embedding_text(one) for one in passages], "passage")
        return time.perf_counter() - started
    except PakarError:
        return None


def _probing(questions: Sequence[Question], records: Mapping[str, Record]) -> str | None:
    """A question that makes the route do all its work; None where it never answered."""
    answers = [(one.question, records[one.id].answer) for one in questions]
    given = [(question, answer) for question, answer in answers if answer is not None]
    if not given:
        return None
    # A refusal may come before the model is used; the longest answer uses all of it.
    return max(given, key=lambda pair: (not pair[1].abstained, len(pair[1].text)))[0]


def _memory(
    ground: Ground,
    opened: Sequence[Contestant],
    asked: Mapping[str, str | None],
    file: Path,
) -> dict[str, float]:
    known = _kept(file)
    for one in opened:
        question = asked[one.name]
        if one.fingerprint in known or question is None:
            continue
        peak = peak_memory_mb(ground.place.folder, one.name, question)
        if peak is not None:
            known[one.fingerprint] = peak
            write_atomically(file, json.dumps(known, indent=1).encode())
    return known


def _kept(file: Path) -> dict[str, float]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(key): float(one) for key, one in found.items() if isinstance(one, (int, float))}
