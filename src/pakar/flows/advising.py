"""What advice and the check of questions are made from: settings, examples, the last verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pakar.config import Config, Needs
from pakar.evaluation import history
from pakar.evaluation.advise import Advice, Situation, advise
from pakar.evaluation.question_check import QuestionCheck, check, training_questions
from pakar.evaluation.questions import load_questions
from pakar.flows.comparing import FOLDER


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expert is and how it is set."""

    folder: Path
    derived: Path
    config: Config


def advised(place: Place, needs: Needs | None, examples: int | None, known: str) -> Advice:
    """Advice for an expert; `known` is what is known of its model by measurement."""
    count = examples
    if count is None:
        count = len(training_questions(place.folder / "examples"))
    situation = Situation(needs or place.config.needs, count, known)
    return advise(situation, history.last(place.derived / FOLDER))


def checked(file: Path, examples: Path, documents: Sequence[str]) -> QuestionCheck:
    """The check of a file of questions. Raises ConfigError where it cannot be read."""
    return check(load_questions(file), training_questions(examples), documents)
