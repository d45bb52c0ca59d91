"""An expert's folder, its settings, and what is opened of them: models, stores, texts.

Every flow is given a `Workplace` and takes from it what it needs. Knows where things lie and how
each is opened, once and not before it is needed; puts no steps in sequence.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from pakar.backends.heap import give_back
from pakar.config import Config, Retrieval
from pakar.documents.passages import split_document
from pakar.evaluation.router import Router
from pakar.index import generations
from pakar.index.archive import Archive
from pakar.index.tables import TableStore
from pakar.index.texts import TextStore
from pakar.ports import Embedder, LanguageModel, Reranker, Trainer, VectorStore
from pakar.registry import open_embedder, open_language_model, open_reranker, open_trainer
from pakar.retrieval.remembered import RememberingEmbedder
from pakar.retrieval.search import Retriever
from pakar.types import Document, Passage

QUESTIONS = "questions.jsonl"
EXAMPLES = "examples"
DERIVED = ".pakar"


class Workplace:
    """One expert, as the flows see it. `folder` is the expert's, `config` its pakar.toml."""

    def __init__(self, folder: Path, config: Config) -> None:
        self.folder = folder
        self.config = config
        self._readers: dict[Path, VectorStore] = {}
        self._retrievers: dict[Path, Retriever] = {}
        # For the route `auto`, by the comparison that each is made of.
        self.routers: dict[str, Router] = {}

    # Where things lie ------------------------------------------------------------------------

    @property
    def derived(self) -> Path:
        """The folder of all that can be made again; it also holds the writer's lock."""
        return self.folder / DERIVED

    @property
    def index(self) -> Path:
        """The folder of the index in force."""
        return generations.current(self.derived)

    @property
    def questions(self) -> Path:
        """The file of held-out questions."""
        return self.folder / QUESTIONS

    @property
    def examples(self) -> Path:
        """The folder of training examples."""
        return self.folder / EXAMPLES

    # Models; weights are loaded when they are first used -----------------------------------------

    @cached_property
    def model(self) -> LanguageModel:
        models = self.config.models
        return open_language_model(
            models.language_model, trust_remote_code=models.trust_remote_code
        )

    @cached_property
    def embedder(self) -> Embedder:
        models = self.config.models
        return open_embedder(models.embedder, trust_remote_code=models.trust_remote_code)

    @cached_property
    def reranker(self) -> Reranker | None:
        models = self.config.models
        if not models.reranker:
            return None
        return open_reranker(models.reranker, trust_remote_code=models.trust_remote_code)

    @cached_property
    def trainer(self) -> Trainer:
        models = self.config.models
        return open_trainer(models.language_model, trust_remote_code=models.trust_remote_code)

    # Stores ----------------------------------------------------------------------------------

    @cached_property
    def texts(self) -> TextStore:
        """The documents' texts as they were indexed."""
        return TextStore(self.derived / "texts", named=self.archive.named)

    @property
    def archive(self) -> Archive:
        """The history of the index."""
        return Archive(self.derived, self.config.history)

    def store(self, index: Path, dimensions: int | None = None) -> VectorStore:
        """The passages of an index. Its vectors are as long as the embedder's, unless said."""
        from pakar.backends.lancedb_store import LanceStore

        return LanceStore(index, dimensions or self.embedder.info.dimensions)

    def reader(self, index: Path) -> VectorStore:
        """The same to read from; the last one is kept open."""
        cached = self._readers.get(index)
        if cached is None:
            cached = self.store(index)
            self._readers = {index: cached}
        return cached

    def tables(self, index: Path) -> TableStore:
        """The tables of an index, as files."""
        return TableStore(index / "tables", named=self.archive.named)

    @property
    def retrieval(self) -> Retrieval:
        """The settings of retrieval as they hold: without summaries, those left do not count."""
        chosen = self.config.retrieval
        if self.config.summaries.mode == "off":
            return chosen.model_copy(update={"summary_weight": 0.0})
        return chosen

    def retriever(self, index: Path) -> Retriever:
        """Searches an index, whether or not it fits the settings; the last one is kept open."""
        cached = self._retrievers.get(index)
        if cached is None:
            embedder = RememberingEmbedder(self.embedder)
            cached = Retriever(self.reader(index), embedder, self.retrieval, self.reranker)
            self._retrievers = {index: cached}
        return cached

    def close_retrieval(self) -> None:
        """Lets go of the embedder and of open indexes; they are opened again when needed."""
        self._readers, self._retrievers = {}, {}
        for name in ("embedder", "reranker"):
            self.__dict__.pop(name, None)
        give_back()

    def split(self, document: Document) -> list[Passage]:
        """The passages of a document, as the settings and the embedder want them."""
        return split_document(
            document,
            max_tokens=self.embedder.info.max_tokens,
            size=self.config.passages.tokens,
            count_tokens=self.embedder.count_tokens,
        )
