"""From the accepted examples to what a model is trained on.

Puts folder, forms and serving in sequence; holds no logic of a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pakar.config import Config
from pakar.errors import ExampleError
from pakar.flows.serving import serving
from pakar.ports import LanguageModel
from pakar.retrieval.search import Retriever
from pakar.training.forms import Progress, TrainingSet, texts, training_set
from pakar.types import Document, Example, Message


def training_data(
    examples: Sequence[Example],
    retriever: Retriever,
    model: LanguageModel,
    config: Config,
    *,
    documents: Callable[[], Sequence[Document]],
    progress: Progress | None = None,
) -> TrainingSet:
    """All forms that the settings name. `documents` is asked only where texts are wanted.

    Raises ExampleError where there is nothing to learn from.
    """
    wanted = config.examples
    made = training_set(
        examples,
        serving(retriever, model, config),
        wanted,
        seed=config.training.seed,
        progress=progress,
    )
    if "text" in wanted.forms:
        room = model.info.context_tokens

        def fits(text: str) -> bool:
            return model.count_tokens([Message("assistant", text)]) <= room

        found = texts(documents(), fits)
        counts = {**made.counts, "text": made.counts.get("text", 0) + len(found)}
        made = replace(made, examples=(*made.examples, *found), counts=counts)
    if not made.examples:
        raise ExampleError(
            "there are no accepted examples to learn from",
            hint="Make some: pakar examples build. Or bring your own: pakar examples import FILE",
        )
    return made
