"""An expert: a folder with documents' index and models, and all that can be asked of it.

The façade. Each method hands the expert's `Workplace` to one flow of `pakar.flows`; the flow puts
the steps in sequence, the packages below do them. Nothing is loaded before it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pakar import config as settings_file
from pakar.answering.route import AnswerStream
from pakar.config import Config
from pakar.flows import (
    adapters,
    adding,
    answering,
    calibrating,
    creating,
    index_in_force,
    indexed,
    recent_answers,
    searching,
    tuning,
    versioning,
)
from pakar.flows.auto import AnyRoute, auto_route
from pakar.flows.examples import ExampleDesk, ExampleReport
from pakar.flows.recent_answers import Given
from pakar.flows.routes import AUTO, ways
from pakar.flows.status import status
from pakar.flows.training_data import training_data
from pakar.flows.workplace import Workplace
from pakar.index.build import Progress
from pakar.ports import Embedder, Filter, LanguageModel
from pakar.retrieval.search import Retriever
from pakar.training.card import Card
from pakar.training.forms import TrainingSet
from pakar.types import (
    Adapter,
    AddReport,
    Answer,
    Document,
    Example,
    Hit,
    Message,
    Method,
    Scope,
    Status,
    TableFile,
)

if TYPE_CHECKING:
    from threading import Event

    from pakar.config import Needs
    from pakar.evaluation.advise import Advice
    from pakar.evaluation.comparison import Comparison
    from pakar.evaluation.question_check import QuestionCheck
    from pakar.evaluation.question_import import Imported
    from pakar.flows.batch import BatchRequest
    from pakar.flows.batch import Watch as BatchWatch
    from pakar.flows.batch_rows import BatchReport
    from pakar.flows.comparing import Say, Watch
    from pakar.flows.feedback import FeedbackReport
    from pakar.flows.history import Difference
    from pakar.flows.plan import PlanRequest
    from pakar.flows.versioning import Kept
    from pakar.flows.watching import Listener, Pace
    from pakar.training.clean import Dropped
    from pakar.training.plan import Plan

OnWait = Callable[[str], None]
Counted = Callable[[int, int], None]


class Expert:
    """A small language model with the documents that it is an expert in.

    Make one with `Expert.create(folder)`, open it again with `Expert.open(folder)`. Nothing is
    loaded before it is needed.
    """

    def __init__(self, folder: Path, config: Config) -> None:
        self._place = Workplace(folder, config)

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
        creating.create(Path(folder), language_model=language_model, embedder=embedder)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: str | Path = ".") -> Expert:
        """The expert in `folder`. Raises ExpertError where there is none."""
        path = Path(folder)
        creating.require_expert(path)
        return cls(path, settings_file.load_config(path))

    @property
    def folder(self) -> Path:
        return self._place.folder

    @property
    def config(self) -> Config:
        return self._place.config

    @property
    def model(self) -> LanguageModel:
        """The configured language model; its weights are loaded when it first writes."""
        return self._place.model

    @property
    def embedder(self) -> Embedder:
        """The configured embedder; its weights are loaded when it first embeds."""
        return self._place.embedder

    # Documents -----------------------------------------------------------------------------

    def add(
        self,
        *sources: str | Path,
        progress: Progress | None = None,
        on_wait: OnWait | None = None,
        only: Callable[[Path], bool] | None = None,
    ) -> AddReport:
        """Indexes files and folders, reading only what is new or changed.

        Documents that are gone from a named folder are removed. Without sources, everything that
        was ever added is looked through again. A source that cannot be read is reported under
        `failed` and stops nothing. `only` says which of the files are looked at; what is indexed
        of the others stays.
        """
        return adding.add(self._place, sources, progress=progress, on_wait=on_wait, only=only)

    def watch(
        self, *folders: str | Path, listener: Listener, stop: Event, pace: Pace | None = None
    ) -> None:
        """Adds folders and what changes in them, batch by batch, until `stop` is set.

        Without folders, those that were ever added are followed. Raises ConfigError where a
        source is no folder or cannot be watched.
        """
        from pakar.flows import watching

        roots = () if folders else [self.folder / one for one in self.status().roots]
        chosen = [Path(one) for one in folders] or [one for one in roots if one.is_dir()]
        watching.require_folders(chosen)

        def add(only: Callable[[Path], bool]) -> AddReport:
            return self.add(*chosen, on_wait=listener.say, only=only)

        watching.watch(chosen, add, listener, stop, pace or watching.Pace())

    def remove(
        self, *documents: str, forget: bool = False, on_wait: OnWait | None = None
    ) -> AddReport:
        """Takes documents, or whole folders of them, out of the index. The files stay.

        `forget` takes them out of the history and all derived files too, for good.
        """
        if forget:
            from pakar.flows import forgetting

            return forgetting.forget(self._place, documents, on_wait=on_wait)
        return adding.remove(self._place, documents, on_wait=on_wait)

    def reindex(
        self, *, progress: Progress | None = None, on_wait: OnWait | None = None
    ) -> AddReport:
        """Builds the index anew with the settings of now; the old one answers until it is done."""
        return adding.reindex(self._place, progress=progress, on_wait=on_wait)

    def history(self) -> Kept:
        """The versions of the index that are kept, the oldest first. Loads no model."""
        return versioning.kept(self._place)

    def diff(
        self,
        first: int,
        second: int | None = None,
        *,
        ask: bool = True,
        on_wait: OnWait | None = None,
    ) -> Difference:
        """What changed between two versions, by default up to the newest: documents, sentences,
        and with `ask` the known questions that would be answered from other passages.

        Raises ConfigError for a version that is not kept.
        """
        return versioning.diff(self._place, first, second, ask=ask, on_wait=on_wait)

    def rollback(self, version: int, *, on_wait: OnWait | None = None) -> AddReport:
        """Brings the index back to a version, as a new version; the files stay as they are.

        Raises ConfigError for a version that is not kept, StoreError for one that was built with
        other settings.
        """
        return versioning.rollback(self._place, version, on_wait)

    def document(self, name: str) -> Document:
        """A document as it was indexed: its text and its marks."""
        return indexed.document(self._place, name)

    def tables(self) -> tuple[TableFile, ...]:
        """The tables of the indexed documents, as Parquet files with typed columns."""
        return indexed.tables(self._place)

    def status(self) -> Status:
        """What the index holds and whether it fits the settings. Loads no model."""
        return status(self._place)

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
        where = Filter(tuple(documents), tuple(kinds), heading)
        return searching.search(self._place, question, k, where)

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

    def route(self, name: str | None = None, *, accept_adapter: bool = False) -> AnyRoute:
        """A way to answer, by name; the settings name the usual one. See `routes`.

        Raises TrainingError where the adapter it needs is missing or should not be used;
        `accept_adapter` uses it all the same.
        """
        chosen = name or self.config.answering.route
        if chosen == AUTO:
            return auto_route(self._place)
        return answering.route(self._place, chosen, accept_adapter=accept_adapter)

    def adapter_of(self, route: str) -> Adapter | None:
        """The adapter that a route would use, be it advised or not."""
        return answering.adapter_of(self._place, route)

    def routes(self) -> tuple[str, ...]:
        """The names of the routes that can run now."""
        return ways(self.adapters())

    def missing_methods(self, routes: Sequence[str]) -> tuple[Method, ...]:
        """The methods that an adapter must be trained with before these routes can run."""
        return answering.missing_methods(self._place, routes)

    def advice(self, route: str | None = None) -> str:
        """One line on what speaks against a route, else "": its adapter is stale, or plain
        extraction was measured to beat the configured model."""
        return answering.advice(self._place, route)

    @property
    def retriever(self) -> Retriever:
        """Searches the index in force. Raises IndexMismatchError where it does not fit."""
        return index_in_force.retriever(self._place)

    def batch(
        self,
        questions: str | Path,
        out: str | Path,
        request: BatchRequest | None = None,
        *,
        watch: BatchWatch | None = None,
        say: Say | None = None,
    ) -> BatchReport:
        """Answers every row of a .csv, .tsv or .jsonl file into another; see `BatchRequest`.

        A batch that was killed goes on where it was. Raises ConfigError for files, columns and
        schemas that cannot be used; a row that fails is reported and stops nothing.
        """
        from pakar.flows import batch

        asked = request or batch.BatchRequest()
        return batch.batch(self._place, Path(questions), Path(out), asked, watch=watch, say=say)

    def remember(self, question: str, answer: Answer) -> str:
        """Keeps an answer among the last ones, on this machine; gives the id for `feedback`."""
        return recent_answers.remember(self._place, question, answer)

    def last_answers(self) -> list[Given]:
        """The last answers that were remembered, the newest first."""
        return recent_answers.recent(self._place)

    def feedback(
        self,
        answer: str | Given = recent_answers.LAST,
        *,
        good: bool | None = None,
        correction: str = "",
        sources: Sequence[str] = (),
    ) -> FeedbackReport:
        """Says of an answer that it is right or wrong, what is right, or where it stands.

        `answer` is an id from `remember` (or its beginning, or "last"). What can be learned waits
        for `review_examples`. Raises ExampleError for an unknown id, SourceError for a document
        that is not in the index.
        """
        from pakar.flows import feedback

        remark = feedback.Remark(good, correction, tuple(sources))
        return feedback.feedback(self._place, answer, remark)

    # Comparison ------------------------------------------------------------------------------

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

        file, asked = self._questions(questions), scope or Scope()
        return comparing.compare(self._place, file, routes, asked, watch=watch, say=say)

    def advise(self, needs: Needs | None = None, *, examples: int | None = None) -> Advice:
        """Which route to try first: the field's rules, and the last comparison where there is one.

        `needs` are by default those of pakar.toml, `examples` those in examples/.
        """
        from pakar.flows import advising

        return advising.advised(self._place, needs, examples)

    def import_questions(self, source: str | Path) -> Imported:
        """Adds the questions of a .csv, .tsv or .jsonl file to questions.jsonl."""
        from pakar.evaluation.question_import import import_questions

        return import_questions(Path(source), self._place.questions)

    def draft_questions(
        self, count: int, *, by: str = "extract", progress: Counted | None = None
    ) -> Imported:
        """Adds questions drafted from the documents to questions.jsonl, marked as drafted.

        `by` is "extract" (pairs that stand in the documents) or "model" (the configured one
        writes). Raises ConfigError where nothing could be drafted.
        """
        from pakar.flows import drafting

        return drafting.draft(self._place, count, by=by, progress=progress)

    def check_questions(self, questions: str | Path | None = None) -> QuestionCheck:
        """Doubles, leaks into the examples, gaps, and what so many questions can show."""
        from pakar.flows import advising

        return advising.checked(self._place, self._questions(questions))

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
        return self._desk.generate(most, accept=accept, progress=progress, on_wait=on_wait)

    def import_examples(self, file: str | Path, *, on_wait: OnWait | None = None) -> ExampleReport:
        """Adds the examples of a file: JSON Lines, Alpaca, ShareGPT or CSV.

        A wrong row is reported under `failed` and stops nothing.
        """
        return self._desk.bring_in(Path(file), on_wait=on_wait)

    def check_examples(self) -> Card:
        """What would be learned now, how it fits the model, what is dropped and why."""
        return self._desk.check()

    def review_examples(
        self,
        *,
        accept: Sequence[str] = (),
        reject: Sequence[str] = (),
        on_wait: OnWait | None = None,
    ) -> tuple[Dropped, ...]:
        """Accepts and rejects examples by id. Raises ExampleError for an id that there is not.

        Gives those that were not accepted, as they repeat an example or a held-out question.
        """
        return self._desk.review(accept, reject, on_wait=on_wait)

    def edit_example(self, key: str, *, question: str, answer: str) -> Example:
        """Accepts an example in other words; the old one stays as rejected."""
        return self._desk.edit(key, question, answer)

    def training_data(self, *, progress: Counted | None = None) -> TrainingSet:
        """What an adapter is trained on: the accepted examples, cleaned, in the settings' forms."""
        return training_data(self._place, progress=progress)

    def calibrate(
        self,
        refused: float = calibrating.REFUSED,
        *,
        progress: Counted | None = None,
        on_wait: OnWait | None = None,
    ) -> calibrating.Calibration:
        """Learns from the accepted examples when the documents do not answer a question.

        Of those that can be answered, the share `refused` may be refused. In force at once, for
        every route that searches. Raises ExampleError where there are too few examples.
        """
        return calibrating.calibrate(self._place, refused, progress=progress, on_wait=on_wait)

    def forget_calibration(self, *, on_wait: OnWait | None = None) -> bool:
        """Goes back to what comes with pakar. False where nothing had been learned."""
        return calibrating.forget(self._place, on_wait=on_wait)

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
        from pakar.flows.plan import OwnWork, PlanRequest, make_plan

        chosen = method or self.config.training.method
        own = OwnWork(counts) if counts else None
        return make_plan(chosen, request or PlanRequest(), self.config, own)

    def plans(self, methods: Sequence[str], request: PlanRequest | None = None) -> list[Plan]:
        """The same for several methods, on the accepted examples, at the pace of this machine.

        Raises ExampleError where there are none.
        """
        from pakar.flows.own_plan import own_plans
        from pakar.flows.plan import PlanRequest

        return own_plans(self._place, methods, request or PlanRequest())

    def train(
        self,
        method: Method | None = None,
        *,
        minutes: float | None = None,
        resume: bool = False,
        watcher: tuning.Watcher | None = None,
        on_wait: OnWait | None = None,
    ) -> Adapter:
        """Trains an adapter on the accepted examples; goes on with a run that was killed.

        With `minutes` it learns only what fits into them; those of the settings are usual.
        `resume` takes up the newest unfinished run with the examples it had then. Raises
        TrainingError where the preflight or the training stops it, ExampleError without examples.
        """
        seen = watcher or tuning.unwatched()
        return tuning.train(
            self._place, method, seen, minutes=minutes, resume=resume, on_wait=on_wait
        )

    def adapters(self) -> tuple[Adapter, ...]:
        """All adapters, the oldest first, each with what is stale about it. Loads no weights."""
        return adapters.adapters(self._place)

    def merge_adapter(
        self, adapter: str, folder: str | Path, *, accept_adapter: bool = False
    ) -> Path:
        """Writes the model with this adapter in its weights to `folder`; `path:` opens it.

        Raises TrainingError for an unknown adapter and for a folder that holds something;
        `accept_adapter` takes one that is not used by default.
        """
        from pakar.flows import merging

        return merging.merge(self._place, adapter, Path(folder), accept=accept_adapter)

    def forget(self, adapter: str) -> None:
        """Frees the memory of an adapter that was used; it is loaded again when needed."""
        adapters.forget(self._place, adapter)

    @property
    def _desk(self) -> ExampleDesk:
        return ExampleDesk(self._place)

    def _questions(self, file: str | Path | None) -> Path:
        return Path(file) if file else self._place.questions
