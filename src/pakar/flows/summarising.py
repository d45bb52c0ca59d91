"""Adds summaries to the passages of a document, as the settings want them."""

from __future__ import annotations

from collections.abc import Callable

from pakar.documents.summarise import Extractive, summaries
from pakar.flows.workplace import Workplace
from pakar.types import Document, Passage


def summarised(place: Workplace) -> Callable[[Document], list[Passage]]:
    """Splits a document into passages, and sums it up beside them."""
    settings = place.config.summaries
    if settings.mode == "off":
        return place.split
    summarise = Extractive(settings.sentences)

    def split(document: Document) -> list[Passage]:
        passages = place.split(document)
        embedder = place.embedder
        tokens = (embedder.info.max_tokens, embedder.count_tokens)
        return passages + summaries(document, passages, settings, summarise, tokens=tokens)

    return split
