"""How a question is answered: a model, a retriever, or both.

`Route(model, retriever)` is the central idea of pakar. The base model, plain extraction and RAG
are values of one type and run through the same code, so that a comparison of them is fair.
Knows the steps of answering, not how passages are found or text is generated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pakar.answering.cite import cite
from pakar.answering.doubt import doubts
from pakar.answering.extract import extract
from pakar.answering.focus import Focus
from pakar.answering.followup import standalone
from pakar.answering.orders import noted
from pakar.answering.prompt import Prompt, base_prompt, rag_prompt
from pakar.answering.relevance import JUDGED, Learned, judge
from pakar.answering.repetition import RepetitionGuard
from pakar.answering.wish import AS_SET, Wish
from pakar.answering.wording import Wording, wording
from pakar.config import Answering
from pakar.errors import ConfigError, ModelError, PakarError
from pakar.language.detect import detect
from pakar.ports import Generation, LanguageModel, Metered
from pakar.types import Answer, Document, Hit, Message, Timings, Usage

LoadDocument = Callable[[str], Document]
# A question and its language to an answer that was computed; None where it cannot be, for sure.
Compute = Callable[[str, str], Answer | None]


class Searcher(Protocol):
    """What a route asks of a retriever."""

    @property
    def embedder_spec(self) -> str: ...

    def search(self, question: str, *, k: int) -> list[Hit]: ...

    def language(self, question: str) -> str: ...

    def similarities(self, question: str, texts: Sequence[str]) -> list[float]: ...

    def nearness(self, question: str, texts: Sequence[str]) -> list[float]: ...


class AnswerStream(Iterator[str]):
    """The pieces of an answer as they are written; `answer` is whole once they are used up."""

    def __init__(self, pieces: Generator[str, None, Answer]) -> None:
        self._pieces = pieces
        self._answer: Answer | None = None
        self._note = ""

    def noting(self, note: str) -> AnswerStream:
        """The same stream; the finished answer begins its notes with this one."""
        self._note = note
        return self

    def __next__(self) -> str:
        try:
            return next(self._pieces)
        except StopIteration as stop:
            if self._answer is None:
                self._answer = stop.value
            raise StopIteration from None

    @property
    def answer(self) -> Answer:
        """The finished answer; reads what is left of the stream first."""
        for _ in self:
            pass
        if self._answer is None:
            raise RuntimeError("the stream was closed before it ended")
        if self._note:
            return replace(self._answer, notes=(self._note, *self._answer.notes))
        return self._answer

    def close(self) -> None:
        """Stops writing and frees what the model holds."""
        self._pieces.close()


@dataclass(frozen=True, slots=True)
class Route:
    """One way to answer. At least one of `model` and `retriever` is given.

    `load` gives a document by name, for checking quotes. A model reads `sentences` of the passages
    that are found; 0: all. `wish` is what the caller asks of the answer beyond the settings.
    `compute` is tried first where there is a retriever and no form was asked for. `relevance` is
    what the expert has learned of questions that its documents do not answer. Raises ConfigError
    where neither a model nor a retriever is given.
    """

    name: str
    model: LanguageModel | None
    retriever: Searcher | None
    load: LoadDocument
    passages: int
    settings: Answering
    wish: Wish = AS_SET
    compute: Compute | None = None
    sentences: int = 0
    relevance: Learned | None = None

    def __post_init__(self) -> None:
        if self.model is None and self.retriever is None:
            raise ConfigError(f"route {self.name!r} has neither a model nor a retriever")

    def answer(self, question: str, history: Sequence[Message] = ()) -> Answer:
        """Answers one question; `history` holds the turns before it, the oldest first."""
        return self.stream(question, history).answer

    def wishing(self, wish: Wish) -> Route:
        """The same way to answer, for a caller who asks for something special."""
        return replace(self, wish=wish)

    def stream(self, question: str, history: Sequence[Message] = ()) -> AnswerStream:
        """The same, as it is written."""
        return AnswerStream(noted(_run(self, question, history)))


@dataclass(frozen=True, slots=True)
class _Written:
    """What a model wrote for a prompt, and whether it was stopped for repeating itself."""

    text: str
    prompt: Prompt
    repeated: bool
    usage: Usage


def _run(route: Route, question: str, history: Sequence[Message]) -> Generator[str, None, Answer]:
    clock = _Clock()
    language = _language(route, question)
    words = route.wish.worded(wording(language))
    hits: list[Hit] = []
    read: list[Hit] = []
    if route.retriever is not None:
        sought = standalone(question, history, language=language, model=route.model, wording=words)
        # Extraction looks as far down the list; a prompt has no room for that.
        found = route.retriever.search(sought, k=max(route.passages, JUDGED))
        hits = found if route.model is None else found[: route.passages]
        clock.retrieved()
        computed = _computed(route, question, language)
        if computed is not None:
            clock.wrote()
            yield computed.text
            return replace(computed, route=route.name, hits=tuple(hits), timings=clock.timings())
        relevance = judge(
            sought,
            found,
            language=language,
            embedder=route.retriever.embedder_spec,
            own=route.relevance,
        )
        if not relevance.enough:
            return (yield from _refused(route, words, hits, clock))
        if route.model is None:
            return (yield from _extracted(route, sought, hits, language, words, clock))
        read = Focus(route.sentences, route.retriever.nearness, route.load).on(sought, hits)
    written = yield from _generate(route, question, read, history, words, clock)
    return _cited(route, written, hits, language, clock)


def _computed(route: Route, question: str, language: str) -> Answer | None:
    # Where a schema was asked for, a sentence is no answer.
    if route.compute is None or route.wish.schema is not None:
        return None
    return route.compute(question, language)


def _extracted(
    route: Route, sought: str, hits: Sequence[Hit], language: str, words: Wording, clock: _Clock
) -> Generator[str, None, Answer]:
    retriever = route.retriever
    if retriever is None:
        raise ConfigError(f"route {route.name!r} has no retriever")
    found = extract(
        sought, hits, language=language, load=route.load, similarities=retriever.similarities
    )
    if not found.text:
        return (yield from _refused(route, words, hits, clock))
    clock.wrote()
    yield found.text
    return Answer(
        found.text,
        route.name,
        found.citations,
        hits=tuple(hits),
        timings=clock.timings(),
        notes=doubts(found.citations, route.load),
    )


def _generate(
    route: Route,
    question: str,
    hits: Sequence[Hit],
    history: Sequence[Message],
    words: Wording,
    clock: _Clock,
) -> Generator[str, None, _Written]:
    model = route.model
    if model is None:
        raise ConfigError(f"route {route.name!r} has no model")
    context = model.info.context_tokens
    settings = replace(route.wish.generation(route.settings, context), refusal=words.unknown)
    room = context - settings.max_tokens
    count = model.count_tokens
    if route.retriever is None:
        prompt = base_prompt(question, history, wording=words, count_tokens=count, room=room)
    else:
        prompt = rag_prompt(question, hits, history, wording=words, count_tokens=count, room=room)
    text = ""
    guard = RepetitionGuard()
    writing = _Writing(model, prompt.messages, settings)
    for piece in _guarded(writing.pieces(), guard):
        shown = piece if text else piece.lstrip()
        if shown:
            clock.wrote()
            text += shown
            yield shown
    return _Written(text.rstrip(), prompt, guard.stopped, writing.usage(text))


def _guarded(pieces: Generator[str, None, None], guard: RepetitionGuard) -> Iterator[str]:
    for piece in pieces:
        yield guard.add(piece)
        if guard.stopped:
            pieces.close()
            return
    yield guard.finish()


class _Writing:
    """One run of a model: its pieces, and what they cost."""

    def __init__(
        self, model: LanguageModel, messages: Sequence[Message], settings: Generation
    ) -> None:
        self._model = model
        self._messages = messages
        self._settings = settings
        self._source: object = None

    def pieces(self) -> Generator[str, None, None]:
        """What the model writes. Whatever else it fails with leaves here as a ModelError."""
        try:
            source = self._model.generate(self._messages, self._settings)
            self._source = source
            yield from source
        except PakarError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise ModelError(
                f"{self._model.info.spec} failed while it wrote: {reason:.200}",
                hint="Try a shorter question, or another model. See: pakar doctor",
            ) from error

    def usage(self, text: str) -> Usage:
        """The model's own counts; where it has none, those of its template over the turns."""
        if isinstance(self._source, Metered):
            return self._source.usage
        count = self._model.count_tokens
        read = count(self._messages)
        written = count([*self._messages, Message("assistant", text)]) - read
        return Usage(read, written, cut=written >= self._settings.max_tokens)


