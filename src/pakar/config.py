"""pakar.toml: read strictly, passed in, never global.

An unknown key or a value out of range is an error that names the key and the nearest right one.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError
from pydantic_core import PydanticCustomError

from pakar.errors import ConfigError

FILE_NAME = "pakar.toml"
DEFAULT_MODEL = "bundled:smollm2-135m-instruct"
DEFAULT_EMBEDDER = "bundled:multilingual-e5-small"


class _Section(BaseModel):
    # Strict: "yes" is no truth value, and true is no number.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Models(_Section):
    """Which models, by spec: bundled:NAME, hf:ORG/NAME, path:DIR, openai:NAME@URL."""

    language_model: str = DEFAULT_MODEL
    embedder: str = DEFAULT_EMBEDDER
    reranker: str = ""
    trust_remote_code: bool = False


class Passages(_Section):
    """How documents are split. A change of these needs `pakar reindex`."""

    tokens: Annotated[int, Field(ge=32, le=8192)] = 200


class Documents(_Section):
    """What is read. Larger sources are refused, with one line in the report."""

    max_megabytes: Annotated[int, Field(ge=1, le=10_000)] = 100
    max_characters: Annotated[int, Field(ge=1_000)] = 20_000_000
    invisible_text: bool = False


class Reading(_Section):
    """In which bounds files are read: each in a process of its own that can be ended.

    `workers` 0 is one a processor core, at most four. `seconds` bounds the time by the clock and
    the processor's time, a file; `megabytes` (of 10^6 bytes) what a process may hold. `ocr` reads
    scans; auto takes RapidOCR, else Tesseract.
    """

    workers: Annotated[int, Field(ge=0, le=64)] = 0
    seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    megabytes: Annotated[int, Field(ge=256, le=1_000_000)] = 1400
    ocr: Literal["auto", "rapidocr", "tesseract", "off"] = "auto"


class Tables(_Section):
    """How tables are read. `queries` are SELECT statements by name, for databases."""

    hidden_sheets: bool = False
    seconds: Annotated[int, Field(ge=1, le=86_400)] = 600
    queries: dict[str, str] = {}


class Summaries(_Section):
    """Who writes summaries, and of what: of documents and sections with so many passages or more.

    A change holds for what is added or changes from then on, and after `pakar reindex` for all.
    """

    mode: Literal["off", "extractive", "model"] = "extractive"
    sentences: Annotated[int, Field(ge=1, le=20)] = 5
    document_passages: Annotated[int, Field(ge=2)] = 8
    section_passages: Annotated[int, Field(ge=2)] = 8


class Retrieval(_Section):
    """How passages are found and how many go to the model."""

    passages: Annotated[int, Field(ge=1, le=100)] = 4
    sentences: Annotated[int, Field(ge=0, le=100)] = 0
    candidates: Annotated[int, Field(ge=10, le=1000)] = 100
    vector_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.6
    summary_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.1
    rerank: Annotated[int, Field(ge=1, le=200)] = 20


class Answering(_Section):
    """How answers are written."""

    route: str = "rag"
    max_tokens: Annotated[int, Field(ge=1, le=32_768)] = 160
    temperature: Annotated[float, Field(ge=0.0, le=2.0)] = 0.0
    language: Literal["auto", "en", "id"] = "auto"
    compute: bool = True


class Examples(_Section):
    """What is made of the accepted examples when an adapter is trained."""

    forms: list[Literal["grounded", "plain", "text"]] = ["grounded", "plain"]
    fewest_passages: Annotated[int, Field(ge=1, le=100)] = 1
    same_passages: Annotated[int, Field(ge=1, le=100)] = 4
    without_source: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    unanswerable: Annotated[float, Field(ge=0.0, le=1.0)] = 0.2
    most_unanswerable: Annotated[float, Field(ge=0.0, le=1.0)] = 0.25
    wordings: Annotated[int, Field(ge=1, le=8)] = 3


def _gradient_tokens(value: object) -> object:
    # bool is an int to Python.
    if type(value) is int and value == 0:
        return "auto"  # as it was written into the files of experts before it had the word
    if value in ("auto", "all") or (type(value) is int and value >= 1):
        return value
    # One message, where a union would give one for each of its members.
    raise PydanticCustomError("gradient_tokens", 'should be "auto", "all" or a number from 1 on')


class Training(_Section):
    """How adapters are trained."""

    method: Literal["lora", "qlora"] = "lora"
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    alpha: Annotated[int, Field(ge=1, le=2048)] = 32
    learning_rate: Annotated[float, Field(gt=0.0, le=0.1)] = 5e-4
    epochs: Annotated[float, Field(gt=0.0, le=1000.0)] = 3.0
    minutes: Annotated[float, Field(ge=0.0)] = 0.0
    batch: Annotated[int, Field(ge=1, le=4096)] = 8
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0
    gradient_tokens: Annotated[int | str, PlainValidator(_gradient_tokens)] = "auto"
    question_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.3
    micro_tokens: Annotated[int, Field(ge=64)] = 2048
    patience: Annotated[int, Field(ge=0)] = 3
    forgetting_limit: Annotated[float, Field(ge=0.0)] = 0.5


class History(_Section):
    """How much of the past is kept: what goes beyond any of the limits is deleted."""

    versions: Annotated[int, Field(ge=0, le=10_000)] = 50
    days: Annotated[int, Field(ge=1, le=36_500)] = 30
    megabytes: Annotated[int, Field(ge=1)] = 1000


class Needs(_Section):
    """What the user's situation asks for; `pakar advise` and `pakar compare` read it."""

    changes: Literal["unknown", "never", "monthly", "weekly", "daily"] = "unknown"
    sources: bool = False
    vocabulary: bool = False
    combines: bool = False
    automated: bool = False
    private: bool = True
    max_seconds: Annotated[float, Field(ge=0.0)] = 0.0
    max_memory_mb: Annotated[int, Field(ge=0)] = 0


