"""How often a model says that it does not know: at questions that no documents answer, and at
held-out ones with the passages that answer them.

The prompts of the former are made while the documents are being searched anyway, before a training.
What the base model says to them is kept: it is the same for each of its adapters. Knows prompts and
models, no training.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pakar.answering.wording import wording
from pakar.atomic_file import write_atomically
from pakar.flows.index_in_force import retriever
from pakar.flows.indexed import document
from pakar.flows.serving import serving
from pakar.flows.workplace import Workplace
from pakar.ports import Generation, LanguageModel
from pakar.training.lost import foreign_questions
from pakar.types import Example, Message

# A refusal is said in a few words; what is longer is an answer.
_REFUSAL_TOKENS = 16
_PASSAGES = 2
_KEPT = "base_refusals.json"
# Enough to see an adapter that refuses everything, answered in seconds.
_HELD_OUT = 4


@dataclass(frozen=True, slots=True)
class RefusalPrompt:
    """One question as `rag` asks it, passages before it, and its refusal's words."""

    messages: tuple[Message, ...]
    refusal: str


@dataclass(frozen=True, slots=True)
class RefusalPrompts:
    """`read` and `written` are the most tokens that asking them all once takes."""

    prompts: Sequence[RefusalPrompt]
    read: int
    written: int

    def key(self, base: str) -> str:
        """Changes with the prompts and with the base model's fingerprint."""
        turns = [[(one.role, one.content) for one in asked.messages] for asked in self.prompts]
        return hashlib.sha256(json.dumps([base, turns]).encode()).hexdigest()


def foreign_prompts(place: Workplace) -> RefusalPrompts:
    served = serving(
        retriever(place), place.model, place.config, lambda name: document(place, name)
    )
    prompts = []
    for question in foreign_questions():
        hits = served.search(question, _PASSAGES)
        shown = served.with_passages(question, served.narrowing.on(question, hits), ())
        prompts.append(RefusalPrompt(shown.messages, served.unknown(question)))
    return _counted(place, prompts)


def answerable_prompts(place: Workplace, held_out: Sequence[Example]) -> RefusalPrompts:
    """The first of the held-out questions whose passages hold their answer."""
    fixed = place.config.answering.language
    prompts = [
        RefusalPrompt(
            one.messages[:-1], wording(one.language if fixed == "auto" else fixed).unknown
        )
        for one in held_out
        if one.form == "grounded" and not wording("en").says_unknown(one.answer)
    ]
    return _counted(place, prompts[:_HELD_OUT])


def _counted(place: Workplace, prompts: Sequence[RefusalPrompt]) -> RefusalPrompts:
    read = sum(place.model.count_tokens(one.messages) for one in prompts)
    return RefusalPrompts(prompts, read, _REFUSAL_TOKENS * len(prompts))


def share_refused(model: LanguageModel, asked: RefusalPrompts) -> float:
    """The share of the questions at which the model says that it does not know; 0 of none."""
    said = 0
    for prompt in asked.prompts:
        # As the route asks: an adapter may refuse more rarely than its likeliest token does.
        settings = Generation(_REFUSAL_TOKENS, refusal=prompt.refusal)
        text = "".join(model.generate(prompt.messages, settings))
        said += wording("en").says_unknown(text)
    return said / max(1, len(asked.prompts))


def base_share_refused(place: Workplace, asked: RefusalPrompts, folder: Path) -> float:
    """The base model's share: as kept in the folder for the same prompts, else asked for now."""
    known, key = kept_share(place, asked, folder), asked.key(place.trainer.base.fingerprint)
    if known is not None:
        return known
    share = share_refused(place.model, asked)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / _KEPT, json.dumps({key: share}).encode())
    return share


def kept_share(place: Workplace, asked: RefusalPrompts, folder: Path) -> float | None:
    """What the base model said to the same prompts before; None where it was not asked."""
    try:
        kept = json.loads((folder / _KEPT).read_bytes())
        return float(kept[asked.key(place.trainer.base.fingerprint)])
    except (OSError, ValueError, KeyError, TypeError):
        return None
