"""What a person says of an answer becomes a candidate for the training data.

    right                a pair of the question and the answer, with the answer's sources: it waits
    a better answer      a pair of the question and that answer: it waits
    a better source      the pair with this source; for a wrong answer, what that source says: it
                         waits
    wrong                the pair is kept as rejected, so that it is never learned

What waits is decided on with `pakar examples review`. Puts answers, index and examples in
sequence; holds no logic of a step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pakar.answering.cite import cite
from pakar.answering.extract import extract
from pakar.errors import ExampleError
from pakar.flows import indexed
from pakar.flows.index_in_force import retriever
from pakar.flows.recent_answers import Given, find
from pakar.flows.searching import search
from pakar.flows.workplace import Workplace
from pakar.index.lock import writing
from pakar.language.detect import detect
from pakar.ports import Filter
from pakar.training.folder import ExampleFolder
from pakar.training.identity import answer_fact, example_id
from pakar.training.rows import checked_text
from pakar.types import Document, Example, Hit, Message, Source, State

FILE = "feedback.jsonl"
_PASSAGES = 6


@dataclass(frozen=True, slots=True)
class Remark:
    """What is said of an answer: whether it is right (None: nothing said), the answer that would
    have been, and documents where it stands."""

    good: bool | None = None
    answer: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedbackReport:
    """`added` wait for review, `rejected` is kept so that it is not learned."""

    answer: str
    added: tuple[Example, ...] = ()
    rejected: tuple[Example, ...] = ()
    notes: tuple[str, ...] = ()


def feedback(place: Workplace, answer: str | Given, remark: Remark) -> FeedbackReport:
    """Keeps a remark on an answer; `answer` is an id of `recent_answers`, or the answer itself.

    Saying the same again changes nothing. Raises ExampleError for an unknown id and for a remark
    that says nothing, SourceError for a document that is not in the index.
    """
    _check(remark)
    about = find(place, answer) if isinstance(answer, str) else answer
    named = _documents(place, remark.sources)
    wanted = _wanted(place, about, remark, named)
    wrong = _pair(about, about.answer.text, (), "rejected") if _is_wrong(about, remark) else None
    notes = {one.id: _note(about, remark) for one in (*wanted, *([wrong] if wrong else []))}
    with writing(place.derived):
        folder = ExampleFolder(place.examples)
        stored = {one.id: one for one in folder.load().examples}
        folder.add(FILE, [*wanted, *([wrong] if wrong else [])], notes=notes)
        says = _settle(folder, stored, wanted, wrong)
    if not wanted and not wrong:
        says.append("the answer says that it does not know, so there is nothing to learn from it")
    elif wrong and not wanted:
        says.append("with a better answer (--answer) it becomes something to learn")
    return FeedbackReport(about.id, tuple(wanted), (wrong,) if wrong else (), tuple(says))


def _check(remark: Remark) -> None:
    if remark.good is None and not remark.answer.strip() and not remark.sources:
        raise ExampleError(
            "nothing is said of the answer",
            hint="Say --good, --bad, --answer TEXT or --source DOCUMENT.",
        )
    if remark.good and remark.answer.strip():
        raise ExampleError(
            "an answer that is right needs no better one", hint="Say --answer TEXT alone."
        )


def _wanted(place: Workplace, about: Given, remark: Remark, named: Sequence[str]) -> list[Example]:
    """The pair that should be learned, if there is one."""
    better = checked_text(remark.answer, "the answer") if remark.answer.strip() else ""
    if better:
        hits = [*_inside(place, about, named), *about.answer.hits]
        sources = _supports(place, better, hits, named)
        return [_pair(about, better, sources, "waiting")]
    if remark.good is False:
        return _proposed(place, about, named)
    if about.answer.abstained or not about.answer.text.strip():
        return []
    if named:
        sources = _supports(place, about.answer.text, _inside(place, about, named), named)
    else:
        known = indexed.hashes(place)
        sources = _merged(
            Source(one.document, known.get(one.document, ""), one.start, one.end)
            for one in about.answer.citations
        )
    return [_pair(about, about.answer.text, sources, "waiting")]


def _proposed(place: Workplace, about: Given, named: Sequence[str]) -> list[Example]:
    """What the named documents say to the question, word for word."""
    hits = _inside(place, about, named)
    if not hits:
        return []
    opened = retriever(place)
    found = extract(
        about.question,
        hits,
        language=opened.language(about.question),
        load=lambda name: indexed.document(place, name),
        similarities=opened.similarities,
    )
    known = indexed.hashes(place)
    sources = _merged(
        Source(one.document, known.get(one.document, ""), one.start, one.end)
        for one in found.citations
    )
    return [_pair(about, found.text, sources, "waiting")] if found.text else []


def _inside(place: Workplace, about: Given, named: Sequence[str]) -> list[Hit]:
    if not named:
        return []
    return search(place, about.question, _PASSAGES, Filter(tuple(named)))


def _supports(
    place: Workplace, text: str, hits: Sequence[Hit], named: Sequence[str]
) -> tuple[Source, ...]:
    """The spans that hold the text; a named document counts whole where none is found in it."""
    known = indexed.hashes(place)
    usable = [one for one in hits if one.document in known]

    def load(name: str) -> Document:
        return indexed.document(place, name)

    found = cite(text, usable, language=detect(text), load=load).citations if usable else ()
    spans = [
        Source(one.document, known[one.document], one.start, one.end)
        for one in found
        if not named or one.document in named
    ]
    held = {one.document for one in spans}
    whole = [Source(name, known[name]) for name in named if name not in held]
    return _merged((*spans, *whole))


def _documents(place: Workplace, written: Sequence[str]) -> tuple[str, ...]:
    known = indexed.hashes(place) if written else {}
    names = indexed.named(place, written)
    for name in names:
        if name not in known:
            raise indexed.no_document(name, known)
    return tuple(dict.fromkeys(names))


def _is_wrong(about: Given, remark: Remark) -> bool:
    """Whether the pair that was given must not be learned. "I don't know" is no false fact."""
    said = remark.good is False or bool(remark.answer.strip())
    return said and not about.answer.abstained and bool(about.answer.text.strip())


def _pair(about: Given, text: str, sources: tuple[Source, ...], state: State) -> Example:
    turns = (Message("user", about.question.strip()), Message("assistant", text.strip()))
    return Example(
        id=example_id(turns),
        messages=turns,
        origin="feedback",
        sources=sources,
        fact=answer_fact(text),
        language=detect(f"{about.question}\n{text}"),
        state=state,
    )


def _note(about: Given, remark: Remark) -> dict[str, object]:
    """Where a candidate comes from; it stays with it in its line."""
    said = {None: "corrected", True: "good", False: "bad"}[remark.good]
    return {
        "answer": about.id,
        "route": about.answer.route,
        "said": said,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "given": about.answer.text,
    }


def _settle(
    folder: ExampleFolder,
    stored: dict[str, Example],
    wanted: Sequence[Example],
    wrong: Example | None,
) -> list[str]:
    """Brings pairs that were there before in line with what is said now."""
    says: list[str] = []
    states: dict[str, State] = {}
    for one in wanted:
        before = stored.get(one.id)
        if before is not None and before.state == "rejected":
            states[one.id] = "waiting"
        elif before is not None:
            says.append(f"this pair is known already, as {before.state}: {one.id}")
        says += _contradicted(one, stored.values())
    before = stored.get(wrong.id) if wrong is not None else None
    if before is not None and before.state == "waiting":
        states[before.id] = "rejected"
    elif before is not None and before.state == "accepted":
        says.append(
            f"the pair called wrong is accepted as an example; to take it out: "
            f"pakar examples review --reject {before.id}"
        )
    if states:
        folder.mark(states)
    return says


def _contradicted(one: Example, stored: Iterable[Example]) -> list[str]:
    """Accepted examples that answer the same question otherwise."""
    others = [
        other.id
        for other in stored
        if other.state == "accepted"
        and other.id != one.id
        and other.question.casefold() == one.question.casefold()
    ]
    return [f"accepted examples answer the question otherwise: {', '.join(others)}"] * bool(others)


def _merged(sources: Iterable[Source]) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(sources))
