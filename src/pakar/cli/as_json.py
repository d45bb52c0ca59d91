"""Results as the JSON documents that scripts depend on (the contract is in docs/commands.md)."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from pakar.errors import PakarError
from pakar.types import Adapter, AddReport, Answer, Citation, Computation, Failure, Hit, Status

Json = dict[str, object]


def write(document: Json, *, indent: int | None = 2) -> None:
    """One JSON document on standard output, whatever the terminal's encoding."""
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.flush()


def error(problem: PakarError) -> Json:
    return {"error": str(problem), "hint": problem.hint}


def hit(found: Hit) -> Json:
    return {
        "document": found.document,
        "title": found.passage.title,
        "page": found.page,
        "heading": found.heading,
        "place": found.place,
        "start": found.start,
        "end": found.end,
        "text": found.text,
        "kind": found.kind,
        "score": found.score,
        "scores": dict(found.scores),
    }


def hits(found: list[Hit]) -> Json:
    return {"hits": [hit(one) for one in found]}


def answer(given: Answer) -> Json:
    return {
        "answer": given.text,
        "abstained": given.abstained,
        "route": given.route,
        "citations": [_citation(one) for one in given.citations],
        "unsupported": list(given.unsupported),
        "hits": [hit(one) for one in given.hits],
        "timings": asdict(given.timings),
        "notes": list(given.notes),
        "computation": _computation(given.computation) if given.computation else None,
    }


def report(done: AddReport) -> Json:
    return {
        "added": list(done.added),
        "updated": list(done.updated),
        "unchanged": list(done.unchanged),
        "removed": list(done.removed),
        "passages": done.passages,
        "failed": [_failure(one) for one in done.failed],
        "skipped": [{"source": one.source, "reason": one.error} for one in done.skipped],
        "warnings": list(done.warnings),
        "probed": done.probed,
        "seconds": round(done.seconds, 3),
    }


def adapter(one: Adapter) -> Json:
    before, after = one.loss
    return {
        "id": one.id,
        "method": one.method,
        "base": one.base,
        "folder": one.folder,
        "created": one.created,
        "examples": one.examples,
        "documents": list(one.documents),
        "stale": bool(one.stale),
        "reasons": list(one.stale),
        "refused": one.refused,
        "loss_before": before,
        "loss_after": after,
        "seconds": round(one.seconds, 1),
        "memory_mb": round(one.memory_mb),
    }


def status(found: Status) -> Json:
    return {
        "expert": found.folder,
        "language_model": found.language_model,
        "embedder": found.embedder,
        "documents": len(found.documents),
        "names": list(found.documents),
        "passages": found.passages,
        "languages": dict(found.languages),
        "sources": list(found.roots),
        "adapters": [adapter(one) for one in found.adapters],
        "waiting": found.waiting,
        "feedback": found.feedback,
        "training": found.training,
        "calibrated": found.calibrated,
        "index_version": found.index_version,
        "problem": found.problem,
    }


def _citation(one: Citation) -> Json:
    return {
        "document": one.document,
        "title": one.title,
        "page": one.page,
        "heading": one.heading,
        "place": one.place,
        "start": one.start,
        "end": one.end,
        "quote": one.quote,
        "answer_start": one.answer_start,
        "answer_end": one.answer_end,
        "score": one.score,
    }


def _computation(one: Computation) -> Json:
    return {
        "query": one.query,
        "document": one.document,
        "table": one.table,
        "columns": list(one.columns),
        "rows": [list(row) for row in one.rows],
        "cells": list(one.cells),
        "used": one.used,
    }


def _failure(one: Failure) -> Json:
    return {"source": one.source, "error": one.error, "hint": one.hint}
