"""What a model is trained on: made from the accepted question-answer pairs, never stored.

    grounded  the question with passages, as `rag` asks it
    plain     the question alone, as `base` asks it, in several wordings
    text      the documents as they stand

Knows which forms there are and puts them together; each is made elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pakar.config import Examples
from pakar.errors import PakarError
from pakar.language.sentences import sentence_spans
from pakar.training.contexts import Contexts
from pakar.training.grounded import NO_ROOM, LeftOut, Mixture, grounded
from pakar.training.identity import example_id, with_shared_facts
from pakar.training.refusals import TOO_MANY, balanced
from pakar.training.rewording import rewordings
from pakar.training.serving import Serving
from pakar.types import Document, Example, Message, Source

Progress = Callable[[int, int], None]
# A page or so: what a sentence speaks of stands near it.
_TEXT_TOKENS = 512


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What is learned, and what could not be made.

    `counts` is by form, with the kinds of grounded ones beside it ("sourced", "without_source",
    "unanswerable"); `left_out` counts by reason.
    """

    examples: tuple[Example, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


def training_set(
    examples: Sequence[Example],
    serving: Serving,
    settings: Examples,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> TrainingSet:
    """The forms that the settings name, of all accepted examples; deterministic by seed.

    Examples that teach the same get the same `fact` in all forms. What is stored in the form
    "grounded" or "text" is taken as it stands.
    """
    made: list[Example] = []
    counts: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    accepted = [one for one in with_shared_facts(examples) if one.state == "accepted"]
    balance = balanced(
        [one for one in accepted if one.form == "plain"],
        serving.says_unknown,
        wanted=settings.unanswerable,
        most=settings.most_unanswerable,
        seed=seed,
    )
    if balance.left_out:
        left_out[TOO_MANY] = balance.left_out
    accepted = [*(one for one in accepted if one.form != "plain"), *balance.pairs]
    mixture = Mixture(settings.fewest_passages, settings.without_source, balance.share_to_make)
    # Sentences are chosen for each question, so there is nothing that several could share.
    contexts = Contexts(1 if serving.narrowing.most else settings.same_passages)
    for number, one in enumerate(accepted, start=1):
        if one.form != "plain":
            made.append(one)
            counts[one.form] += 1
            continue
        if "grounded" in settings.forms:
            result = grounded(one, serving, mixture, contexts, seed)
            if isinstance(result, LeftOut):
                left_out[result.reason] += 1
            else:
                made.append(result[0])
                counts.update(["grounded", result[1]])
        if "plain" in settings.forms:
            alone = _plain(one, serving, settings.wordings, left_out)
            made += alone
            counts["plain"] += len(alone)
        if progress is not None:
            progress(number, len(accepted))
    return TrainingSet(tuple(made), dict(counts), dict(left_out))


def _plain(
    example: Example, serving: Serving, wordings: int, left_out: Counter[str]
) -> list[Example]:
    asked = max(number for number, turn in enumerate(example.messages) if turn.role == "user")
    history = [turn for turn in example.messages[:asked] if turn.role != "system"]
    first = example.question
    made = []
    for question in [first, *rewordings(first, example.language, wordings - 1)]:
        try:
            prompt = serving.alone(question, history)
        except PakarError:
            left_out[NO_ROOM] += 1
            continue
        messages = (*prompt.messages, Message("assistant", example.answer))
        made.append(replace(example, id=example_id(messages), messages=messages))
    return made


def texts(
    documents: Iterable[Document], count_tokens: Callable[[str], int], room: int
) -> list[Example]:
    """Documents as text to be learned, in parts of whole sentences.

    A part is short, since the time of attention grows with the square of its length; a single
    sentence may be long, and one beyond `room`, the model's context in tokens, is left out. The
    `fact` is the document: what it says is not split any further.
    """
    made: list[Example] = []
    for document in documents:
        for start, end in _parts(document, count_tokens, room):
            turn = (Message("assistant", document.text[start:end]),)
            source = Source(document.name, document.content_hash, start, end)
            made.append(
                Example(
                    id=example_id(turn),
                    messages=turn,
                    origin="extracted",
                    sources=(source,),
                    form="text",
                    fact=f"document {document.name}",
                    language=document.language,
                )
            )
    return made


def _parts(
    document: Document, count_tokens: Callable[[str], int], room: int
) -> list[tuple[int, int]]:
    parts: list[tuple[int, int]] = []
    most = min(_TEXT_TOKENS, room)
    for start, end in sentence_spans(document.text, document.language):
        if parts and count_tokens(document.text[parts[-1][0] : end]) <= most:
            parts[-1] = (parts[-1][0], end)
        elif count_tokens(document.text[start:end]) <= room:
            parts.append((start, end))
    return parts
