"""Requests and responses of batch jobs."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field

from pakar.server.batches.webhook import MOST_CHARACTERS, host_of
from pakar.server.storage.batches import BatchRecord, State, Telling

Route = Annotated[str, Field(max_length=300)]
Column = Annotated[str, Field(min_length=1, max_length=200)]
Webhook = Annotated[
    str,
    Field(
        max_length=MOST_CHARACTERS, description="Told when the job has ended; see docs/batch.md."
    ),
]
Form = Literal["jsonl", "csv", "tsv"]


class BatchRequestBody(BaseModel):
    """A list of questions, or of objects of which one value is the question.

    `answer` false fills in the schema's fields only; `nearest` chooses described labels by meaning.
    """

    model_config = ConfigDict(extra="forbid")

    questions: Annotated[
        list[Annotated[str, Field(max_length=50_000)] | dict[str, object]],
        Field(min_length=1, max_length=100_000),
    ]
    schema_: Annotated[
        dict[str, object] | None,
        Field(alias="schema", description="A JSON schema of fields to fill in."),
    ] = None
    route: Route | None = None
    column: Column = "question"
    answer: bool = True
    nearest: bool = False
    format: Form = "jsonl"
    webhook: Webhook = ""


class BatchUploadForm(BaseModel):
    """The same with a file of rows. Without a `format` the results have that of the file."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: UploadFile
    schema_: Annotated[
        str,
        Field(
            alias="schema", max_length=1_000_000, description="A JSON schema of fields, as text."
        ),
    ] = ""
    route: Route = ""
    column: Column = "question"
    answer: bool = True
    nearest: bool = False
    format: Form | None = None
    webhook: Webhook = ""


class FailureBody(BaseModel):
    """A row that has no answer; `row` counts from 1."""

    row: int
    error: str


class WebhookBody(BaseModel):
    """The host that is told, and how that stands."""

    host: str
    state: Telling
    problem: str


class BatchBody(BaseModel):
    """A job. `rows` are those that were sent; `done` of `total` different questions are asked.

    `failed` counts rows without an answer, `failures` says why, of the first 1,000. `review` counts
    rows that a person should look at. `problem` says why the whole job failed.
    """

    id: str
    state: State
    created: str
    ended: str
    rows: int
    done: int
    total: int
    known: int
    failed: int
    review: int
    seconds_left: float | None
    problem: str
    failures: list[FailureBody]
    notes: list[str]
    webhook: WebhookBody | None


class BatchList(BaseModel):
    batches: list[BatchBody]


def batch_body(one: BatchRecord) -> BatchBody:
    """What its user may see of a job; not on which documents it rests, as rights may change."""
    report = one.report
    counts = {
        name: _count(report.get(name)) for name in ("done", "total", "known", "failed", "review")
    }
    left = report.get("seconds_left")
    told = WebhookBody(host=host_of(one.webhook), state=one.telling, problem=one.telling_problem)
    return BatchBody(
        id=one.id,
        state=one.state,
        created=one.created,
        ended=one.ended,
        rows=_count(one.asked.get("rows")),
        **counts,
        seconds_left=left if isinstance(left, float) and one.state == "running" else None,
        problem=str(report.get("problem", "")) if one.state == "failed" else "",
        failures=[FailureBody.model_validate(row) for row in _rows(report.get("failures"))],
        notes=[str(note) for note in _rows(report.get("notes"))],
        webhook=told if one.webhook else None,
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _rows(value: object) -> list[object]:
    return value if isinstance(value, list) else []
