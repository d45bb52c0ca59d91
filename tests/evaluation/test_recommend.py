"""The verdict follows from the planted truth, and says what weakens it."""

from __future__ import annotations

import dataclasses

import pytest
from made_comparison import Made, made

from pakar.config import Costs, Needs

EXTRACT = Made(0.4, 0.1, 300)
RAG = Made(0.65, 7.0, 1400)
LORA = Made(0.65, 7.5, 1500, training=1300)


def test_a_clear_winner_is_recommended_with_its_lead() -> None:
    done = made({"extract": EXTRACT, "rag": RAG, "base": Made(0.1, 6)})
    verdict = done.recommendation
    assert (verdict.route, verdict.kind, verdict.tied) == ("rag", "winner", ("rag",))
    assert verdict.verdict.startswith("Use rag: on 80 questions it answers better than every")
    assert any("rag is better than extract: score 0.6" in one for one in verdict.reasons)


def test_of_tied_routes_the_cheapest_is_recommended() -> None:
    done = made({"extract": EXTRACT, "rag": RAG, "rag+lora": LORA})
    verdict = done.recommendation
    assert (verdict.route, verdict.kind) == ("rag", "tied")
    assert set(verdict.tied) == {"rag", "rag+lora"}
    assert any("costs least by your weights" in one for one in verdict.reasons)
    assert any("more questions" in one or "Hardly" in one for one in verdict.would_change)


def test_the_users_weights_decide_what_is_cheap() -> None:
    routes = {"extract": EXTRACT, "a": Made(0.65, 9.0, 500), "b": Made(0.65, 3.0, 1500)}
    quick = made(routes, costs=Costs(latency=1, memory=0, training=0, upkeep=0))
    small = made(routes, costs=Costs(latency=0, memory=1, training=0, upkeep=0))
    assert quick.recommendation.route == "b"
    assert small.recommendation.route == "a"


def test_a_model_that_does_not_beat_extraction_is_not_worth_running() -> None:
    done = made({"extract": Made(0.4, 20.0, 9000), "rag": Made(0.41, 0.01, 1), "base": Made(0.1)})
    verdict = done.recommendation
    assert verdict.route == "extract"
    assert "no model was shown to answer better" in verdict.verdict
    said = next(one for one in verdict.reasons if "not worth running" in one)
    assert "base (-" in said and "rag (" in said


def test_three_questions_are_too_few() -> None:
    verdict = made({"extract": EXTRACT, "rag": RAG}, 3).recommendation
    assert verdict.kind == "unclear"
    assert verdict.verdict.startswith("Cannot tell: 3 questions are too few")
    assert verdict.route == "extract"


def test_few_questions_say_what_they_could_have_shown() -> None:
    verdict = made({"extract": EXTRACT, "rag": RAG}, 20).recommendation
    assert any(one.startswith("Few questions. With 20 scored questions a difference below")
               for one in verdict.caveats)  # fmt: skip


@pytest.mark.parametrize(
    ("needs", "route", "why"),
    [
        (Needs(max_seconds=2.0), "extract", "7.0 s an answer"),
        (Needs(max_memory_mb=1000), "extract", "1,400 MB"),
        (Needs(sources=True), "rag", "shows no sources"),
    ],
)
def test_a_limit_rules_a_route_out_whatever_its_quality(needs: Needs, route: str, why: str) -> None:
    routes = {
        "extract": EXTRACT,
        "rag": RAG,
        "lora": Made(0.9, 1.0 if needs.sources else 8.0, 1500),
    }
    verdict = made(routes, needs=needs).recommendation
    assert verdict.route == route
    assert any("is ruled out" in one and why in one for one in verdict.reasons)


def test_an_endpoint_elsewhere_is_ruled_out_where_nothing_may_leave() -> None:
    far = dataclasses.replace(RAG, spec="openai:gpt@https://api.example.com/v1")
    near = dataclasses.replace(RAG, spec="openai:phi@http://localhost:8000/v1")
    assert made({"extract": EXTRACT, "rag": far}).recommendation.route == "extract"
    assert made({"extract": EXTRACT, "rag": near}).recommendation.route == "rag"
    free = made({"extract": EXTRACT, "rag": far}, needs=Needs(private=False))
    assert free.recommendation.route == "rag"


def test_limits_that_leave_nothing_give_no_verdict() -> None:
    verdict = made({"rag": RAG}, needs=Needs(max_seconds=0.5)).recommendation
    assert (verdict.route, verdict.kind) == ("", "nothing")
    assert "limits leave no route" in verdict.verdict


def test_one_route_alone_is_no_choice() -> None:
    verdict = made({"rag": RAG}).recommendation
    assert verdict.route == "rag"
    assert "nothing to choose from" in verdict.verdict


@pytest.mark.parametrize(
    ("caveat", "arguments"),
    [
        ("drafted by a program", {"drafted": 80}),
        ("3 of 80 questions were drafted", {"drafted": 3}),
        ("Only 3 questions are unanswerable", {"count": 30}),
        ("in another language", {"foreign": "60 of 80 questions are in another language."}),
        ("qlora was not measured: no adapter", {"not_run": {"qlora": "no adapter"}}),
        ("The budget ended", {"notes": ["The budget ended."]}),
    ],
)
def test_what_weakens_the_verdict_is_said(caveat: str, arguments: dict[str, object]) -> None:
    done = made({"extract": EXTRACT, "rag": RAG}, **arguments)  # type: ignore[arg-type]
    assert any(caveat in one for one in done.recommendation.caveats)


def test_failures_and_stale_adapters_are_said() -> None:
    odd = dataclasses.replace(RAG, fails=6, stale=("documents/fees.md changed.",))
    caveats = made({"extract": EXTRACT, "rag": odd}).recommendation.caveats
    assert any("rag failed on 6 of 80 questions (the endpoint" in one for one in caveats)
    assert any("stale: documents/fees.md changed." in one for one in caveats)


def test_a_type_that_is_better_served_otherwise_is_named() -> None:
    mixed = Made(0.5, 7.0, types={"fee": 0.85, "procedure": 0.2})
    done = made({"extract": Made(0.62, 0.1), "rag": mixed}, 200)
    types = {one.type: one for one in done.recommendation.types}
    assert done.recommendation.route == "extract"
    assert types["fee"].significant and types["fee"].route == "rag"
    assert "rag is better than extract by" in types["fee"].says
    assert not types["procedure"].significant


def test_another_seed_gives_the_same_verdict() -> None:
    routes = {"extract": EXTRACT, "rag": RAG, "rag+lora": LORA}
    first = made(routes).recommendation
    for seed in range(1, 6):
        again = made(routes, seed=seed).recommendation
        assert (again.route, set(again.tied)) == (first.route, set(first.tied))
