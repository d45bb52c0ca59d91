"""The field's rules speak where they apply, and what was measured overrules them."""

from __future__ import annotations

import pytest

from pakar.config import Needs
from pakar.evaluation.advise import RULES, Situation, advise
from pakar.evaluation.history import Before

BEFORE = Before(
    "x", "2026-01-02T00:00:00", [], ("extract", "rag"), 0, "extract", ("extract",),
    "Use extract: it is better.", "winner", {},
)  # fmt: skip


@pytest.mark.parametrize(
    ("needs", "examples", "route"),
    [
        (Needs(), 0, "rag"),
        (Needs(changes="daily"), 1000, "rag"),
        (Needs(sources=True), 1000, "rag"),
        (Needs(combines=True), 1000, "rag"),
        (Needs(vocabulary=True), 20, "rag"),
        (Needs(vocabulary=True, changes="never"), 1000, "lora"),
        (Needs(vocabulary=True, changes="never", max_memory_mb=2000), 1000, "qlora"),
        (Needs(vocabulary=True, changes="never", sources=True), 1000, "rag+lora"),
        (Needs(automated=True), 1000, "rag+lora"),
        (Needs(automated=True), 20, "rag"),
        (Needs(max_seconds=0.5, automated=True), 1000, "extract"),
    ],
)
def test_the_rules_lead_to_the_fields_route(needs: Needs, examples: int, route: str) -> None:
    assert advise(Situation(needs, examples)).route == route


def test_what_spoke_says_why_and_what_to_measure() -> None:
    found = advise(Situation(Needs(changes="daily", sources=True), 12, "the model is weak"))
    assert [one.rule for one in found.spoken] == [
        "changing data", "sources", "few examples", "the floor",
    ]  # fmt: skip
    assert "change daily" in found.spoken[0].says
    assert "12 examples" in found.spoken[2].says
    assert len(found.to_measure) == 4
    assert found.evidence == ""


def test_evidence_overrules_the_rules_and_it_shows() -> None:
    found = advise(Situation(Needs(sources=True), 0), BEFORE)
    assert (found.route, found.rules_route, found.overruled) == ("extract", "rag", True)
    assert found.evidence == "Measured 2026-01-02: Use extract: it is better."


@pytest.mark.parametrize("kind", ["unclear", "nothing"])
def test_a_comparison_that_showed_nothing_overrules_nothing(kind: str) -> None:
    import dataclasses

    found = advise(Situation(Needs(), 0), dataclasses.replace(BEFORE, kind=kind))
    assert (found.route, found.overruled) == ("rag", False)


def test_every_rule_says_what_it_would_measure() -> None:
    assert all(rule.measure and rule.routes for rule in RULES)
