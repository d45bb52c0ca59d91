"""The verdict of a comparison: evidence in, a route with its reasons out.

The rules, in this order:

1. A route that breaks a limit of the user's is out (`limits`).
2. Of the others, the one with the highest score leads. Those that cannot be told apart from it
   are tied with it.
3. A model that does not beat plain extraction is not worth running: where `extract` is tied with
   the leader, it is taken.
4. Else the cheapest of the tied routes is taken, by the user's weights (`cheapest`).

Every reason carries its number; what weakens the verdict is a caveat (`caveats`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pakar.evaluation.caveats import caveats
from pakar.evaluation.cheapest import cheapest_first, said
from pakar.evaluation.evidence import FLOOR, Evidence
from pakar.evaluation.limits import ruled_out
from pakar.evaluation.results import TypeResult
from pakar.evaluation.tied import Pair, Standing, more_questions

Kind = Literal["winner", "tied", "unclear", "nothing"]
# A difference seen that would need more questions than this is as good as none.
_MOST_QUESTIONS = 20_000


@dataclass(frozen=True, slots=True)
class TypeAdvice:
    """For one type of question: the routes that lead, and whether that is sure."""

    type: str
    questions: int
    route: str
    tied: tuple[str, ...]
    significant: bool
    says: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """`route` is "" where nothing could be measured. `tied` are the routes that cannot be told
    apart from the best, `route` among them. `kind` is "winner" where one route is the best,
    "tied" where cost or the floor decided, "unclear" where no difference could have been shown,
    "nothing" where there was nothing to decide from.
    """

    route: str
    kind: Kind
    verdict: str
    tied: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()
    types: tuple[TypeAdvice, ...] = ()


def recommend(evidence: Evidence) -> Recommendation:
    """The verdict. Never raises: where there is nothing to decide from, it says so."""
    out = ruled_out(evidence.routes, evidence.needs)
    allowed = [one.name for one in evidence.routes if one.name not in out]
    standing = evidence.standing.among(allowed)
    limits = [f"{name} is ruled out: {why}." for name, why in out.items()]
    if not standing.leader:
        return _nothing(evidence, limits)
    chosen, why = _chosen(evidence, standing)
    return Recommendation(
        chosen,
        _kind(standing),
        _verdict(evidence, standing, chosen),
        standing.tied,
        (*_quality(evidence, standing), *_floor(evidence, standing), *why, *limits),
        tuple(caveats(evidence)),
        tuple(_would_change(evidence, standing, chosen)),
        tuple(_type_advice(one, allowed, chosen) for one in evidence.types),
    )


def _nothing(evidence: Evidence, limits: Sequence[str]) -> Recommendation:
    if evidence.exam.questions == 0:
        verdict = "No verdict: there are no questions."
    elif evidence.exam.scored == 0:
        verdict = "No verdict: no question has a reference answer, facts that an answer must have, or is unanswerable."  # noqa: E501
    elif limits:
        verdict = "No verdict: your limits leave no route that was measured."
    else:
        verdict = "No verdict: no route answered enough questions."
    return Recommendation("", "nothing", verdict, (), tuple(limits), tuple(caveats(evidence)))


def _chosen(evidence: Evidence, standing: Standing) -> tuple[str, list[str]]:
    if len(standing.tied) == 1:
        return standing.leader, []
    if FLOOR in standing.tied:
        return FLOOR, []
    order = cheapest_first([evidence.route(name) for name in standing.tied], evidence.costs)
    first, second = order[0], order[1]
    return first.name, [
        f"Of the routes that cannot be told apart, {first.name} costs least by your weights: "
        f"{said(first.cost)}, against {said(second.cost)} for {second.name}."
    ]


def _kind(standing: Standing) -> Kind:
    if not standing.pairs or all(math.isinf(one.detectable) for one in standing.pairs):
        return "unclear"
    return "winner" if len(standing.tied) == 1 else "tied"


def _verdict(evidence: Evidence, standing: Standing, chosen: str) -> str:
    count = evidence.exam.asked
    if not standing.pairs:
        return f"Only {chosen} could be measured, so there is nothing to choose from."
    if len(standing.tied) == 1:
        lead = min(_lead(standing), key=lambda one: one.difference)
        return (
            f"Use {chosen}: on {count} questions it answers better than every other route "
            f"measured (score {evidence.score(chosen):.2f} against {evidence.score(lead.b):.2f} "
            f"for {lead.b}, the next; chance alone would do that with p {_p(lead.p)})."
        )
    others = _listed([name for name in standing.tied if name != chosen])
    if _kind(standing) == "unclear":
        return (
            f"Cannot tell: {count} questions are too few to show any difference. Until there are "
            f"more, {chosen} costs least."
        )
    if chosen == FLOOR:
        return (
            f"Use {FLOOR}: on {count} questions no model was shown to answer better than the best "
            f"sentences of the documents, verbatim ({others} cannot be told apart from it)."
        )
    return (
        f"Use {chosen}: on {count} questions it cannot be told apart from {others}, and it costs "
        "least."
    )


def _quality(evidence: Evidence, standing: Standing) -> list[str]:
    """The leader against all that are tied with it and the next one; the others in one line."""
    lead = _lead(standing)
    differing = [one for one in lead if one.differ]
    found = [_compared(evidence, one) for one in lead if not one.differ or one is differing[0]]
    rest = differing[1:]
    if rest:
        found.append(
            f"{standing.leader} is also better than {_listed([one.b for one in rest])}, by "
            f"{_points(rest[0].difference)} points or more (p {_p(max(one.p for one in rest))} at "
            "most)."
        )
    return found


def _compared(evidence: Evidence, one: Pair) -> str:
    better = "is better than" if one.differ else "cannot be told apart from"
    return (
        f"{one.a} {better} {one.b}: score {evidence.score(one.a):.2f} against "
        f"{evidence.score(one.b):.2f}, difference {one.difference:+.2f} "
        f"({one.low:+.2f} to {one.high:+.2f}, p {_p(one.p)}, {one.count} questions)."
    )


def _floor(evidence: Evidence, standing: Standing) -> list[str]:
    """What is to be said of models that do not beat plain extraction."""
    worse: list[str] = []
    unshown: list[str] = []
    for route in evidence.routes:
        pair = standing.pair(route.name, FLOOR)
        if pair is None or not route.has_model or (pair.differ and pair.difference > 0):
            continue
        said = f"{route.name} ({_points(pair.difference, sign=True)} points)"
        (worse if pair.differ else unshown).append(said)
    parts = []
    if worse:
        parts.append(f"worse than plain extraction: {_listed(worse)}")
    if unshown:
        parts.append(f"not shown to beat plain extraction: {_listed(unshown)}")
    if not parts:
        return []
    said = "; ".join(parts)
    return [f"{said[:1].upper()}{said[1:]}. A model that does not beat it is not worth running."]


def _would_change(evidence: Evidence, standing: Standing, chosen: str) -> list[str]:
    found = []
    tests = max(1, len(evidence.standing.pairs))
    for one in _lead(standing):
        if one.differ:
            continue
        more = more_questions(one, tests)
        if more is not None and more < _MOST_QUESTIONS:
            found.append(
                f"{more} more questions: they would show whether {one.a} is better than {one.b}, "
                f"if the difference is what it seems now ({_points(one.difference)} points)."
            )
        else:
            found.append(
                f"Hardly any number of questions would part {one.a} from {one.b}: the difference "
                f"seen is {_points(one.difference)} points."
            )
    seconds = evidence.route(chosen).cost.latency_s or 0.0
    others = [one.cost.latency_s for one in evidence.routes if one.cost.latency_s is not None]
    if len(standing.tied) == 1 and min(others, default=0.0) < seconds:
        found.append(
            f"A limit below {seconds:.1f} s an answer (needs.max_seconds) would rule {chosen} out."
        )
    return found


def _type_advice(one: TypeResult, allowed: Sequence[str], chosen: str) -> TypeAdvice:
    standing = one.standing.among(allowed)
    route = chosen if chosen in standing.tied else standing.leader
    # Significant for a router: this type is better served by another route than the one for all.
    significant = bool(standing.leader) and chosen not in standing.tied
    if significant:
        pair = standing.pair(standing.leader, chosen)
        gain = f" by {_points(pair.difference)} points" if pair else ""
        says = f"{standing.leader} is better than {chosen}{gain}"
    elif len(standing.tied) == 1:
        says = f"{standing.leader} is better than all others"
    else:
        says = f"{_listed(standing.tied)} cannot be told apart"
    return TypeAdvice(one.type, one.questions, route, standing.tied, significant, says)


def _lead(standing: Standing) -> list[Pair]:
    """The leader against each other route, the nearest first."""
    pairs = [standing.pair(standing.leader, name) for name in standing.means]
    return sorted((one for one in pairs if one), key=lambda one: one.difference)


def _points(difference: float, *, sign: bool = False) -> str:
    points = 100 * difference
    return f"{points:+.0f}" if sign else f"{abs(points):.0f}"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
