"""What a model lost by learning: general language, and the habit of saying that it does not know
where it does not, and there only.

The texts and questions lie in `general/`; they were written for pakar and are about nothing that
a company's documents say. Knows no model: losses and answers are passed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from pakar.types import Example, Message


@dataclass(frozen=True, slots=True)
class Lost:
    """Before and after: cross-entropy on general text in nats a token, and the share of foreign
    questions at which the model says that it does not know, the passages before it. Then the share
    of held-out questions at which it says so although the passages answer them."""

    loss_before: float
    loss_after: float
    unknown_before: float
    unknown_after: float
    refused_answerable: float = 0.0

    def verdict(self, limit: float) -> str:
        """Why the adapter should not be used by default; "" where nothing speaks against it."""
        risen = self.loss_after - self.loss_before
        if risen > limit:
            return (
                f"it lost general language: {self.loss_before:.2f} nats a token before, "
                f"{self.loss_after:.2f} after; the limit is {limit:g} more"
            )
        fallen = self.unknown_before - self.unknown_after
        if fallen > limit:
            return (
                f"it unlearned to say that it does not know: at {self.unknown_before:.0%} of "
                f"foreign questions before, at {self.unknown_after:.0%} after"
            )
        if self.refused_answerable > limit:
            return (
                f"it refuses: at {self.refused_answerable:.0%} of held-out questions it says that "
                "it does not know, and the passages answer them"
            )
        return ""


def general_texts() -> list[Example]:
    """Short paragraphs of plain English and Indonesian, each an example in the form "text"."""
    folder = files("pakar.training") / "general"
    return [
        Example(
            f"general-{language}-{number}",
            (Message("assistant", text),),
            "curated",
            form="text",
            language=language,
        )
        for language in ("en", "id")
        for number, text in enumerate(
            (folder / f"{language}.txt").read_text(encoding="utf-8").strip().split("\n\n")
        )
    ]


def foreign_questions() -> list[str]:
    """Questions that no company's documents answer."""
    text = (files("pakar.training") / "general" / "questions.txt").read_text(encoding="utf-8")
    return text.split("\n")[:-1]
