"""The shape of a decoder, read from a transformers config.json: sizes and exact parameter counts.

Knows the architectures below and nothing of weights, files or memory. The counts are those of the
`...ForCausalLM` classes of transformers; a test compares them on torch's meta device. Of a model
that also sees or hears (`text_config`), the language part is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pakar.errors import ModelError

Config = Mapping[str, object]

# Far above every published model; a larger number is a mistake in the file.
_LARGEST = 10_000_000
_MOST_LAYERS = 10_000


@dataclass(frozen=True, slots=True)
class Linear:
    """One linear layer of a decoder layer. `reads` names what it reads.

    Layers that read the same keep one copy of it between them.
    """

    name: str
    inputs: int
    outputs: int
    reads: str
    bias: bool = False

    @property
    def weights(self) -> int:
        """Without the bias."""
        return self.inputs * self.outputs

    @property
    def parameters(self) -> int:
        return self.weights + (self.outputs if self.bias else 0)


@dataclass(frozen=True, slots=True)
class ModelShape:
    """All sizes that memory and time depend on.

    `norms` counts the normalisations of a layer over the hidden size, `head_norms` is true where
    queries and keys are normalised too, `fused` where their projections are one linear layer.
    `tied` says that the output layer is the embedding.
    """

    architecture: str
    layers: int
    hidden: int
    feed_forward: int
    heads: int
    key_heads: int
    head_size: int
    vocabulary: int
    context: int
    tied: bool
    linears: tuple[Linear, ...]
    norms: int = 2
    head_norms: bool = False

    @property
    def queries(self) -> int:
        """Width of all queries together."""
        return self.heads * self.head_size

    @property
    def keys(self) -> int:
        """Width of all keys together; the values' is the same."""
        return self.key_heads * self.head_size

    @property
    def fused(self) -> bool:
        return any(one.name == "qkv_proj" for one in self.linears)

    @property
    def embedding(self) -> int:
        """Parameters of the embedding."""
        return self.vocabulary * self.hidden

    @property
    def head(self) -> int:
        """Parameters of the output layer; 0 where it is the embedding."""
        return 0 if self.tied else self.embedding

    @property
    def norm_parameters(self) -> int:
        """Of all normalisations, the last one included."""
        of_heads = 2 * self.head_size if self.head_norms else 0
        return self.layers * (self.norms * self.hidden + of_heads) + self.hidden

    @property
    def linear_weights(self) -> int:
        """Weights of all layers' linears, biases excluded: what QLoRA holds in 4 bits."""
        return self.layers * sum(one.weights for one in self.linears)

    @property
    def layer_parameters(self) -> int:
        """Of one decoder layer."""
        of_norms = (self.norm_parameters - self.hidden) // self.layers
        return sum(one.parameters for one in self.linears) + of_norms

    @property
    def parameters(self) -> int:
        return self.embedding + self.head + self.layers * self.layer_parameters + self.hidden

    def with_layers(self, layers: int) -> ModelShape:
        return replace(self, layers=layers)


@dataclass(frozen=True, slots=True)
class _Family:
    """What an architecture has beyond the common decoder."""

    tied: bool = False
    biased: Callable[[Config], tuple[str, ...]] = lambda config: ()
    head_size: int = 0
    key_heads: int = 0
    norms: int = 2
    head_norms: bool = False
    fused: bool = False


def _llama_biases(config: Config) -> tuple[str, ...]:
    attention = ("q_proj", "k_proj", "v_proj", "o_proj") if config.get("attention_bias") else ()
    feed_forward = ("gate_proj", "up_proj", "down_proj") if config.get("mlp_bias") else ()
    return (*attention, *feed_forward)


def _attention_biases(config: Config) -> tuple[str, ...]:
    return ("q_proj", "k_proj", "v_proj", "o_proj") if config.get("attention_bias") else ()


