"""POST /v1/embeddings: the expert's own embedder."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Depends

from pakar.expert import Expert
from pakar.ports import Vectors
from pakar.server.access.view import unknown_model
from pakar.server.openai.names import EMBEDDINGS, model_name
from pakar.server.openai.wire import (
    EmbeddingBody,
    EmbeddingsBody,
    EmbeddingsRequest,
    EmbeddingUsage,
)
from pakar.server.problems import RequestError
from pakar.server.service import Service, service_of

router = APIRouter()


@router.post("/embeddings")
def embeddings(
    body: EmbeddingsRequest, service: Annotated[Service, Depends(service_of)]
) -> EmbeddingsBody:
    """Vectors of unit length. A text that is longer than the embedder reads is refused."""
    name = model_name(service.name, EMBEDDINGS)
    if body.model not in (name, EMBEDDINGS):
        raise unknown_model(body.model, [name])
    texts = [body.input] if isinstance(body.input, str) else body.input
    _check_dimensions(service.expert, body.dimensions)
    counts = _counted(service.expert, texts)
    vectors = service.expert.embedder.embed(texts, body.input_type)
    as_text = body.encoding_format == "base64"
    return EmbeddingsBody(
        data=[
            EmbeddingBody(index=index, embedding=_encoded(row) if as_text else row.tolist())
            for index, row in enumerate(vectors)
        ],
        model=body.model,
        usage=EmbeddingUsage(prompt_tokens=sum(counts), total_tokens=sum(counts)),
    )


def _check_dimensions(expert: Expert, wanted: int | None) -> None:
    given = expert.embedder.info.dimensions
    if wanted not in (None, given):
        raise RequestError(
            f"this embedder gives {given} dimensions, not {wanted}",
            status=400,
            code="invalid_request",
            param="dimensions",
            hint="Leave the field out.",
        )


def _counted(expert: Expert, texts: list[str]) -> list[int]:
    counts = expert.embedder.count_tokens(texts)
    most = expert.embedder.info.max_tokens
    for index, count in enumerate(counts):
        if count > most:
            raise RequestError(
                f"text {index} has {count} tokens, the embedder reads {most}",
                status=400,
                code="context_length_exceeded",
                param="input",
                hint="Split it.",
            )
    return counts


def _encoded(row: Vectors) -> str:
    """Little-endian float32, as OpenAI's client reads it."""
    return base64.b64encode(row.astype("<f4").tobytes()).decode("ascii")
