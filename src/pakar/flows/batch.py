"""Many questions from a file, each through one route, with fields where a schema asks for them.

Reads the rows, asks what the journal does not hold, several at a time where the model's back-end
can, and writes the output whole at the end. `answered` is the part without files: it yields an
outcome for each question, in their order.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pakar.answering.fields import Fields, fill, parse_fields
from pakar.answering.labels import nearest
from pakar.answering.wording import wording
from pakar.errors import ConfigError, EndpointError, ModelMissingError, PakarError
from pakar.flows import answering
from pakar.flows.adapters import adapters
from pakar.flows.auto import AnyRoute, auto_route
from pakar.flows.batch_journal import BatchJournal, Outcome, key_of
from pakar.flows.batch_rows import Batch, BatchReport, FailedRow, RestOn, batch_of, row_of
from pakar.flows.routes import AUTO, PLAIN
from pakar.flows.row_files import is_table, read_rows, require_known, write_rows
from pakar.flows.workplace import Workplace
from pakar.language.detect import detect
from pakar.version import __version__

# So many failures of the same machine in a row, and the rest is not asked: an endpoint that is
# down would cost its time limit for every row.
PATIENCE = 5
# Labels whose cosines are closer than this are as good as equal (docs/batch.md).
CLOSE = 0.005
MOST_PARALLEL = 64
_MOST_SCHEMA = 1_000_000

Ask = Callable[[str], Outcome]


@dataclass(frozen=True, slots=True)
class Sight:
    """What whoever asks may use: `open` gives a route by name (None: the usual one) that finds only
    what they may read, `may_read` says so of a document."""

    open: Callable[[str | None], AnyRoute]
    may_read: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """How a batch is answered.

    `schema` is a file with a JSON schema of the fields; `column` holds the questions. `answer`
    False fills in the fields only. `nearest` chooses described labels by meaning instead of asking
    the model. `parallel` questions at a time, 0: as many as the back-end can. `formulas` leaves
    cells as they are that a spreadsheet would run; `overwrite` replaces an output that is there.
    Without a `sight` everything may be read.
    """

    route: str | None = None
    schema: Path | None = None
    column: str = "question"
    answer: bool = True
    nearest: bool = False
    parallel: int = 0
    formulas: bool = False
    overwrite: bool = False
    sight: Sight | None = None


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """`rate` is in questions a second, 0 until it is known; so is None for `seconds_left`."""

    done: int
    total: int
    known: int
    failed: int
    rate: float
    seconds_left: float | None


Watch = Callable[[BatchProgress], None]
Say = Callable[[str], None]


def batch(
    place: Workplace,
    source: Path,
    target: Path,
    request: BatchRequest,
    *,
    watch: Watch | None = None,
    say: Say | None = None,
) -> BatchReport:
    """Answers every row of `source` and writes `target`; goes on where a killed batch was.

    Raises ConfigError, before anything is asked, for files, columns and schemas that cannot be
    used. A row that fails is reported and stops nothing.
    """
    journal_file = target.with_name(f"{target.name}.journal")
    _check_files(source, target, journal_file, request)
    made, fields = prepared(source, request)
    route = request.sight.open(request.route) if request.sight else _route(place, request.route)
    marked = _fingerprint(place, route.name, request, fields)
    journal = BatchJournal(journal_file)
    asked = made.questions
    known = sum(journal.get(key_of(one, marked)) is not None for one in asked)
    if say is not None:
        say(_estimate(made, len(asked), known, route.name))
    outcomes: dict[str, Outcome] = {}
    ask = _Asking(place, route, fields, request)
    parallel = request.parallel or place.model.info.parallel if ask.needs_model else 1
    progress = _Progress(len(asked), known, watch)
    for one, outcome in answered(asked, ask, journal, marked, parallel=parallel):
        outcomes[one] = outcome
        progress.saw(outcome)
    names = fields.names if fields else ()
    rows, failed = _written(made, outcomes, names, table=is_table(target))
    write_rows(target, made.columns(names), rows, formulas=request.formulas)
    # As readable as what it was made from.
    target.chmod(source.stat().st_mode & 0o777)
    if not failed:
        journal.remove()
    reviewed = sum(bool(row[made.name("review")]) for row in rows)
    return BatchReport(
        str(target),
        len(rows),
        len(asked) - known,
        known,
        reviewed,
        tuple(failed),
        made.notes,
        rest_on=_rest_on(outcomes.values()),
    )


def prepared(source: Path, request: BatchRequest) -> tuple[Batch, Fields | None]:
    """The rows and the fields that a request asks for.

    Raises ConfigError and SourceError for files, columns and schemas that cannot be used.
    """
    fields = _fields(request.schema)
    if not request.answer and fields is None:
        raise ConfigError("neither an answer nor fields are wanted", hint="Give a schema.")
    return batch_of(read_rows(source), request.column), fields


def _rest_on(outcomes: Iterable[Outcome]) -> RestOn:
    answers = [one.answer for one in outcomes if one.answer is not None]
    documents = {name for one in answers for name in one.documents}
    return RestOn(tuple(sorted(documents)), tuple(sorted({one.route for one in answers})))


def answered(
    questions: Sequence[str],
    ask: Ask,
    journal: BatchJournal,
    fingerprint: str,
    *,
    parallel: int = 1,
) -> Iterator[tuple[str, Outcome]]:
    """Each question with its outcome, in order; what is finished is in the journal at once.

    After `PATIENCE` failures in a row of the model's machine the rest is not asked.
    """
    failures = 0
    with _workers(parallel) as pool:
        waiting: deque[tuple[str, str, Future[_Tried] | Outcome]] = deque()
        coming = iter(questions)
        while True:
            while len(waiting) < max(parallel, 1) and (one := next(coming, None)) is not None:
                key = key_of(one, fingerprint)
                known = journal.get(key)
                if known is None and failures >= PATIENCE:
                    known = Outcome(error=f"not asked, after {PATIENCE} failures in a row")
                waiting.append((one, key, known or pool.submit(ask, one)))
            if not waiting:
                return
            one, key, result = waiting.popleft()
            if isinstance(result, Outcome):
                yield one, result
                continue
            tried = result.result()
            failures = failures + 1 if tried.down else 0
            journal.add(key, tried.outcome)
            yield one, tried.outcome


@dataclass(frozen=True, slots=True)
class _Tried:
    """`down` says that the failure is one of the model's machine, not of the question."""

    outcome: Outcome
    down: bool = False


