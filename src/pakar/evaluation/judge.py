"""A language model as judge: whether an answer says the same as the reference, yes or no.

Never what a verdict rests on: judges favour long answers, and those of their own kind (Zheng et
al. 2023, arXiv:2306.05685). Its word counts as far as it agrees with labels that a person gave,
corrected for chance (Cohen's kappa). Knows texts and labels; how the model is asked is passed in.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pakar.errors import ConfigError
from pakar.evaluation.questions import Question
from pakar.types import Answer, Message

SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {"right": {"type": "boolean"}},
    "required": ["right"],
    "additionalProperties": False,
}
_TASK = (
    "You grade answers. Compare the given answer with the reference answer. It is right if it "
    "says all that the reference says and contradicts none of it; more detail is no fault. "
    'Reply with JSON only: {"right": true} or {"right": false}.'
)
_VERDICT = re.compile(r'"right"\s*:\s*(true|false)')
# Fewer labels tell little of how far a judge can be trusted.
FEW_LABELS = 30

Ask = Callable[[Sequence[Message]], str]
# (question's id, route) to whether a person called the answer right.
Labels = Mapping[tuple[str, str], bool]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often the judge said what the labels say; `kappa` is 0 at chance and 1 at all."""

    labels: int
    agreed: int
    kappa: float

    def says(self, judge: str) -> str:
        """One line for the reader of a verdict."""
        if not self.labels:
            return (
                f"The judge {judge} was not checked against labels of a person: its figures are "
                "not known to mean anything. Give some: --labels FILE"
            )
        few = f" With fewer than {FEW_LABELS} labels that is a rough figure." if (
            self.labels < FEW_LABELS) else ""  # fmt: skip
        return (
            f"The judge {judge} agreed with {self.agreed} of {self.labels} labels of a person "
            f"(kappa {self.kappa:.2f}).{few}"
        )


def prompt(question: Question, answer: Answer) -> tuple[Message, ...]:
    """What the judge is asked. It is not told which route answered."""
    references = "\n".join(question.answers)
    text = (
        f"Question: {question.question}\n\nReference answer:\n{references}\n\n"
        f"Given answer:\n{answer.text}"
    )
    return Message("system", _TASK), Message("user", text)


def is_judged(question: Question, answer: Answer | None) -> bool:
    """Whether there is anything to judge: an answer to a question with a reference."""
    return bool(answer and question.answers and not answer.abstained and answer.text.strip())


def judged(question: Question, answer: Answer, ask: Ask) -> bool | None:
    """The judge's word; None where it gave none."""
    found = _VERDICT.search(ask(prompt(question, answer)))
    return None if found is None else found.group(1) == "true"


def fingerprint(judge: str, question: Question, answer: Answer) -> str:
    """Equal where the same judge would be asked the same."""
    turns = [one.content for one in prompt(question, answer)]
    return hashlib.sha256(json.dumps([judge, *turns]).encode()).hexdigest()[:24]


def agreement(verdicts: Mapping[tuple[str, str], bool], labels: Labels) -> Agreement:
    """Over the answers that both have judged."""
    both = [(verdicts[key], said) for key, said in labels.items() if key in verdicts]
    if not both:
        return Agreement(0, 0, 0.0)
    count = len(both)
    agreed = sum(one == other for one, other in both)
    yes, said = (sum(pair[place] for pair in both) / count for place in (0, 1))
    chance = yes * said + (1 - yes) * (1 - said)
    kappa = 1.0 if chance == 1 else (agreed / count - chance) / (1 - chance)
    return Agreement(count, agreed, kappa)


def load_labels(file: Path) -> dict[tuple[str, str], bool]:
    """Lines of {"question": id, "route": name, "right": true}. Raises ConfigError for a bad one."""
    form = 'Each line has the form {"question": "q1", "route": "rag", "right": true}.'
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}", hint=form) from error
    found: dict[tuple[str, str], bool] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            question, route, right = row["question"], row["route"], row["right"]
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(f"{file}, line {number}: is no label", hint=form) from error
        if not isinstance(right, bool):
            raise ConfigError(f"{file}, line {number}: right = {right!r:.40}", hint=form)
        found[str(question), str(route)] = right
    return found
