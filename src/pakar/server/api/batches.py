"""Many questions as a job: sent as a list or as a file, watched, cancelled, fetched."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi import Form as Sent
from starlette.responses import FileResponse, Response

from pakar.server.access.view import View
from pakar.server.api.batch_forms import (
    BatchBody,
    BatchList,
    BatchRequestBody,
    BatchUploadForm,
    batch_body,
)
from pakar.server.batches.desk import Wanted
from pakar.server.batches.files import JobFiles, ending, form_of
from pakar.server.service import Service, service_of, view_of

router = APIRouter(prefix="/batches")
Viewed = Annotated[View, Depends(view_of)]
Served = Annotated[Service, Depends(service_of)]
Key = Annotated[str, Path(min_length=1, max_length=100)]
_KINDS = {
    ".csv": "text/csv; charset=utf-8",
    ".tsv": "text/tab-separated-values; charset=utf-8",
    ".jsonl": "application/jsonl",
}


@router.post("", status_code=202)
def send(body: BatchRequestBody, view: Viewed, service: Served) -> BatchBody:
    """Takes a list of questions in; they are answered with the rights of who sent them."""
    wanted = Wanted(
        sent=".jsonl",
        form=body.format,
        route=body.route,
        column=body.column,
        answer=body.answer,
        nearest=body.nearest,
        webhook=body.webhook,
    )

    def keep(files: JobFiles) -> None:
        files.keep_rows(body.questions, body.column)
        if body.schema_ is not None:
            files.keep_schema(body.schema_)

    return batch_body(service.batches.send(view, wanted, keep))


@router.post("/upload", status_code=202)
def upload(
    view: Viewed,
    service: Served,
    form: Annotated[BatchUploadForm, Sent(media_type="multipart/form-data")],
) -> BatchBody:
    """The same with a file of rows; the schema is JSON in a field of the form."""
    name = form.file.filename or ""
    wanted = Wanted(
        sent=ending(name),
        form=form.format or form_of(name),
        route=form.route or None,
        column=form.column,
        answer=form.answer,
        nearest=form.nearest,
        webhook=form.webhook,
    )

    def keep(files: JobFiles) -> None:
        files.keep_file(form.file.file)
        if form.schema_:
            files.keep_schema(form.schema_)

    return batch_body(service.batches.send(view, wanted, keep))


@router.get("")
def batches(view: Viewed, service: Served) -> BatchList:
    """The caller's own, the newest first."""
    found = service.batches.all(view.visitor.id)
    return BatchList(batches=[batch_body(one) for one in found])


@router.get("/{key}")
def batch(key: Key, view: Viewed, service: Served) -> BatchBody:
    """How one stands."""
    return batch_body(service.batches.get(view.visitor.id, key))


@router.get(
    "/{key}/results",
    response_class=FileResponse,
    responses={200: {"content": {kind.partition(";")[0]: {} for kind in _KINDS.values()}}},
)
def results(key: Key, view: Viewed, service: Served) -> FileResponse:
    """The file with the answers, when it is whole."""
    path = service.batches.results(view, key)
    return FileResponse(path, media_type=_KINDS[path.suffix], filename=path.name)


@router.post("/{key}/cancel")
def cancel(key: Key, view: Viewed, service: Served) -> BatchBody:
    """It ends before its next question. What is answered so far is kept for `resume`."""
    return batch_body(service.batches.cancel(view.visitor.id, key))


@router.post("/{key}/resume", status_code=202)
def resume(key: Key, view: Viewed, service: Served) -> BatchBody:
    """Goes on with one that was cancelled, or asks again what failed."""
    return batch_body(service.batches.resume(view.visitor.id, key))


@router.delete("/{key}", status_code=204)
def delete(key: Key, view: Viewed, service: Served) -> Response:
    """Deletes one that has ended, with its questions and answers."""
    service.batches.delete(view.visitor.id, key)
    service.audit.note(view.visitor, "batch deleted", key)
    return Response(status_code=204)