def _tried(ask: Ask, question: str) -> _Tried:
    try:
        return _Tried(ask(question))
    except (EndpointError, ModelMissingError) as error:
        return _Tried(Outcome(error=_said(error)), down=True)
    except PakarError as error:
        return _Tried(Outcome(error=_said(error)))
    except Exception as error:  # a back-end of others may raise anything; the rest is answered
        first = (str(error).splitlines() or [""])[0]
        return _Tried(Outcome(error=f"{type(error).__name__}: {first:.200}"))


def _said(error: PakarError) -> str:
    return f"{error}. {error.hint}".strip().removesuffix(".") + "."


class _Here:
    """Asks in the caller's thread, so that an interrupt ends the question that is being asked."""

    def submit(self, ask: Ask, question: str) -> Future[_Tried]:
        done: Future[_Tried] = Future()
        done.set_result(_tried(ask, question))
        return done


class _Threads:
    """Asks several at a time."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def submit(self, ask: Ask, question: str) -> Future[_Tried]:
        return self._pool.submit(_tried, ask, question)


@contextmanager
def _workers(parallel: int) -> Iterator[_Here | _Threads]:
    """Threads are not waited for when the batch is interrupted."""
    if parallel <= 1:
        yield _Here()
        return
    pool = ThreadPoolExecutor(parallel, thread_name_prefix="pakar-batch")
    try:
        yield _Threads(pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class _Asking:
    """One question: its answer by the route, then its fields."""

    place: Workplace
    route: AnyRoute
    fields: Fields | None
    request: BatchRequest

    @property
    def needs_model(self) -> bool:
        return getattr(self.route, "model", self) is not None or bool(self._by_model)

    @property
    def _by_model(self) -> tuple[str, ...]:
        listed = self.fields.listed if self.fields else ()
        return tuple(one.name for one in listed if not (self.request.nearest and one.is_label))

    def __call__(self, question: str) -> Outcome:
        answer = self.route.answer(question) if self.request.answer else None
        if self.fields is None:
            return Outcome(answer)
        values: dict[str, object] = {}
        close = []
        for one in self.fields.listed:
            if self.request.nearest and one.is_label:
                label = nearest(
                    question, one, lambda texts: self.place.embedder.embed(texts, "query")
                )
                values[one.name] = label.value
                close += [one.name] if label.margin < CLOSE else []
        wanted = Fields(tuple(one for one in self.fields.listed if one.name in self._by_model))
        if wanted.listed:
            said = answer.text if answer is not None and not answer.abstained else ""
            model = getattr(self.route, "model", None) or self.place.model
            values |= fill(wanted, question, said, model=model, wording=wording(detect(question)))
        ordered = {name: values[name] for name in self.fields.names}
        return Outcome(answer, ordered, tuple(close))


class _Progress:
    """Counts, and says how long the rest takes by what was asked in this run."""

    def __init__(self, total: int, known: int, watch: Watch | None) -> None:
        self._total = total
        self._known = known
        self._watch = watch
        self._done = 0
        self._failed = 0
        self._first = 0.0

    def saw(self, outcome: Outcome) -> None:
        self._done += 1
        self._failed += bool(outcome.error)
        # The first answer includes loading the model, so the clock starts behind it.
        now = time.monotonic()
        self._first = self._first or now
        asked, spent = self._done - self._known - 1, now - self._first
        rate = asked / spent if asked > 0 and spent > 0 else 0.0
        left = (self._total - self._done) / rate if rate else None
        if self._watch is not None:
            self._watch(
                BatchProgress(self._done, self._total, self._known, self._failed, rate, left)
            )


def _written(
    made: Batch, outcomes: Mapping[str, Outcome], names: Sequence[str], *, table: bool
) -> tuple[list[dict[str, object]], list[FailedRow]]:
    rows, failed = [], []
    for one in made.rows:
        outcome = Outcome(error=one.problem) if one.problem else outcomes[one.question]
        rows.append(row_of(made, one, outcome, names, table=table))
        if outcome.error:
            failed.append(FailedRow(one.number, outcome.error))
    return rows, failed


def _check_files(source: Path, target: Path, journal: Path, request: BatchRequest) -> None:
    require_known(target)
    if source.exists() and target.exists() and source.samefile(target):
        raise ConfigError(f"{target} is the input, too", hint="Name another file with --out.")
    if target.exists() and not journal.exists() and not request.overwrite:
        raise ConfigError(f"{target} exists already", hint="Name another file, or say --overwrite.")
    if not 0 <= request.parallel <= MOST_PARALLEL:
        raise ConfigError(
            f"{request.parallel} questions at a time", hint=f"Ask for 1 to {MOST_PARALLEL}."
        )


def _fields(path: Path | None) -> Fields | None:
    if path is None:
        return None
    try:
        data = path.read_bytes()
        if len(data) > _MOST_SCHEMA:
            raise ConfigError(f"{path}: has {len(data):,} bytes", hint="Send a smaller schema.")
        schema = json.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror or error}", hint="Check the path."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path}: not valid JSON: {error!s:.120}", hint="Correct that place."
        ) from error
    return parse_fields(schema)


def _route(place: Workplace, name: str | None) -> AnyRoute:
    chosen = name or place.config.answering.route
    return auto_route(place) if chosen == AUTO else answering.route(place, chosen)


def _fingerprint(place: Workplace, route: str, request: BatchRequest, fields: Fields | None) -> str:
    """Changes with everything that an outcome depends on."""
    config = place.config
    documents = place.reader(place.index).snapshot().documents()
    may_read = request.sight.may_read if request.sight else (lambda _: True)
    parts: dict[str, object] = {
        "route": route,
        "pakar": __version__,
        "settings": config.model_dump(include={"models", "passages", "retrieval", "answering"}),
        "documents": sorted(one for one in documents.items() if may_read(one[0])),
        "adapters": [] if route in PLAIN else [one.id for one in adapters(place)],
        "fields": fields.schema if fields else None,
        "how": [request.answer, request.nearest],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _estimate(made: Batch, questions: int, known: int, route: str) -> str:
    before = f", {known} of them answered before" if known else ""
    return f"{len(made.rows)} rows, {questions} questions{before}, by the route {route}."
