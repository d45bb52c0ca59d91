"""A model's shape from its configuration alone: counts equal to the real class's."""

from __future__ import annotations

import pytest

from pakar.errors import ModelError
from pakar.training.known_models import find_known, known_models
from pakar.training.model_shape import ModelShape, read_shape

_SMALL = {
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_VARIANTS = [
    {"model_type": "llama"},
    {"model_type": "llama", "attention_bias": True, "mlp_bias": True},
    {"model_type": "llama", "tie_word_embeddings": True, "head_dim": 12},
    {"model_type": "mistral"},
    {"model_type": "mistral", "num_key_value_heads": None, "head_dim": 16},
    {"model_type": "qwen2"},
    {"model_type": "qwen2", "tie_word_embeddings": True},
    {"model_type": "qwen3"},
    {"model_type": "qwen3", "attention_bias": True, "head_dim": 16},
    {"model_type": "phi3"},
    {"model_type": "phi3", "tie_word_embeddings": True},
    {"model_type": "gemma"},
    {"model_type": "gemma2"},
    {"model_type": "gemma2", "tie_word_embeddings": False, "head_dim": 16},
    {"model_type": "gemma3_text"},
]


def _counted_by_transformers(config: dict[str, object]) -> int:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    given = dict(config)
    made = transformers.AutoConfig.for_model(given.pop("model_type"), **given)
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(made)
    return sum(one.numel() for one in model.parameters())


@pytest.mark.parametrize("variant", _VARIANTS, ids=str)
def test_the_count_is_that_of_the_real_class(variant: dict[str, object]) -> None:
    config = {**_SMALL, **variant}
    if config["num_key_value_heads"] is None:
        config["num_key_value_heads"] = 3
    assert read_shape(config).parameters == _counted_by_transformers(config)


@pytest.mark.parametrize("name", sorted(known_models()))
def test_known_models_have_their_published_size(name: str) -> None:
    known = known_models()[name]
    shape = read_shape(known.config, name=name)
    # Published as "3.8B": right to the digits that are written.
    assert shape.parameters == pytest.approx(known.published_parameters, rel=0.02)


@pytest.mark.parametrize("name", ["phi-3-mini-4k-instruct", "phi-4-mini-instruct"])
def test_the_phi_models_are_counted_as_transformers_does(name: str) -> None:
    found = find_known(f"hf:microsoft/{name}")
    assert found is not None
    config = {**found.config, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    assert read_shape(config).parameters == _counted_by_transformers(config)


def test_the_parts_add_up() -> None:
    shape = read_shape({**_SMALL, "model_type": "phi3"})
    assert isinstance(shape, ModelShape)
    parts = shape.embedding + shape.head + shape.linear_weights + shape.norm_parameters
    assert parts == shape.parameters


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "t5"}, "'t5'"),
        ({"model_type": None}, "None"),
        ({"hidden_size": None}, "no hidden_size"),
        ({"hidden_size": "48"}, "hidden_size = '48'"),
        ({"num_hidden_layers": 0}, "num_hidden_layers = 0"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers"),
        ({"vocab_size": True}, "vocab_size = True"),
        ({"num_key_value_heads": 4}, "num_key_value_heads = 4"),
        ({"intermediate_size": -3}, "intermediate_size = -3"),
    ],
)
def test_a_wrong_configuration_is_one_clear_error(change: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        read_shape({**_SMALL, "model_type": "llama", **change}, name="acme")
    assert str(caught.value).startswith("acme")
    assert caught.value.hint
