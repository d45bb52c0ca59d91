"""What weakens a verdict, one line each: a table of caveats over the evidence.

Each function says one thing or nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pakar.evaluation.evidence import Evidence

FEW = 30
_FEW_UNANSWERABLE = 5


def caveats(evidence: Evidence) -> list[str]:
    """All that the reader of the verdict has to know, the gravest first."""
    return [said for rule in CAVEATS for said in rule(evidence)]


def _few(evidence: Evidence) -> list[str]:
    pairs = evidence.standing.pairs
    if not pairs:
        return []
    detectable = max(one.detectable for one in pairs)
    count = evidence.exam.scored
    if math.isinf(detectable):
        return [f"{count} scored questions cannot show a difference of any size."]
    said = (
        f"With {count} scored questions a difference below {100 * detectable:.0f} points would "
        "have been missed one time in five or more."
    )
    return [f"Few questions. {said}" if count < FEW else said]


def _drafted(evidence: Evidence) -> list[str]:
    exam = evidence.exam
    if not exam.drafted:
        return []
    if exam.drafted == exam.asked:
        return [
            "All questions were drafted by a program and not checked by a person: they favour the "
            "method that drafted them. Check them, and write some of your own."
        ]
    return [f"{exam.drafted} of {exam.asked} questions were drafted by a program and not checked."]


def _stale(evidence: Evidence) -> list[str]:
    return [
        f"The adapter of {route.name} is stale: {route.stale[0]} Train it again and compare again."
        for route in evidence.routes
        if route.stale
    ]


def _language(evidence: Evidence) -> list[str]:
    return [evidence.exam.foreign] if evidence.exam.foreign else []


def _not_run(evidence: Evidence) -> list[str]:
    return [f"{name} was not measured: {why}" for name, why in evidence.not_run.items()]


def _failed(evidence: Evidence) -> list[str]:
    return [
        f"{route.name} failed on {route.failed} of {route.failed + route.answered} questions "
        f"({route.error}); they count as missing, not as wrong, and may have been the hard ones."
        for route in evidence.routes
        if route.failed
    ]


def _unscored(evidence: Evidence) -> list[str]:
    missing = evidence.exam.asked - evidence.exam.scored
    if not missing:
        return []
    return [
        f"{missing} of {evidence.exam.asked} questions have no reference answer and no required "
        "facts: they were answered but not scored."
    ]


def _few_unanswerable(evidence: Evidence) -> list[str]:
    count = evidence.exam.unanswerable
    if count >= _FEW_UNANSWERABLE:
        return []
    if count:
        plural = "question is" if count == 1 else "questions are"
        return [f"Only {count} {plural} unanswerable: refusing was hardly measured. Add some."]
    return [
        "No question is unanswerable, so it was not measured whether a route says that it does not "
        "know. Add some."
    ]


def _notes(evidence: Evidence) -> list[str]:
    return list(evidence.notes)


CAVEATS: Sequence[Callable[[Evidence], list[str]]] = (
    _not_run, _failed, _notes, _drafted, _stale, _language, _few, _unscored, _few_unanswerable
)  # fmt: skip
