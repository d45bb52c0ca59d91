"""Figures for Prometheus, in a registry of their own. No label holds anything that a user wrote."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import Response

from pakar.server.access.visitor import Visitor
from pakar.server.lanes import Lanes
from pakar.server.service import needs
from pakar.types import Answer

router = APIRouter(tags=["operations"])
_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
_SLOW = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """What one server counts."""

    def __init__(self, lanes: Lanes) -> None:
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "pakar_requests", "Requests", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "pakar_request_seconds",
            "Until the last byte",
            ["route"],
            buckets=_QUICK,
            registry=registry,
        )
        self._answers = Counter("pakar_answers", "Answers", ["route", "outcome"], registry=registry)
        self._answer_seconds = Histogram(
            "pakar_answer_seconds", "Of whole answers", buckets=_SLOW, registry=registry
        )
        self._first_seconds = Histogram(
            "pakar_first_token_seconds",
            "Until an answer begins",
            buckets=_SLOW,
            registry=registry,
        )
        self._tokens = Counter("pakar_tokens", "Tokens", ["kind"], registry=registry)
        inside = Gauge("pakar_answers_inside", "Answers that run or wait", registry=registry)
        inside.set_function(lambda: lanes.inside)
        lanes.listeners.append(self.ended)

    def requested(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def ended(self, last: object) -> None:
        """The last piece of a stream: an answer, or the error that ended it."""
        if not isinstance(last, Answer):
            self._answers.labels("", "failed").inc()
            return
        self._answers.labels(last.route, "abstained" if last.abstained else "answered").inc()
        self._answer_seconds.observe(last.timings.total)
        self._first_seconds.observe(last.timings.first_token)
        self._tokens.labels("read").inc(last.usage.read)
        self._tokens.labels("written").inc(last.usage.written)

    def text(self) -> bytes:
        return generate_latest(self._registry)


@router.get("/metrics", response_class=Response)
def metrics(request: Request, who: Annotated[Visitor, Depends(needs("admin"))]) -> Response:
    """For Prometheus; needs an admin's key where keys are asked for."""
    found: Metrics = request.app.state.metrics
    return Response(found.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
