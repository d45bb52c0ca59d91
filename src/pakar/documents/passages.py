"""How a document becomes passages: texts by their sections, tables row by row."""

from __future__ import annotations

from pakar.documents.mediatype import TABLES
from pakar.documents.split import CountTokens, split
from pakar.documents.tables.split import split_tables
from pakar.types import Document, Passage


def split_document(
    document: Document, *, max_tokens: int, size: int, count_tokens: CountTokens
) -> list[Passage]:
    """The passages of a document in order. See `split` and `split_tables`."""
    chosen = split_tables if document.media_type in TABLES else split
    return chosen(document, max_tokens=max_tokens, size=size, count_tokens=count_tokens)