def _refused(
    route: Route, words: Wording, hits: Sequence[Hit], clock: _Clock
) -> Generator[str, None, Answer]:
    clock.wrote()
    yield words.nothing_found
    return _unknown(route, words.nothing_found, hits, clock)


def _cited(
    route: Route, written: _Written, hits: Sequence[Hit], language: str, clock: _Clock
) -> Answer:
    text, prompt = written.text, written.prompt
    if wording(language).says_unknown(text):
        unknown = _unknown(route, text, hits, clock, prompt.messages)
        return replace(unknown, usage=written.usage)
    support = cite(text, prompt.hits, language=language, load=route.load)
    notes = []
    if prompt.left_out:
        of = prompt.left_out + len(prompt.hits)
        notes.append(f"{prompt.left_out} of {of} passages found no room in the prompt")
    if written.repeated:
        notes.append("the model began to repeat itself and was stopped")
    if not text:
        notes.append("the model wrote nothing")
    notes += doubts(support.citations, route.load)
    return Answer(
        text,
        route.name,
        support.citations,
        support.unsupported,
        hits=tuple(hits),
        timings=clock.timings(),
        notes=tuple(notes),
        prompt=tuple(prompt.messages),
        usage=written.usage,
    )


def _unknown(
    route: Route,
    text: str,
    hits: Sequence[Hit],
    clock: _Clock,
    prompt: Sequence[Message] = (),
) -> Answer:
    return Answer(
        text,
        route.name,
        abstained=True,
        hits=tuple(hits),
        timings=clock.timings(),
        prompt=tuple(prompt),
    )


def _language(route: Route, question: str) -> str:
    if route.settings.language != "auto":
        return route.settings.language
    return route.retriever.language(question) if route.retriever else detect(question)


class _Clock:
    """Takes the times of one answer."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._retrieval = 0.0
        self._first: float | None = None

    def retrieved(self) -> None:
        self._retrieval = time.perf_counter() - self._start

    def wrote(self) -> None:
        if self._first is None:
            self._first = time.perf_counter() - self._start

    def timings(self) -> Timings:
        total = time.perf_counter() - self._start
        return Timings(self._retrieval, self._first if self._first is not None else total, total)