class Costs(_Section):
    """How much each cost counts where quality cannot decide between routes; 0 ignores it."""

    latency: Annotated[float, Field(ge=0.0)] = 1.0
    memory: Annotated[float, Field(ge=0.0)] = 1.0
    training: Annotated[float, Field(ge=0.0)] = 1.0
    upkeep: Annotated[float, Field(ge=0.0)] = 1.0
    watts: Annotated[float, Field(ge=0.0)] = 0.0


class Server(_Section):
    """How `pakar serve` listens, and how much it takes on at once."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    hosts: list[str] = []
    running: Annotated[int, Field(ge=1, le=64)] = 2
    waiting: Annotated[int, Field(ge=0, le=10_000)] = 32
    finish_seconds: Annotated[float, Field(ge=0.0, le=3600.0)] = 30.0
    upload_megabytes: Annotated[int, Field(ge=1, le=10_000)] = 100
    requests_per_minute: Annotated[int, Field(ge=0)] = 120
    session_hours: Annotated[float, Field(gt=0.0)] = 12.0


class Batches(_Section):
    """Jobs of many questions over HTTP. See docs/batch.md.

    Webhooks go to `webhook_hosts` only (NAME or NAME:PORT), each tried `webhook_tries` times with
    `webhook_seconds` to answer. Their secret comes from PAKAR_WEBHOOK_SECRET or `secret_file`.
    """

    most_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    waiting: Annotated[int, Field(ge=1, le=1_000)] = 20
    days: Annotated[int, Field(ge=1, le=36_500)] = 30
    webhook_hosts: list[str] = []
    webhook_secret_file: str = ""
    webhook_seconds: Annotated[float, Field(gt=0.0, le=60.0)] = 10.0
    webhook_tries: Annotated[int, Field(ge=1, le=10)] = 5
    webhook_wait: Annotated[float, Field(ge=0.0, le=3600.0)] = 5.0


class Access(_Section):
    """Who may read what: labels by a pattern of document names. See docs/access.md."""

    required: Literal["auto", "always"] = "auto"
    labels: dict[str, list[str]] = {}


class Config(_Section):
    """The whole of pakar.toml; every section and key has a default."""

    models: Models = Models()
    documents: Documents = Documents()
    reading: Reading = Reading()
    tables: Tables = Tables()
    passages: Passages = Passages()
    summaries: Summaries = Summaries()
    retrieval: Retrieval = Retrieval()
    answering: Answering = Answering()
    examples: Examples = Examples()
    training: Training = Training()
    history: History = History()
    needs: Needs = Needs()
    costs: Costs = Costs()
    server: Server = Server()
    batches: Batches = Batches()
    access: Access = Access()


def load_config(folder: Path) -> Config:
    """Reads pakar.toml of an expert's folder."""
    path = folder / FILE_NAME
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}", hint="Correct that line.") from error
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}", hint="Check the file's permissions."
        ) from error
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise _explain(path, error) from error


