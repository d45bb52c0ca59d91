"""An expert: a folder with documents' index and models, and all that can be asked of it.

The façade, and the only file that puts pakar's steps in sequence. It holds no logic of a step.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pakar import config as settings_file
from pakar.answering.measured import advice
from pakar.answering.route import AnswerStream, Route
from pakar.config import Config
from pakar.documents.discover import Discovery, Found, discover, document_name
from pakar.documents.passages import split_document
from pakar.documents.split import SPLITTER_VERSION, embedding_text
from pakar.documents.tables.address import is_address, parse
from pakar.errors import (
    ConfigError,
    ExpertError,
    IndexMismatchError,
    MissingExtraError,
    ModelError,
    SourceError,
    TrainingError,
)
from pakar.flows import tuning
from pakar.flows.computing import Calculator
from pakar.flows.examples import ExampleDesk, ExampleReport
from pakar.flows.generation import Writer
from pakar.flows.reading import SourceReader
from pakar.flows.routes import PLAIN, Way, way, ways
from pakar.flows.serving import serving
from pakar.flows.training_data import training_data
from pakar.index import generations, manifest
from pakar.index.build import Indexer, Progress, Steps
from pakar.index.changes import is_below
from pakar.index.lock import writing
from pakar.index.manifest import Manifest
from pakar.index.tables import TableStore
from pakar.index.texts import TextStore
from pakar.language.terms import TERMS_VERSION, terms
from pakar.ports import Adaptable, Embedder, Filter, LanguageModel, Trainer, VectorStore
from pakar.registry import (
    open_embedder,
    open_language_model,
    open_reranker,
    open_trainer,
    parse_spec,
)
from pakar.retrieval.search import Retriever
from pakar.training import adapter_files
from pakar.training.card import Card
from pakar.training.forms import TrainingSet
from pakar.types import (
    Adapter,
    AddReport,
    Answer,
    Document,
    Example,
    Failure,
    Hit,
    Message,
    Method,
    Passage,
    Scope,
    State,
    Status,
    TableFile,
)
from pakar.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pakar.config import Needs
    from pakar.evaluation.advise import Advice
    from pakar.evaluation.comparison import Comparison
    from pakar.evaluation.question_check import QuestionCheck
    from pakar.evaluation.question_import import Imported
    from pakar.flows.comparing import Say, Watch
    from pakar.flows.contestants import Ground
    from pakar.flows.plan import PlanRequest
    from pakar.training.plan import Plan

QUESTIONS = "questions.jsonl"
EXAMPLES = "examples"
DERIVED = ".pakar"
TABLES = "tables"
OnWait = Callable[[str], None]
Counted = Callable[[int, int], None]
_ACCEPTED: State = "accepted"
_REJECTED: State = "rejected"


class Expert:
    """A small language model with the documents that it is an expert in.

    Make one with `Expert.create(folder)`, open it again with `Expert.open(folder)`. Nothing is
    loaded before it is needed.
    """

    def __init__(self, folder: Path, config: Config) -> None:
        self.folder = folder
        self.config = config

    @classmethod
    def create(
        cls,
        folder: str | Path,
        *,
        language_model: str = settings_file.DEFAULT_MODEL,
        embedder: str = settings_file.DEFAULT_EMBEDDER,
    ) -> Expert:
        """A new expert in `folder`, which is made if need be.

        Raises ExpertError where there is one already, and ConfigError for a malformed spec.
        """
        path = Path(folder)
        file = path / settings_file.FILE_NAME
        if file.exists():
            raise ExpertError(f"{path} is an expert already", hint=f"Open it, or delete {file}.")
        for spec in (language_model, embedder):
            parse_spec(spec)
        text = settings_file.template(language_model=language_model, embedder=embedder)
        try:
            (path / "examples").mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ExpertError(
                f"{path}: cannot be made: {error.strerror}", hint="Name another folder."
            ) from error
        return cls.open(path)

    @classmethod
    def open(cls, folder: str | Path = ".") -> Expert:
        """The expert in `folder`. Raises ExpertError where there is none."""
        path = Path(folder)
        if not (path / settings_file.FILE_NAME).is_file():
            raise ExpertError(
                f"{path.absolute()} is no expert: it has no {settings_file.FILE_NAME}",
                hint="Make one with: pakar new DIR. Or name one with: --expert DIR",
            )
        return cls(path, settings_file.load_config(path))

    # Documents -----------------------------------------------------------------------------

    def add(
        self,
        *sources: str | Path,
        progress: Progress | None = None,
        on_wait: OnWait | None = None,
    ) -> AddReport:
        """Indexes files and folders, reading only what is new or changed.

        Documents that are gone from a named folder are removed. Without sources, everything that
        was ever added is looked through again. A source that cannot be read is reported under
        `failed` and stops nothing.
        """
        with writing(self._derived, on_wait=on_wait):
            folder = generations.current(self._derived)
            known = self._manifest(folder)
            found = self._discover(sources, known)
            wanted = (known or self._new_manifest()).with_roots(found.roots)
            manifest.save(folder, wanted)
            report = self._indexer(folder).add(found.found, found.roots, progress=progress)
        return _with_discovery(report, found)

    def remove(self, *documents: str, on_wait: OnWait | None = None) -> AddReport:
        """Takes documents, or whole folders of them, out of the index. The files stay."""
        with writing(self._derived, on_wait=on_wait):
            folder = generations.current(self._derived)
            known = self._checked(folder)
            # Named before they are removed: afterwards nothing tells a name from a path.
            named = [self._name(one) for one in documents]
            report = self._indexer(folder).remove(self._expand(named))
            gone = [
                root
                for root in known.roots
                if any(is_below(root, name) for name in named if name.strip())
            ]
            manifest.save(folder, known.without_roots(gone))
        return report

    def reindex(
        self, *, progress: Progress | None = None, on_wait: OnWait | None = None
    ) -> AddReport:
        """Builds the index anew with the settings of now; the old one answers until it is done."""
        with writing(self._derived, on_wait=on_wait):
            known = manifest.load(generations.current(self._derived))
            old = known.roots if known else ()
            folder = generations.following(self._derived)
            found = self._discover((), known) if old else Discovery()
            # A source that is missing today is looked for again tomorrow.
            wanted = self._new_manifest().with_roots(old)
            manifest.save(folder, wanted)
            report = self._indexer(folder).add(found.found, found.roots, progress=progress)
            generations.take_over(self._derived, folder)
        return _with_discovery(report, found)

    def document(self, name: str) -> Document:
        """A document as it was indexed: its text and its marks."""
        folder = generations.current(self._derived)
        documents = self._store(folder).snapshot().documents()
        if name not in documents:
            raise _no_document(name, documents)
        return self._texts.load(name, documents[name])

    def status(self) -> Status:
        """What the index holds and whether it fits the settings. Loads no model."""
        folder = generations.current(self._derived)
        known = manifest.load(folder)
        if known is None:
            return Status(str(self.folder), self.config.models.language_model)
        problem = ""
        try:
            manifest.check(known, self._new_manifest())
        except (IndexMismatchError, ConfigError, MissingExtraError, ModelError) as error:
            problem = f"{error}. {error.hint}"
        snapshot = self._store(folder, known.dimensions).snapshot()
        documents = snapshot.documents()
        return Status(
            str(self.folder),
            self.config.models.language_model,
            embedder=known.embedder,
            documents=tuple(sorted(documents)),
            passages=sum(snapshot.languages().values()),
            languages=dict(snapshot.languages()),
            roots=known.roots,
            index_version=snapshot.version,
            problem=problem,
            adapters=self.adapters(),
        )

    def tables(self) -> tuple[TableFile, ...]:
        """The tables of the indexed documents, as Parquet files with typed columns."""
        folder = generations.current(self._derived)
        return TableStore(folder / TABLES).list(self._known_names())

    # Questions -----------------------------------------------------------------------------

    def search(
        self,
        question: str,
        k: int = 10,
        *,
        documents: Sequence[str] = (),
        kinds: Sequence[str] = (),
        heading: str = "",
    ) -> list[Hit]:
        """The `k` passages that fit best, the best first, each with its scores.

        `documents` are names, or folders of documents. Raises SourceError where one is not in the
        index, and ConfigError for a `k` below 1 or a kind that there is not.
        """
        retriever = self.retriever
        names = self._expand([self._name(one) for one in documents])
        known = self._known_names() if names else {}
        for name in names:
            if name not in known:
                raise _no_document(name, known)
        where = Filter(tuple(names), tuple(kinds), heading)
        return retriever.search(question, k=k, where=where)

    def ask(
        self,
        question: str,
        *,
        route: str | None = None,
        history: Sequence[Message] = (),
        accept_adapter: bool = False,
    ) -> Answer:
        """Answers with sources. `history` holds the turns before, the oldest first."""
        return self.route(route, accept_adapter=accept_adapter).answer(question, history)

    def stream(
        self,
        question: str,
        *,
        route: str | None = None,
        history: Sequence[Message] = (),
        accept_adapter: bool = False,
    ) -> AnswerStream:
        """The same, piece by piece as it is written; `.answer` at the end has the sources."""
        return self.route(route, accept_adapter=accept_adapter).stream(question, history)

    def route(self, name: str | None = None, *, accept_adapter: bool = False) -> Route:
        """A way to answer, by name; the settings name the usual one. See `routes`.

        Raises TrainingError where the adapter it needs is missing or should not be used;
        `accept_adapter` uses it all the same.
        """
        chosen = name or self.config.answering.route
        known = () if chosen in PLAIN else self.adapters()
        found = way(chosen, known, accept=accept_adapter)
        return Route(
            found.name,
            self._model_of(found) if found.model else None,
            self.retriever if found.retriever else None,
            self.document,
            self.config.retrieval.passages,
            self.config.answering,
            Calculator(self.tables, self.document) if self.config.answering.compute else None,
        )

    def routes(self) -> tuple[str, ...]:
        """The names of the routes that can run now."""
        return ways(self.adapters())

    def compare(
        self,
        questions: str | Path | None = None,
        *,
        routes: Sequence[str] = (),
        scope: Scope | None = None,
        watch: Watch | None = None,
        say: Say | None = None,
    ) -> Comparison:
        """Answers held-out questions by several routes and says which route is right.

        `questions` is a file, by default questions.jsonl of this folder; `routes` are names, by
        default all that can run. What was answered before is not asked again, so that a run that
        was ended goes on. Raises ConfigError where there are no questions or no route can run.
        """
        from pakar.flows import comparing

        file = Path(questions) if questions else self.folder / QUESTIONS
        return comparing.compare(
            self._ground(), file, routes, scope or Scope(), watch=watch, say=say
        )

    def advise(self, needs: Needs | None = None, *, examples: int | None = None) -> Advice:
        """Which route to try first: the field's rules, and the last comparison where there is one.

        `needs` are by default those of pakar.toml, `examples` those in examples/.
        """
        from pakar.flows import advising

        known = advice(self.config.models.language_model)
        place = advising.Place(self.folder, self._derived, self.config)
        return advising.advised(place, needs, examples, known)

    def import_questions(self, source: str | Path) -> Imported:
        """Adds the questions of a .csv, .tsv or .jsonl file to questions.jsonl."""
        from pakar.evaluation.question_import import import_questions

        return import_questions(Path(source), self.folder / QUESTIONS)

    def check_questions(self, questions: str | Path | None = None) -> QuestionCheck:
        """Doubles, leaks into the examples, gaps, and what so many questions can show."""
        from pakar.flows import advising

        file = Path(questions) if questions else self.folder / QUESTIONS
        return advising.checked(file, self.folder / EXAMPLES, self.status().documents)

    def advice(self, route: str | None = None) -> str:
        """One line on what speaks against a route, else "": its adapter is stale, or plain
        extraction was measured to beat the configured model."""
        chosen = route or self.config.answering.route
        if chosen == "rag":
            return advice(self.config.models.language_model)
        adapter = self._adapter_of(chosen)
        if adapter is None or not adapter.stale:
            return ""
        return f"{adapter.id} is stale: {adapter.stale[0]}. Train it again: pakar train"

    @cached_property
    def model(self) -> LanguageModel:
        """The configured language model; its weights are loaded when it first writes."""
        models = self.config.models
        return open_language_model(
            models.language_model, trust_remote_code=models.trust_remote_code
        )

    @cached_property
    def embedder(self) -> Embedder:
        """The configured embedder; its weights are loaded when it first embeds."""
        models = self.config.models
        return open_embedder(models.embedder, trust_remote_code=models.trust_remote_code)

    @property
    def retriever(self) -> Retriever:
        """Searches the index in force. Raises IndexMismatchError where it does not fit."""
        folder = generations.current(self._derived)
        self._checked(folder)
        return self._retriever(folder)

    # Training data ---------------------------------------------------------------------------

    def examples(self) -> tuple[Example, ...]:
        """All examples of the folder `examples/`, in whatever state; wrong lines are left out."""
        return self._desk.folder.load().examples

    def build_examples(
        self, *, progress: Counted | None = None, on_wait: OnWait | None = None
    ) -> ExampleReport:
        """Takes question-answer pairs out of the documents; adds what is not known yet."""
        return self._desk.build(progress=progress, on_wait=on_wait)

    def generate_examples(
        self,
        most: int,
        *,
        accept: bool = False,
        progress: Counted | None = None,
        on_wait: OnWait | None = None,
    ) -> ExampleReport:
        """Lets the configured model write pairs about at most `most` passages, and checks each.

        They wait for review, unless `accept` takes them at once.
        """
        writer = Writer(self.model, self.retriever)
        return self._desk.generate(writer, most, accept=accept, progress=progress, on_wait=on_wait)

    def import_examples(self, file: str | Path, *, on_wait: OnWait | None = None) -> ExampleReport:
        """Adds the examples of a file: JSON Lines, Alpaca, ShareGPT or CSV.

        A wrong row is reported under `failed` and stops nothing.
        """
        return self._desk.bring_in(Path(file), on_wait=on_wait)

    def check_examples(self) -> Card:
        """What would be learned now, how it fits the model, what is dropped and why."""
        return self._desk.check(self.model)

    def review_examples(
        self,
        *,
        accept: Sequence[str] = (),
        reject: Sequence[str] = (),
        on_wait: OnWait | None = None,
    ) -> None:
        """Accepts and rejects examples by id. Raises ExampleError for an id that there is not."""
        states = dict.fromkeys(reject, _REJECTED) | dict.fromkeys(accept, _ACCEPTED)
        self._desk.mark(states, on_wait=on_wait)

    def edit_example(self, key: str, *, question: str, answer: str) -> Example:
        """Accepts an example in other words; the old one stays as rejected."""
        return self._desk.edit(key, question, answer)

    def training_data(self, *, progress: Counted | None = None) -> TrainingSet:
        """What an adapter is trained on: the accepted examples, cleaned, in the settings' forms."""
        return training_data(
            self._desk.accepted().kept,
            self.retriever,
            self.model,
            self.config,
            documents=lambda: [self.document(name) for name in sorted(self._known_names())],
            progress=progress,
        )

    # Fine-tuning ---------------------------------------------------------------------------

    def plan(
        self,
        method: str | None = None,
        request: PlanRequest | None = None,
        counts: Sequence[tuple[int, int]] | None = None,
    ) -> Plan:
        """Memory and time of a training run, before it starts; loads no weights.

        `counts` are the examples' tokens and, of these, their answers'; without them the request's
        number and length are taken. Raises ConfigError or ModelError with a way out.
        """
        from pakar.flows.plan import PlanRequest, make_plan

        chosen = method or self.config.training.method
        return make_plan(chosen, request or PlanRequest(), self.config, counts)

    def train(
        self,
        method: Method | None = None,
        *,
        resume: bool = False,
        watcher: tuning.Watcher | None = None,
        on_wait: OnWait | None = None,
    ) -> Adapter:
        """Trains an adapter on the accepted examples; goes on with a run that was killed.

        `resume` takes up the newest unfinished run with the examples it had then. Raises
        TrainingError where the preflight or the training stops it, ExampleError without examples.
        """
        seen = watcher or tuning.unwatched()
        with writing(self._derived / "training", on_wait=on_wait):
            shop = self._workshop()
            if resume:
                run = tuning.unfinished(shop)
                if run is None:
                    raise TrainingError(
                        "there is no unfinished training", hint="Begin one: pakar train"
                    )
                examples, method = tuning.examples_of(run), tuning.method_of(run)
            else:
                seen.stage("Making the training data")
                examples = list(self.training_data().examples)
            recipe = tuning.recipe_of(self.config.training, method)
            return tuning.tune(shop, examples, recipe, seen)

    def adapters(self) -> tuple[Adapter, ...]:
        """All adapters, the oldest first, each with what is stale about it. Loads no weights."""
        records = adapter_files.load_all(self._derived / "adapters")
        if not records:
            return ()
        documents, base = self._known_names(), self._trainer.base.fingerprint
        return tuple(adapter_files.against(one, documents, base) for one in records)

    def merge_adapter(
        self, adapter: str, folder: str | Path, *, accept_adapter: bool = False
    ) -> Path:
        """Writes the model with this adapter in its weights to `folder`; `path:` opens it.

        Raises TrainingError for an unknown adapter and for a folder that holds something;
        `accept_adapter` takes one that is not used by default.
        """
        from pakar.flows import merging

        return merging.merge(
            self._trainer, self.adapters(), adapter, Path(folder), accept=accept_adapter
        )

    def forget(self, adapter: str) -> None:
        """Frees the memory of an adapter that was used; it is loaded again when needed."""
        for one in self.adapters():
            if one.id == adapter and isinstance(self.model, Adaptable):
                self.model.forget(Path(one.folder))

    # How the parts are put together ----------------------------------------------------------

    def _ground(self) -> Ground:
        from pakar.flows.contestants import Ground

        snapshot = self._store(generations.current(self._derived)).snapshot()
        return Ground(
            folder=self.folder,
            derived=self._derived,
            config=self.config,
            routes=self.routes(),
            documents=snapshot.documents(),
            languages=snapshot.languages(),
            open_route=self.route,
            adapter=self._adapter_of,
            load=self.document,
            split=self._split,
            embedder=lambda: self.embedder,
        )

    def _retriever(self, folder: Path) -> Retriever:
        cached = self._retrievers.get(folder)
        if cached is None:
            spec = self.config.models.reranker
            trusted = self.config.models.trust_remote_code
            reranker = open_reranker(spec, trust_remote_code=trusted) if spec else None
            cached = Retriever(self._store(folder), self.embedder, self.config.retrieval, reranker)
            self._retrievers.clear()
            self._retrievers[folder] = cached
        return cached

    @cached_property
    def _retrievers(self) -> dict[Path, Retriever]:
        return {}

    @property
    def _desk(self) -> ExampleDesk:
        return ExampleDesk(
            self.folder,
            self._derived,
            self._known_names,
            self.document,
            lambda: self.embedder,
            self._split,
        )

    def _adapter_of(self, route: str) -> Adapter | None:
        return None if route in PLAIN else way(route, self.adapters(), accept=True).adapter

    def _model_of(self, chosen: Way) -> LanguageModel:
        if chosen.adapter is None:
            return self.model
        if not isinstance(self.model, Adaptable):
            raise TrainingError(
                f"{self.model.info.spec} takes no adapters",
                hint=f"Set language_model to {chosen.adapter.base!r} in pakar.toml.",
            )
        four_bit = chosen.adapter.method == "qlora"
        return self.model.adapted(Path(chosen.adapter.folder), four_bit=four_bit)

    @cached_property
    def _trainer(self) -> Trainer:
        models = self.config.models
        return open_trainer(models.language_model, trust_remote_code=models.trust_remote_code)

    def _workshop(self) -> tuning.Workshop:
        return tuning.Workshop(
            folder=self._derived,
            trainer=self._trainer,
            model=self.model,
            serving=lambda: serving(self.retriever, self.model, self.config),
            documents=self._known_names(),
            settings=self.config.training,
            plan=self._plan_of,
        )

    def _plan_of(self, method: Method, counts: Sequence[tuple[int, int]]) -> Plan:
        from pakar.flows.plan import PlanRequest

        micro = self.config.training.micro_tokens
        return self.plan(method, PlanRequest(timed=False, micro_tokens=micro), counts)

    @property
    def _derived(self) -> Path:
        return self.folder / DERIVED

    @cached_property
    def _texts(self) -> TextStore:
        return TextStore(self._derived / "texts")

    def _store(self, folder: Path, dimensions: int | None = None) -> VectorStore:
        from pakar.backends.lancedb_store import LanceStore

        return LanceStore(folder, dimensions or self.embedder.info.dimensions)

    def _indexer(self, folder: Path) -> Indexer[Found]:
        tables = TableStore(folder / TABLES)
        reader = SourceReader(self.config, tables.workplace)
        steps = Steps(
            read=reader.read,
            split=self._split,
            embedding_text=embedding_text,
            terms=_terms,
            fingerprint=reader.fingerprint,
        )
        return Indexer(steps, self.embedder, self._store(folder), self._texts, tables=tables)

    def _split(self, document: Document) -> list[Passage]:
        return split_document(
            document,
            max_tokens=self.embedder.info.max_tokens,
            size=self.config.passages.tokens,
            count_tokens=self.embedder.count_tokens,
        )

    def _discover(self, sources: Sequence[str | Path], known: Manifest | None) -> Discovery:
        if not sources and not (known and known.roots):
            raise ExpertError(
                "nothing to add: no source was named and none is known",
                hint="Name files or folders: pakar add documents/",
            )
        seconds = self.config.tables.seconds
        if sources or known is None:
            return discover([str(source) for source in sources], self.folder, seconds=seconds)
        roots = [_source(self.folder, root) for root in known.roots]
        return discover(roots, self.folder, self.folder, seconds=seconds)

    def _manifest(self, folder: Path) -> Manifest | None:
        """The manifest of an index that fits the settings; None where there is no index."""
        found = manifest.load(folder)
        if found is not None:
            manifest.check(found, self._new_manifest())
        return found

    def _checked(self, folder: Path) -> Manifest:
        found = self._manifest(folder)
        if found is None:
            raise ExpertError(
                "this expert has no documents yet", hint="Add some: pakar add documents/"
            )
        return found

    def _new_manifest(self) -> Manifest:
        info = self.embedder.info
        return Manifest(
            embedder=info.spec,
            fingerprint=info.fingerprint,
            dimensions=info.dimensions,
            splitter_version=SPLITTER_VERSION,
            passage_tokens=self.config.passages.tokens,
            terms_version=TERMS_VERSION,
            pakar_version=__version__,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _name(self, source: str) -> str:
        """A document's name as the user may write it: as listed, or as a path from here."""
        known = self._known_names()
        written = source.rstrip("/")
        if not source.strip():
            return source
        if is_address(source):
            return parse(source, Path(), self.folder).document if source not in known else source
        if written not in ("", ".") and any(is_below(name, written) for name in known):
            return written
        return document_name(Path(source), self.folder)

    def _expand(self, names: Sequence[str]) -> list[str]:
        """The names of documents, each folder's replaced by those of all that lies below it."""
        known = self._known_names() if names else {}
        found: list[str] = []
        for name in names:
            below = [one for one in known if name.strip() and is_below(one, name)]
            found += below or [name]
        return found

    def _known_names(self) -> Mapping[str, str]:
        return self._store(generations.current(self._derived)).snapshot().documents()


def _source(folder: Path, root: str) -> str:
    return root if is_address(root) else str(folder / root)


def _no_document(name: str, known: Mapping[str, str]) -> SourceError:
    near = difflib.get_close_matches(name, known, n=1)
    return SourceError(
        f"no document {name!r} in the index",
        hint=f"Did you mean {near[0]!r}?" if near else "See: pakar status",
    )


def _terms(passage: Passage) -> list[str]:
    return terms(f"{passage.context}\n{passage.text}", passage.language)


def _with_discovery(report: AddReport, found: Discovery) -> AddReport:
    skipped = tuple(Failure(one.name, one.reason, "") for one in found.skipped)
    return replace(report, failed=(*found.failures, *report.failed), skipped=skipped)
