"""What is known of published models beyond their own files: a table of facts, no code.

Context lengths, stop tokens and licences of the Phi family are from Microsoft's model cards and
generation_config.json files on the Hugging Face hub; dimensions and prefixes of embedders from
their providers' documentation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

RECOMMENDED = (
    "bundled:smollm2-135m-instruct",
    "bundled:multilingual-e5-small",
    "bundled:all-minilm-l6-v2",
    "hf:microsoft/Phi-4-mini-instruct",
    "hf:microsoft/Phi-3.5-mini-instruct",
    "hf:microsoft/Phi-3-mini-4k-instruct",
)


@dataclass(frozen=True, slots=True)
class LanguageModelPreset:
    """`stop_tokens` end an answer in addition to the end-of-sequence token.

    `context_tokens` is 0 where the model's own configuration is to be believed.
    """

    stop_tokens: tuple[str, ...] = ()
    context_tokens: int = 0
    licence: str = ""


@dataclass(frozen=True, slots=True)
class EndpointEmbedderPreset:
    """An embedding model at an endpoint.

    `dimensions` is 0 where the endpoint says it by its first answer. `query` and `passage` are
    what the request carries for that role: `*_fields` extra JSON fields,
    `*_prefix` words before the text.
    """

    dimensions: int = 0
    max_tokens: int = 512
    shortens: bool = False
    query_fields: tuple[tuple[str, str], ...] = ()
    passage_fields: tuple[tuple[str, str], ...] = ()
    query_prefix: str = ""
    passage_prefix: str = ""


_PHI_STOPS = ("<|end|>", "<|endoftext|>")

# By the lower-case name of the model without its organisation.
LANGUAGE_MODELS = {
    "phi-3-mini-4k-instruct": LanguageModelPreset(_PHI_STOPS, 4096, "mit"),
    "phi-3-mini-128k-instruct": LanguageModelPreset(_PHI_STOPS, 131_072, "mit"),
    "phi-3-small-8k-instruct": LanguageModelPreset(_PHI_STOPS, 8192, "mit"),
    "phi-3-small-128k-instruct": LanguageModelPreset(_PHI_STOPS, 131_072, "mit"),
    "phi-3-medium-4k-instruct": LanguageModelPreset(_PHI_STOPS, 4096, "mit"),
    "phi-3-medium-128k-instruct": LanguageModelPreset(_PHI_STOPS, 131_072, "mit"),
    "phi-3.5-mini-instruct": LanguageModelPreset(_PHI_STOPS, 131_072, "mit"),
    "phi-4-mini-instruct": LanguageModelPreset(_PHI_STOPS, 131_072, "mit"),
    "smollm2-135m-instruct": LanguageModelPreset(("<|im_end|>",), 8192, "apache-2.0"),
}

# By config.json's model_type, for models whose name says nothing (a renamed or tuned copy).
ARCHITECTURES = {
    "phi3": LanguageModelPreset(_PHI_STOPS),
    "phi3small": LanguageModelPreset(_PHI_STOPS),
}

# Tokens that end a turn in the chat templates in use. They count only where the template writes
# them and the vocabulary has them.
TURN_ENDS = ("<|im_end|>", "<|end|>", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>", "</s>")

_JINA = EndpointEmbedderPreset(
    dimensions=1024,
    max_tokens=8192,
    shortens=True,
    query_fields=(("task", "retrieval.query"),),
    passage_fields=(("task", "retrieval.passage"),),
)

ENDPOINT_EMBEDDERS = {
    "text-embedding-3-small": EndpointEmbedderPreset(1536, 8191, shortens=True),
    "text-embedding-3-large": EndpointEmbedderPreset(3072, 8191, shortens=True),
    "jina-embeddings-v3": _JINA,
    "jina-embeddings-v4": EndpointEmbedderPreset(
        dimensions=2048,
        max_tokens=32_768,
        shortens=True,
        query_fields=_JINA.query_fields,
        passage_fields=_JINA.passage_fields,
    ),
}


# Servers that add e5's prefixes themselves, by the role that the request names.
_E5_BY_FIELD = frozenset({"e5", "e5-query", "e5-passage", "multilingual-e5-small-q4"})
_E5_WITH_ROLES = EndpointEmbedderPreset(
    query_fields=(("input_type", "query"),), passage_fields=(("input_type", "passage"),)
)


def language_model_preset(spec: str, architecture: str) -> LanguageModelPreset:
    """By the last part of the spec, else by the architecture, else what holds for every model."""
    short = re.split(r"[/\\:]", spec.rstrip("/\\"))[-1].lower()
    found = LANGUAGE_MODELS.get(short) or ARCHITECTURES.get(architecture)
    return found or LanguageModelPreset()


def endpoint_embedder_preset(model: str) -> EndpointEmbedderPreset:
    """By the model's name, else by the e5 family's habits, else what holds for every model."""
    short = model.rpartition("/")[2].lower()
    if short in ENDPOINT_EMBEDDERS:
        return ENDPOINT_EMBEDDERS[short]
    if short in _E5_BY_FIELD:
        return _E5_WITH_ROLES
    words = short.replace("_", "-").replace(":", "-").split("-")
    if "e5" in words and "instruct" not in words:
        return EndpointEmbedderPreset(query_prefix="query: ", passage_prefix="passage: ")
    return EndpointEmbedderPreset()
