"""What is known of a model by measurement: whether plain extraction answers better.

The figures in `measured.json` were written by benchmarks/answers.py on the held-out questions of
the example. Knows specs and figures only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Measured:
    """Mean token F1 against the reference answers over the same questions, from 0 to 1."""

    questions: int
    rag: float
    extract: float


def advice(language_model: str) -> str:
    """One line where plain extraction beat this model, else an empty string."""
    text = (files("pakar.answering") / "measured.json").read_text(encoding="utf-8")
    figures = json.loads(text)["models"].get(language_model)
    if figures is None:
        return ""
    measured = Measured(figures["questions"], figures["rag"], figures["extract"])
    if measured.rag >= measured.extract:
        return ""
    return (
        f"{language_model} answers worse than plain extraction: token F1 {measured.rag:.2f} "
        f"against {measured.extract:.2f} on the example's {measured.questions} held-out questions. "
        "Try: --route extract, or a larger model."
    )
