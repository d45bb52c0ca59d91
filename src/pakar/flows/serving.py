"""The real retriever and the real prompts, as training needs them.

Knows which parts of answering and retrieval a training text is made of; makes no example itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from pakar.answering.focus import Focus, LoadDocument
from pakar.answering.prompt import base_prompt, rag_prompt
from pakar.answering.wording import Wording, wording
from pakar.config import Config
from pakar.language.detect import detect
from pakar.ports import LanguageModel
from pakar.retrieval.search import Retriever
from pakar.training.serving import Rendered, Serving
from pakar.types import Hit, Message


def serving(
    retriever: Retriever, model: LanguageModel, config: Config, load: LoadDocument
) -> Serving:
    """Search and prompts exactly as the routes `rag` and `base` use them."""
    room = model.info.context_tokens - config.answering.max_tokens
    count = model.count_tokens
    fixed = config.answering.language

    def found_in(question: str) -> Wording:
        return wording(retriever.language(question) if fixed == "auto" else fixed)

    def with_passages(question: str, hits: Sequence[Hit], history: Sequence[Message]) -> Rendered:
        words = found_in(question)
        prompt = rag_prompt(question, hits, history, wording=words, count_tokens=count, room=room)
        return Rendered(prompt.messages, prompt.hits)

    def alone(question: str, history: Sequence[Message]) -> Rendered:
        words = wording(detect(question) if fixed == "auto" else fixed)
        prompt = base_prompt(question, history, wording=words, count_tokens=count, room=room)
        return Rendered(prompt.messages)

    return Serving(
        search=lambda question, k: retriever.search(question, k=k),
        with_passages=with_passages,
        alone=alone,
        unknown=lambda question: found_in(question).unknown,
        says_unknown=wording("en").says_unknown,
        passages=config.retrieval.passages,
        narrowing=Focus(config.retrieval.sentences, retriever.nearness, load),
    )