def _explain(path: Path, error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    location = [str(part) for part in first["loc"]]
    key = ".".join(location)
    if first["type"] == "model_type":
        return ConfigError(
            f"{path}: {key} = {first['input']!r:.80} is no section",
            hint=f"Write [{key}] on a line of its own, and its keys below it.",
        )
    if first["type"] != "extra_forbidden":
        return ConfigError(
            f"{path}: {key} = {first['input']!r:.80}: {first['msg'].lower()}",
            hint=f"Set {key} to a valid value, or delete the line to use the default.",
        )
    known = _keys_beside(location)
    near = difflib.get_close_matches(location[-1], known, n=1, cutoff=0.0)
    return ConfigError(
        f"{path}: unknown key {key!r}",
        hint=f"Did you mean {near[0]!r}? Known here: {', '.join(known)}.",
    )


def _keys_beside(location: list[str]) -> list[str]:
    section: type[BaseModel] = Config
    for part in location[:-1]:
        annotation = section.model_fields[part].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            break
        section = annotation
    return sorted(section.model_fields)


def template(*, language_model: str = DEFAULT_MODEL, embedder: str = DEFAULT_EMBEDDER) -> str:
    """The pakar.toml of a new expert: every key with its default and what it does."""
    return _TEMPLATE.format(language_model=_quoted(language_model), embedder=_quoted(embedder))


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's too; only TOML wants DEL escaped as well.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


_TEMPLATE = """\
# What this expert is. Every key may be left out; unknown keys are errors.

[models]
# bundled:NAME, hf:ORG/NAME, path:DIR or openai:NAME@URL.
# An endpoint's key comes from the environment (PAKAR_API_KEY or OPENAI_API_KEY), never from here.
language_model = {language_model}
embedder = {embedder}
# A cross-encoder that re-reads the best passages with the question, such as
# "hf:cross-encoder/ms-marco-MiniLM-L-6-v2". Empty: none.
reranker = ""
# Runs Python code that comes with a model. Leave it off unless you have read that code.
trust_remote_code = false

[documents]
# Larger sources are refused, each with one line in the report.
max_megabytes = 100
max_characters = 20000000
# Keeps words that nobody sees on the page: white on white, drawn in no ink, outside the page.
invisible_text = false

[reading]
# Files are read in processes of their own, which are ended where they take more.
# 0: one a processor core, at most four.
workers = 0
# A file, by the clock and of processor time.
seconds = 60
megabytes = 1400
# What reads scans and images: auto (RapidOCR, else Tesseract), rapidocr, tesseract or off.
ocr = "auto"

[tables]
# Sheets that are hidden in a spreadsheet are left out, with one line in the report.
hidden_sheets = false
# A database has this long to answer.
seconds = 600

# Queries by name; add one with: pakar add "sqlite:///bank.db?query=overdue"
[tables.queries]
# overdue = "SELECT id, customer, days FROM loans WHERE days > 30"

[passages]
# Size of a passage in the embedder's tokens. After a change: pakar reindex
tokens = 200

[summaries]
# Who sums up long documents and sections: extractive (their own sentences), model (the language
# model) or off. Summaries only find; what is read and quoted is the content. See pakar reindex.
mode = "extractive"
sentences = 5
# From so many passages on, a document has one, and a section in it has its own.
document_passages = 8
section_passages = 8

[retrieval]
# Passages that go to the model, and how many each retriever proposes.
passages = 4
candidates = 100
# Of these passages the model reads only so many sentences, those nearest to the question. 0: all.
# For a small model and questions that one sentence answers: 1, and train with it.
sentences = 0
# 1 trusts only the vectors (meaning), 0 only the words (BM25).
vector_weight = 0.6
# How much a summary that fits better than the passages that it sums up lifts them. 0: not at all.
summary_weight = 0.1
# How many of the best passages the reranker re-reads, where there is one.
rerank = 20

[answering]
# rag: the model with passages. base: the model alone. extract: the best sentences, no model.
route = "rag"
max_tokens = 160
temperature = 0.0
# auto: the question's language.
language = "auto"
# Counts, sums, averages and the like over tables are computed, not written by the model.
compute = true

[examples]
# grounded: questions with the passages that are found for them. plain: without. text: the
# documents as they stand.
forms = ["grounded", "plain"]
# Grounded questions show from this many passages up to retrieval.passages.
fewest_passages = 1
# So many of them are asked of the same passages, which are then computed once a step.
same_passages = 4
# Share of the grounded ones without the right passage, the answer being learned by heart.
without_source = 0.0
# Share of the grounded ones whose passages hold no answer, where "I don't know" is right. Pairs
# that say so count; too few, and some are made.
unanswerable = 0.2
# Pairs that say so beyond this share are left out: a model that reads it too often says it always.
most_unanswerable = 0.25
# In how many wordings a question without passages is asked.
wordings = 3

[training]
# lora, or qlora: the frozen weights in 4 bits.
method = "lora"
rank = 16
alpha = 32
learning_rate = 0.0005
epochs = 3.0
# Learns only as much as fits into so many minutes on this machine. 0: all epochs.
minutes = 0.0
# Examples a step.
batch = 8
seed = 0
# The answer and so many tokens before it learn; what stands before them is only read, which is
# less than half of the work. "all", or "auto": 96 where the minutes are too short for all examples.
gradient_tokens = "auto"
# How much the loss of a question's words, behind passages, counts beside the answer's.
question_weight = 0.3
# Tokens in memory at once; changes memory, not the result.
micro_tokens = 2048
# Stops after so many held-out measurements without a better loss. 0: never.
patience = 3
# An adapter that lost more than this (nats a token on general text, or the share of refusals)
# is not used by default.
forgetting_limit = 0.5

[history]
# Earlier versions of the index for pakar history, diff and rollback; 0 keeps none. They hold the
# text of what was changed or removed: pakar remove --forget takes it out of them too.
versions = 50
days = 30
megabytes = 1000

[needs]
# What pakar advise and pakar compare go by. How often documents change: never, monthly, weekly,
# daily or unknown.
changes = "unknown"
# Answers must show their sources.
sources = false
# The field has words and expressions of its own.
vocabulary = false
# Answers combine several pieces of knowledge.
combines = false
# Answers feed an automated business flow.
automated = false
# Nothing may leave this machine: endpoints elsewhere are not recommended.
private = true
# Limits of an answer; 0 is none.
max_seconds = 0.0
max_memory_mb = 0

[costs]
# What counts where quality cannot decide: how much each cost weighs against the others.
latency = 1.0
memory = 1.0
# Time to train, and time to keep up when a document changes.
training = 1.0
upkeep = 1.0
# What this machine draws when it is busy, for the estimate of energy. 0: a rule of thumb.
watts = 0.0

[server]
# Where pakar serve listens. Elsewhere than on this machine it asks for users (pakar users add).
host = "127.0.0.1"
port = 8080
# Further names by which it may be called, such as "bank.example.com".
hosts = []
# Answers that are written at once, and how many may wait for their turn.
running = 2
waiting = 32
# When it is stopped, running answers get so many seconds to finish.
finish_seconds = 30.0
upload_megabytes = 100
# Of one user; 0 is no limit.
requests_per_minute = 120
# How long a login in the browser lasts.
session_hours = 12.0

[batches]
# Jobs over HTTP: rows of one, jobs of one user that may wait, and how long a finished one is kept.
most_rows = 10000
waiting = 20
days = 30
# A job may tell these hosts that it has ended, such as "hooks.example.com" or "127.0.0.1:9000".
# Empty: nobody. The secret that signs what is sent lies in the environment (PAKAR_WEBHOOK_SECRET)
# or in a file outside this folder.
webhook_hosts = []
webhook_secret_file = ""
# How long a host may take, how often it is tried, and the wait before the second try; each
# further wait is three times as long.
webhook_seconds = 10.0
webhook_tries = 5
webhook_wait = 5.0

[access]
# auto: users are asked for their keys and passwords when it listens elsewhere than on this
# machine. always: here too.
required = "auto"

# Who may read what: a pattern of document names, and the labels that a reader must hold.
[access.labels]
# "documents/board/**" = ["board"]
"""
