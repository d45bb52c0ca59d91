"""Rewrites a follow-up into a question that retrieval can use.

Knows a conversation's turns. A model may propose the rewriting, but its proposal is taken only if
it invents nothing and forgets nothing; otherwise the question that came before is put in front.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pakar.answering.evidence import content_stems
from pakar.answering.wording import Wording
from pakar.language.function_words import points_back
from pakar.language.terms import words
from pakar.ports import Generation, LanguageModel
from pakar.types import Message

# Beginnings that lean on what was said.
_LEANING = re.compile(
    r"\s*(?:and|but|or|so|then|also|what about|how about|why\s*\?|dan|tapi|lalu|terus|kalau|"
    r"bagaimana dengan|bagaimana kalau|kenapa\s*\?)\b",
    re.IGNORECASE,
)
_FEW_WORDS = 2
_REWRITING = Generation(max_tokens=64, temperature=0.0, stop=("\n",))


def is_followup(question: str, history: Sequence[Message], *, language: str) -> bool:
    """Whether the question can only be understood with what was asked before."""
    if not any(turn.role == "user" for turn in history):
        return False
    spoken = words(question)
    points = points_back(spoken) or any(
        word.endswith("nya") and len(word) > 5 for word in spoken if language == "id"
    )
    few = len(content_stems(question, language)) <= _FEW_WORDS and not _has_name(question)
    return points or few or _LEANING.match(question) is not None


def _has_name(question: str) -> bool:
    """A capital behind the first letter: a question that names its topic stands on its own."""
    return any(letter.isupper() for letter in question.strip()[1:])


def standalone(
    question: str,
    history: Sequence[Message],
    *,
    language: str,
    model: LanguageModel | None,
    wording: Wording,
) -> str:
    """The question as it can be searched for: itself, unless it is a follow-up."""
    if not is_followup(question, history, language=language):
        return question
    if model is not None:
        proposed = _proposal(question, history, model, wording)
        if _is_faithful(proposed, question, history, language):
            return proposed
    return f"{_topic(history, language)} {question}"


def _proposal(
    question: str, history: Sequence[Message], model: LanguageModel, wording: Wording
) -> str:
    said = "\n".join(f"{turn.role}: {turn.content[:400]}" for turn in history[-4:])
    message = Message("user", wording.rewrite(question, said))
    if model.count_tokens([message]) + _REWRITING.max_tokens > model.info.context_tokens:
        return ""
    return "".join(model.generate([message], _REWRITING)).strip().strip("\"'")


def _is_faithful(proposed: str, question: str, history: Sequence[Message], language: str) -> bool:
    """One question, made of the conversation's words only, that adds some of them and keeps all."""
    said = frozenset().union(*(content_stems(turn.content, language) for turn in history))
    asked = content_stems(question, language)
    rewritten = content_stems(proposed, language)
    return (
        proposed.endswith("?")
        and proposed.count("?") == 1
        and asked <= rewritten <= (asked | said)
        and bool((rewritten - asked) & said)
    )


def _topic(history: Sequence[Message], language: str) -> str:
    """The last question that stands on its own, with the follow-ups after it left out."""
    asked = [turn.content for turn in history if turn.role == "user"]
    for position in range(len(asked) - 1, -1, -1):
        earlier = [Message("user", text) for text in asked[:position]]
        if not is_followup(asked[position], earlier, language=language):
            return asked[position]
    return asked[0]
