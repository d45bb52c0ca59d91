"""From the accepted examples to what a model is trained on.

Puts folder, forms and serving in sequence; holds no logic of a step.
"""

from __future__ import annotations

from dataclasses import replace

from pakar.errors import ExampleError
from pakar.flows.examples import ExampleDesk
from pakar.flows.index_in_force import retriever
from pakar.flows.indexed import document, documents
from pakar.flows.serving import serving
from pakar.flows.workplace import Workplace
from pakar.training.forms import Progress, TrainingSet, texts, training_set
from pakar.types import Message


def training_data(place: Workplace, *, progress: Progress | None = None) -> TrainingSet:
    """All forms that the settings name. Documents are read only where texts are wanted.

    Raises ExampleError where there is nothing to learn from.
    """
    wanted, model = place.config.examples, place.model
    made = training_set(
        ExampleDesk(place).accepted().kept,
        serving(retriever(place), model, place.config, lambda name: document(place, name)),
        wanted,
        seed=place.config.training.seed,
        progress=progress,
    )
    if "text" in wanted.forms:
        room = model.info.context_tokens

        def count_tokens(text: str) -> int:
            return model.count_tokens([Message("assistant", text)])

        found = texts(documents(place), count_tokens, room)
        counts = {**made.counts, "text": made.counts.get("text", 0) + len(found)}
        made = replace(made, examples=(*made.examples, *found), counts=counts)
    if not made.examples:
        raise ExampleError(
            "there are no accepted examples to learn from",
            hint="Make some: pakar examples build. Or bring your own: pakar examples import FILE",
        )
    return made
