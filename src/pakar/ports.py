"""The contracts of everything that can be swapped: one screen, one to four methods each.

A back-end is any object of the right shape; nothing is inherited. `pakar.registry` finds a
back-end by its spec, and others' packages add theirs through the entry-point group
`pakar.backends`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pakar.types import Document, Example, Mark, Message, Method, Passage, Usage

Vectors = NDArray[np.float32]
TextRole = Literal["query", "passage"]


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a reader takes out of a source: text, marks on it, and a title where it has one."""

    text: str
    marks: tuple[Mark, ...] = ()
    title: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Readout:
    """One document out of a source, and the table files (Parquet) that belong to it."""

    document: Document
    tables: tuple[Path, ...] = ()


@runtime_checkable
class Reader(Protocol):
    """Takes the text out of one kind of file."""

    def read(self, path: Path) -> Extracted:
        """Raises SourceError where the file cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class OcrLine:
    """One line of text found in a picture.

    `corners` are its four corners in pixels, clockwise from where the line's text begins above.
    `confidence` is the engine's own, from 0 to 1.
    """

    text: str
    corners: tuple[tuple[float, float], ...]
    confidence: float


@runtime_checkable
class OcrEngine(Protocol):
    """Reads the text in a picture (optical character recognition)."""

    @property
    def name(self) -> str: ...

    def read(self, image: NDArray[np.uint8]) -> list[OcrLine]:
        """The lines in an upright picture of shape (height, width, 3), RGB, in any order."""
        ...


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """What an index must know about the embedder that filled it.

    `fingerprint` changes whenever the vectors would: model, revision, dimensions, prefixes.
    `max_tokens` is the longest text that is embedded whole, the prefix included.
    """

    spec: str
    fingerprint: str
    dimensions: int
    max_tokens: int


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors of unit length."""

    @property
    def info(self) -> EmbedderInfo: ...

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        """Returns shape (len(texts), dimensions), float32, each row of length 1."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens that each text takes as a passage, prefix and special tokens included.

        An upper bound where the tokenizer is not on this machine.
        """
        ...


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """A passage as it goes into a store: with its vector, its words and its document's hash.

    `terms` are the words that BM25 counts, already stemmed; the store splits nothing further.
    """

    passage: Passage
    vector: Vectors
    terms: Sequence[str]
    content_hash: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which passages may be found; empty fields let everything through.

    `documents` are exact names, `kinds` passage kinds, `heading` a part of the heading path
    (letter case ignored). Passages of the documents in `denied` are never found.
    """

    documents: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    heading: str = ""
    denied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage found by one retriever, with that retriever's own score (higher is better)."""

    passage: Passage
    score: float


@runtime_checkable
class Snapshot(Protocol):
    """One consistent version of a store, whatever is written meanwhile."""

    @property
    def version(self) -> int: ...

    def search_vector(self, vector: Vectors, limit: int, where: Filter) -> list[Scored]:
        """The nearest passages by cosine similarity."""
        ...

    def search_terms(self, terms: Sequence[str], limit: int, where: Filter) -> list[Scored]:
        """The best passages by BM25 over the terms."""
        ...

    def documents(self) -> Mapping[str, str]:
        """Name to content hash of every document that has passages."""
        ...

    def languages(self) -> Mapping[str, int]:
        """Passages by their document's language."""
        ...

    def stored(self, documents: Sequence[str]) -> list[tuple[Passage, Vectors]]:
        """All passages of these documents, each with its vector."""
        ...

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Vectors]:
        """The stored vectors of the passages with these ids."""
        ...

    def rows(self, documents: Sequence[str] | None = None) -> Iterator[IndexedPassage]:
        """All that is stored of these documents, by default of all, in no order."""
        ...


@runtime_checkable
class VectorStore(Protocol):
    """Keeps passages with vectors and words. One writer at a time; readers use snapshots."""

    def snapshot(self) -> Snapshot:
        """The newest complete version."""
        ...

    def replace(self, documents: Sequence[str], rows: Sequence[IndexedPassage]) -> None:
        """In one commit: forget all that these documents had, and keep `rows` instead.

        With no rows it removes the documents.
        """
        ...

    def optimize(self) -> None:
        """Brings the indexes up to date and frees what no reader needs any more."""
        ...

    def count(self) -> int:
        """Passages in the newest version."""
        ...


@runtime_checkable
class Reranker(Protocol):
    """Scores texts against a query, both read together."""

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """One score a text, higher is better, comparable within one query only."""
        ...


@dataclass(frozen=True, slots=True)
class Generation:
    """How to write: `seed` makes sampling repeatable; temperature 0 takes the likeliest token.

    `schema` is a JSON schema that the answer shall follow. Models in this process are held to it
    token by token, and end in CutOffError where `max_tokens` come first; an endpoint is asked to,
    and some ignore it: who asks an endpoint for JSON has to check what comes.

    `refusal` is how an answer begins that says it does not know. At temperature 0 a model in this
    process with an adapter begins so only where that is likelier than all other beginnings
    together; others ignore it.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    schema: Mapping[str, object] | None = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What pakar has to know about a language model before it asks it.

    `context_tokens` bounds prompt and answer together. `licence` is empty where unknown. `parallel`
    is how many answers it may be asked for at a time with a gain.
    """

    spec: str
    context_tokens: int
    licence: str = ""
    parallel: int = 1


