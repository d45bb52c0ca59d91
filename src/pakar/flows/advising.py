"""What advice and the check of questions are made from: settings, examples, the last verdict."""

from __future__ import annotations

from pathlib import Path

from pakar.answering.measured import advice
from pakar.config import Needs
from pakar.evaluation import history
from pakar.evaluation.advise import Advice, Situation, advise
from pakar.evaluation.question_check import QuestionCheck, check, training_questions
from pakar.evaluation.questions import load_questions
from pakar.flows.comparing import FOLDER
from pakar.flows.status import status
from pakar.flows.workplace import Workplace


def advised(place: Workplace, needs: Needs | None, examples: int | None) -> Advice:
    """Advice for an expert, from what it needs, what it has, and what is known of its model."""
    known = advice(place.config.models.language_model)
    count = examples
    if count is None:
        count = len(training_questions(place.examples))
    situation = Situation(needs or place.config.needs, count, known)
    return advise(situation, history.last(place.derived / FOLDER))


def checked(place: Workplace, file: Path) -> QuestionCheck:
    """The check of a file of questions. Raises ConfigError where it cannot be read."""
    documents = status(place).documents
    return check(load_questions(file), training_questions(place.examples), documents)
