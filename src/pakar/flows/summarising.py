"""Adds summaries to the passages of a document, as the settings want them.

A summary that a language model writes is checked, and where it cannot be used the extractive one
takes its place, which is told. Like every summary it only finds: no reader and no model is ever
given it, so what a document tells the model that sums it up goes no further.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pakar.answering.wording import wording
from pakar.documents.summarise import Extractive, Part, Summarise, summaries
from pakar.errors import ModelError
from pakar.flows.workplace import Workplace
from pakar.language.near import numbers
from pakar.language.sentences import sentence_spans
from pakar.language.terms import content_terms
from pakar.ports import Generation
from pakar.types import Document, Message, Passage

_WRITES = 160  # tokens
_READS = 1500
_MARGIN = 16
# Of a part that is longer than the model reads, so many of its sentences are read.
_SENTENCES_READ = (60, 40, 25, 15, 8)
_FEWEST_WORDS = 6
# Share of the content words that must stand in the part.
_STANDS = 0.6
_MOST_FAILURES = 3
_NAMED = 3


class Summariser:
    """Splits documents into passages and sums them up beside them."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        settings = place.config.summaries
        extract = Extractive(settings.sentences)
        self._written = _ByModel(place, extract) if settings.mode == "model" else None
        self._summarise: Summarise = self._written or extract

    def split(self, document: Document) -> list[Passage]:
        """The passages in order, then the summaries of the document and its long sections."""
        passages = self._place.split(document)
        settings = self._place.config.summaries
        if settings.mode == "off":
            return passages
        embedder = self._place.embedder
        tokens = (embedder.info.max_tokens, embedder.count_tokens)
        return passages + summaries(document, passages, settings, self._summarise, tokens=tokens)

    @property
    def notes(self) -> tuple[str, ...]:
        """One line on the summaries that the model was to write and did not; none without any."""
        return self._written.notes if self._written else ()


@dataclass(slots=True)
class _ByModel:
    """Lets the configured model write; `extract` takes its place."""

    place: Workplace
    extract: Summarise
    asked: int = 0
    failures: int = 0
    instead: list[str] = field(default_factory=list)
    why: str = ""

    def __call__(self, document: Document, part: Part) -> str:
        self.asked += 1
        text = ""
        if self.failures < _MOST_FAILURES:
            try:
                text = self._usable(self._write(document, part), document, part)
                self.failures = 0
            except ModelError as error:
                self.failures += 1
                self.why = f"; {error}"
        if not text:
            self.instead.append(document.name)
        return text or self.extract(document, part)

    @property
    def notes(self) -> tuple[str, ...]:
        if not self.instead:
            return ()
        named = list(dict.fromkeys(self.instead))
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        return (
            f"{len(self.instead)} of {self.asked} summaries are extractive, as the model wrote "
            f"none that can be used: {', '.join(named[:_NAMED])}{more}{self.why}",
        )

    def _write(self, document: Document, part: Part) -> str:
        model = self.place.model
        room = min(_READS, model.info.context_tokens - _WRITES - _MARGIN)
        for text in self._shorter(document, part):
            prompt = [Message("user", wording(document.language).summarise(text))]
            if model.count_tokens(prompt) <= room:
                return "".join(model.generate(prompt, Generation(_WRITES)))
        return ""

    def _shorter(self, document: Document, part: Part) -> Iterator[str]:
        """What the model may read of a part: all of it, or ever fewer of its sentences."""
        yield document.text[part.start : part.end]
        for most in _SENTENCES_READ:
            yield Extractive(most)(document, part)

    def _usable(self, written: str, document: Document, part: Part) -> str:
        """Its whole sentences, each once; nothing where they are not about the part."""
        spans = sentence_spans(written, document.language)
        sentences = dict.fromkeys(" ".join(written[start:end].split()) for start, end in spans)
        whole = [one for one in sentences if one.endswith((".", "!", "?", "。", "؟", "।"))]
        text = " ".join(whole)
        own = document.text[part.start : part.end]
        said = set(content_terms(text, document.language))
        held = set(content_terms(own, document.language))
        stands = len(said & held) >= _STANDS * len(said)
        enough = len(said) >= _FEWEST_WORDS and len(text) < len(own)
        return text if enough and stands and numbers(text) <= numbers(own) else ""