@runtime_checkable
class LanguageModel(Protocol):
    """Continues a conversation."""

    @property
    def info(self) -> ModelInfo: ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of the prompt as the model gets it, template included.

        An upper bound where the tokenizer is not on this machine.
        """
        ...

    def generate(self, messages: Sequence[Message], settings: Generation) -> Iterator[str]:
        """Yields the answer piece by piece; joined, the pieces are the answer."""
        ...


@runtime_checkable
class Metered(Protocol):
    """What `generate` may return: pieces that know what they cost."""

    @property
    def usage(self) -> Usage:
        """Tokens read and written so far."""
        ...


@runtime_checkable
class Adaptable(Protocol):
    """A language model that takes adapters."""

    @property
    def template(self) -> str:
        """The fingerprint of its chat template."""
        ...

    def adapted(self, folder: Path, *, four_bit: bool = False) -> LanguageModel:
        """With the adapter in `folder`; `four_bit`: over the weights in 4 bits."""
        ...

    def forget(self, folder: Path) -> None:
        """Frees the memory of an adapter."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """An example in tokens: the last `learned` of `ids` are the answer and the token that ends it.

    `example` is the example's id.
    """

    ids: tuple[int, ...]
    learned: int
    example: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """What is learned, what the loss is measured on meanwhile, and general text on which it is
    measured before and after."""

    learned: Sequence[Row]
    held_out: Sequence[Row] = ()
    general: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class BaseModel:
    """What an adapter must know of the model that it changes.

    `fingerprint` changes with the weights, `template` with the chat template; `stop` are the token
    ids at which an answer ends when it is served; `start` is the token that begins a text, where
    there is one.
    """

    spec: str
    fingerprint: str
    template: str
    context_tokens: int
    stop: frozenset[int]
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands. Losses are means in nats a learned token; None: not measured yet.

    `tokens` counts all that were read so far in this run, `seconds` its time, `steps_done` its
    steps: a run that was gone on from did not begin at step 0.
    """

    step: int
    steps: int
    steps_done: int
    loss: float
    held_out: float | None
    tokens: int
    seconds: float


# A question and the template's words behind it are about as long, in most languages.
_QUESTION_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. `targets` are names of linear layers; none stands for all but the head.

    `micro_tokens` bounds the tokens that are in memory at once; it changes nothing but memory. Of a
    row the answer and the `gradient_tokens` before it get a gradient; 0: all, which takes longer,
    but for runs that are `fewer_in_time` and too short for all rows. The loss of the question's
    tokens counts `question_weight` times that of the answer's. `evaluations` is how often the
    held-out rows are measured; training stops early after `patience` of them without a better
    loss. 0: never. With `seconds` only as much is learned and measured as fits into that time on
    this machine, with what stands `Beside` it; 0: all.
    """

    method: Method = "lora"
    rank: int = 16
    alpha: int = 32
    learning_rate: float = 5e-4
    epochs: float = 3.0
    batch: int = 8
    seed: int = 0
    targets: tuple[str, ...] = ()
    micro_tokens: int = 2048
    evaluations: int = 8
    patience: int = 3
    checkpointing: bool = False
    seconds: float = 0.0
    gradient_tokens: int = 0
    fewer_in_time: bool = False
    question_weight: float = 0.0

    @property
    def question_tokens(self) -> int:
        """How many tokens before an answer are learned as its question: none that follows on one
        without a gradient."""
        if not self.question_weight:
            return 0
        return min(_QUESTION_TOKENS, (self.gradient_tokens or _QUESTION_TOKENS + 1) - 1)


@dataclass(frozen=True, slots=True)
class Beside:
    """What else takes time of a training's `seconds`: those `gone` before it, and what follows it:
    so many models loaded, so many tokens `read` and `written`."""

    gone: float = 0.0
    loaded: int = 0
    read: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to.

    Losses are means in nats a learned token: `before` and `after` on held-out rows (None without
    them), `general` on general text before and after. `curve` holds (step, loss, held-out loss or
    None). In 10^6 bytes: `memory_mb` is the peak, `frozen_mb` the weights that did not learn,
    `process_mb` what was held before any weight (None where the system does not tell).
    `planned_seconds` is what `seconds` was to be, once the model was loaded and its pace known, and
    `recipe` the one that was carried out: that of a limited time may differ from what was asked.
    `shortened_from` is how many steps were laid out where the time was not enough for them.
    """

    steps: int
    best_step: int
    before: float | None
    after: float | None
    general: tuple[float, float]
    curve: tuple[tuple[int, float, float | None], ...]
    tokens: int
    seconds: float
    memory_mb: float
    frozen_mb: float
    versions: Mapping[str, str]
    recipe: Recipe
    planned_seconds: float = 0.0
    process_mb: float | None = None
    shortened_from: int | None = None


@runtime_checkable
class Trainer(Protocol):
    """Teaches a model's adapter."""

    @property
    def base(self) -> BaseModel: ...

    def pace(self, rows: Sequence[Row], recipe: Recipe) -> float:
        """Tokens a second that are learned here, over the first of the rows. Takes seconds."""
        ...

    def row(self, example: Example) -> Row:
        """The example in tokens, its prompt exactly as it is served. Never cut."""
        ...

    def train(
        self,
        rows: Rows,
        recipe: Recipe,
        folder: Path,
        on_progress: Callable[[Progress], None],
        *,
        beside: Beside = ...,
    ) -> Trained:
        """Leaves the adapter in `folder`/adapter; goes on from what an earlier run left there."""
        ...


@runtime_checkable
class Merger(Protocol):
    """A trainer that can write a whole model."""

    def merge(self, adapter: Path, folder: Path) -> None:
        """The base model with the adapter of a folder in its weights, to the empty `folder`."""
        ...