_GEMMA3 = _Family(True, _attention_biases, 256, 4, norms=4, head_norms=True)
_FAMILIES = {
    "llama": _Family(biased=_llama_biases),
    "mistral": _Family(key_heads=8),
    "qwen2": _Family(biased=lambda config: ("q_proj", "k_proj", "v_proj"), key_heads=32),
    "qwen3": _Family(biased=_attention_biases, head_size=128, key_heads=32, head_norms=True),
    "phi3": _Family(fused=True),
    "gemma": _Family(True, _attention_biases, 256, 16),
    "gemma2": _Family(True, _attention_biases, 256, 4, norms=4),
    "gemma3_text": _GEMMA3,
    "gemma3": _GEMMA3,
}


def read_shape(config: Config, *, name: str = "the model") -> ModelShape:
    """The shape that a config.json describes. `name` stands in the errors.

    Raises ModelError where the architecture is not known or a number is missing or impossible.
    """
    kind = config.get("model_type")
    inner = config.get("text_config")
    if isinstance(inner, Mapping):
        config = inner
    family = _FAMILIES.get(kind) if isinstance(kind, str) else None
    if family is None:
        raise ModelError(
            f"{name}: no plan for the architecture {kind!r:.60}",
            hint=f"Known: {', '.join(_FAMILIES)}. For another model: pakar plan --parameters 7B",
        )
    hidden = _whole(config, "hidden_size", name)
    heads = _whole(config, "num_attention_heads", name)
    head_size = _whole(config, "head_dim", name, family.head_size or hidden // heads or None)
    key_heads = _whole(config, "num_key_value_heads", name, family.key_heads or heads)
    if heads % key_heads:
        raise _impossible(name, "num_key_value_heads", key_heads)
    shape = ModelShape(
        architecture=str(kind),
        layers=_whole(config, "num_hidden_layers", name, most=_MOST_LAYERS),
        hidden=hidden,
        feed_forward=_whole(config, "intermediate_size", name),
        heads=heads,
        key_heads=key_heads,
        head_size=head_size,
        vocabulary=_whole(config, "vocab_size", name),
        context=_whole(config, "max_position_embeddings", name, 2048, most=10**9),
        tied=_tied(config, family),
        linears=(),
        norms=family.norms,
        head_norms=family.head_norms,
    )
    return replace(shape, linears=_linears(shape, family, family.biased(config)))


def _linears(shape: ModelShape, family: _Family, biased: tuple[str, ...]) -> tuple[Linear, ...]:
    hidden, queries, keys, wide = shape.hidden, shape.queries, shape.keys, shape.feed_forward
    if family.fused:
        return (
            Linear("qkv_proj", hidden, queries + 2 * keys, "attention input"),
            Linear("o_proj", queries, hidden, "attention output"),
            Linear("gate_up_proj", hidden, 2 * wide, "feed-forward input"),
            Linear("down_proj", wide, hidden, "feed-forward product"),
        )
    return (
        Linear("q_proj", hidden, queries, "attention input", "q_proj" in biased),
        Linear("k_proj", hidden, keys, "attention input", "k_proj" in biased),
        Linear("v_proj", hidden, keys, "attention input", "v_proj" in biased),
        Linear("o_proj", queries, hidden, "attention output", "o_proj" in biased),
        Linear("gate_proj", hidden, wide, "feed-forward input", "gate_proj" in biased),
        Linear("up_proj", hidden, wide, "feed-forward input", "up_proj" in biased),
        Linear("down_proj", wide, hidden, "feed-forward product", "down_proj" in biased),
    )


def _tied(config: Config, family: _Family) -> bool:
    value = config.get("tie_word_embeddings")
    return value if isinstance(value, bool) else family.tied


def _whole(
    config: Config, key: str, name: str, default: int | None = None, most: int = _LARGEST
) -> int:
    value = config.get(key)
    if value is None:
        value = default
    if value is None:
        raise ModelError(
            f"{name}: its config.json has no {key}", hint="Fetch the model's config.json again."
        )
    # JSON's true is an int in Python.
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
        raise _impossible(name, key, value)
    return value


def _impossible(name: str, key: str, value: object) -> ModelError:
    return ModelError(
        f"{name}: its config.json says {key} = {value!r:.60}, which no model has",
        hint="Fetch the model's config.json again.",
    )
