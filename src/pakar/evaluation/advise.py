"""Which route to try first, by the field's rules, before anything was measured.

Every rule is a line of a table: when it speaks, for which routes, why, and what would have to be
measured to be sure. Where a comparison was made, its evidence overrules the rules, visibly.
Published results contradict each other from data set to data set; that is why these are rules to
start from and no verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pakar.config import Needs
from pakar.evaluation.history import Before

# Below this, fine-tuning has little to learn from.
ENOUGH_EXAMPLES = 200
# What a model needs at the least for an answer, on a processor.
_QUICK_SECONDS = 1.0
_SMALL_MEMORY_MB = 4_000


@dataclass(frozen=True, slots=True)
class Situation:
    """The user's needs, and how many good examples there are.

    `known` is what is known of the configured model by measurement, "" if nothing.
    """

    needs: Needs
    examples: int
    known: str = ""

    @property
    def often(self) -> bool:
        return self.needs.changes in ("weekly", "daily")

    @property
    def many(self) -> bool:
        return self.examples >= ENOUGH_EXAMPLES


@dataclass(frozen=True, slots=True)
class Rule:
    """`routes` is what it speaks for, `measure` what would make sure."""

    name: str
    applies: Callable[[Situation], bool]
    routes: tuple[str, ...]
    says: Callable[[Situation], str]
    measure: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A rule that applied."""

    rule: str
    routes: tuple[str, ...]
    says: str
    measure: str


@dataclass(frozen=True, slots=True)
class Advice:
    """`rules_route` is what the rules say; `route` is that, or what was measured where it was.

    `evidence` is the verdict of the last comparison in a sentence, "" where there is none.
    """

    route: str
    rules_route: str
    spoken: tuple[Spoken, ...]
    evidence: str = ""
    overruled: bool = False

    @property
    def to_measure(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.measure for one in self.spoken))


RULES: Sequence[Rule] = (
    Rule(
        "changing data", lambda one: one.often, ("rag",),
        lambda one: f"The documents change {one.needs.changes}: an index follows at once, an "
        "adapter has to be trained again.",
        "what a changed document costs each route (in every comparison)",
    ),
    Rule(
        "sources", lambda one: one.needs.sources, ("rag", "extract"),
        lambda one: "Sources must be shown: only passages that were found can be cited.",
        "the share of sentences with a source",
    ),
    Rule(
        "several pieces", lambda one: one.needs.combines, ("rag",),
        lambda one: "Answers combine several pieces of knowledge, which retrieval brings together.",
        "questions of a type of their own that need two documents or more",
    ),
    Rule(
        "few examples", lambda one: not one.many, ("rag",),
        lambda one: f"{one.examples} examples are few: below {ENOUGH_EXAMPLES} there is little to "
        "learn from.",
        "the same comparison once there are more examples (pakar examples build)",
    ),
    Rule(
        "special vocabulary", lambda one: one.needs.vocabulary and one.many and not one.often,
        ("lora",),
        lambda one: f"Special vocabulary, stable knowledge and {one.examples} examples: what "
        "fine-tuning is for.",
        "lora and qlora against rag, on questions that use the vocabulary",
    ),
    Rule(
        "business flow", lambda one: one.needs.automated and one.many, ("rag+lora",),
        lambda one: "An automated business flow needs both: the form that was learned, the facts "
        "that were found.",
        "rag+lora against rag and lora, and the numbers that stand in no passage",
    ),
    Rule(
        "little memory",
        lambda one: 0 < one.needs.max_memory_mb < _SMALL_MEMORY_MB, ("qlora",),
        lambda one: f"At most {one.needs.max_memory_mb:,} MB: of LoRA and QLoRA, QLoRA holds the "
        "frozen weights in 4 bits. It is said to be about 30% slower.",
        "memory, training time and score of lora and qlora side by side",
    ),
    Rule(
        "quick answers", lambda one: 0 < one.needs.max_seconds < _QUICK_SECONDS, ("extract",),
        lambda one: f"At most {one.needs.max_seconds:g} s an answer: without a graphics card no "
        "model writes so fast.",
        "the seconds of an answer on the machine that will serve it",
    ),
    Rule(
        "the floor", lambda one: bool(one.known), ("extract",),
        lambda one: one.known,
        "whether the model beats plain extraction on your own questions",
    ),
)  # fmt: skip


def advise(situation: Situation, before: Before | None = None) -> Advice:
    """What the rules say, and what was measured where anything was."""
    spoken = tuple(
        Spoken(rule.name, rule.routes, rule.says(situation), rule.measure)
        for rule in RULES
        if rule.applies(situation)
    )
    by_rule = _route({one.rule for one in spoken})
    if before is None or not before.route or before.kind == "nothing":
        return Advice(by_rule, by_rule, spoken)
    evidence = f"Measured {before.finished[:10]}: {before.verdict}"
    if before.kind == "unclear":
        return Advice(by_rule, by_rule, spoken, evidence)
    return Advice(before.route, by_rule, spoken, evidence, overruled=before.route != by_rule)


def _route(rules: set[str]) -> str:
    """The route that the rules that spoke lead to: a hard limit first, then both, then one."""
    if "quick answers" in rules:
        return "extract"
    found = bool(rules & {"changing data", "sources", "several pieces"})
    learned = "special vocabulary" in rules
    adapter = "qlora" if "little memory" in rules else "lora"
    if "business flow" in rules or (found and learned):
        return f"rag+{adapter}"
    return adapter if learned else "rag"
