"""Memory of a training run: each term against the libraries or against what others measured."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.errors import ConfigError
from pakar.training.known_models import find_known
from pakar.training.machine import Machine
from pakar.training.memory import memory, saved_per_token
from pakar.training.model_shape import ModelShape, read_shape
from pakar.training.run_setup import (
    FORMATS,
    METHODS,
    OPTIMIZERS,
    PEFT,
    Device,
    Kernels,
    MicroBatch,
    Setup,
)
from pakar.training.states import adapter_parameters, nf4_bytes

# LitGPT's own layers: an adapter with dropout, normalisations in float32, all positions scored.
LITGPT = Kernels("litgpt", dropout=True, wide_norms=True)


def shape_of(name: str) -> ModelShape:
    known = find_known(name)
    assert known is not None
    return read_shape(known.config)


def test_four_bit_weights_take_what_bitsandbytes_stores() -> None:
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("bitsandbytes.functional")
    weight = torch.randn(576, 1536)
    packed, state = functional.quantize_4bit(weight, quant_type="nf4", compress_statistics=True)
    stored = [
        packed,
        state.absmax,
        state.code,
        state.offset,
        state.state2.absmax,
        state.state2.code,
    ]
    assert sum(one.numel() * one.element_size() for one in stored) == nf4_bytes(weight.numel())


# peft asks transformers by a name that it is about to drop.
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
def test_adapters_are_as_large_as_pefts() -> None:
    peft = pytest.importorskip("peft")
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    config = {
        "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 2, "vocab_size": 90,
        "num_attention_heads": 6, "num_key_value_heads": 2, "pad_token_id": 0,
    }  # fmt: skip
    with torch.device("meta"):
        made = transformers.AutoConfig.for_model("phi3", **config)
        model = transformers.AutoModelForCausalLM.from_config(made)
        model = peft.get_peft_model(
            model, peft.LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
        )
    trained = sum(one.numel() for one in model.parameters() if one.requires_grad)
    shape = read_shape({"model_type": "phi3", **config})
    assert adapter_parameters(shape, Setup(rank=4)) == trained


@pytest.mark.parametrize("kind", ["llama", "phi3", "qwen3"])
@pytest.mark.parametrize("method", ["lora", "full"])
def test_kept_tensors_are_those_that_autograd_keeps(kind: str, method: str) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from pakar.training.plain_step import plain_step

    config = {
        "model_type": kind, "hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 3,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 90,
        "max_position_embeddings": 256,
    }  # fmt: skip
    shape, setup, tokens = read_shape(config), Setup(method), 192  # type: ignore[arg-type]
    kept = [_kept(torch, plain_step(config, shape, setup, layers), tokens) for layers in (1, 3)]
    measured = (kept[1] - kept[0]) / 2 / tokens
    planned = sum(size for _, size in saved_per_token(shape, setup))
    assert planned == pytest.approx(measured, rel=0.04)


def _kept(torch: object, step: object, tokens: int) -> int:
    """Bytes of all tensors of `tokens` rows that a step keeps for its backward pass."""
    storages: dict[int, object] = {}

    def keep(tensor: object) -> object:
        if tokens in tensor.shape:  # type: ignore[attr-defined]
            storage = tensor.untyped_storage()  # type: ignore[attr-defined]
            storages[storage.data_ptr()] = storage
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks  # type: ignore[attr-defined]
    with hooks(keep, lambda tensor: tensor):
        step(1, tokens, 8)  # type: ignore[operator]
    return sum(one.nbytes() for one in storages.values())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("model", "setup", "tokens", "published"),
    [
        # LitGPT's config_hub/finetune table, peak memory in GB on one A10G; settings of its
        # YAML files. Micro-batch × 512 tokens, the longest that a micro-batch can be.
        ("phi-3-mini-4k-instruct", Setup("lora", 8, precision="bfloat16"), 2048, 19.75),
        ("llama-2-7b", Setup("lora", 32, ("q_proj", "v_proj"), precision="bfloat16"), 1024, 19.77),
        ("mistral-7b", Setup("lora", 32, ("q_proj", "v_proj"), precision="bfloat16"), 1024, 20.66),
    ],
    ids=["phi-3-mini", "llama-2-7b", "mistral-7b"],
)
def test_litgpts_published_peaks_are_met(
    model: str, setup: Setup, tokens: int, published: float
) -> None:
    given_setup = Setup(
        setup.method, setup.rank, setup.targets, precision="bfloat16", kernels=LITGPT
    )
    peak = memory(shape_of(model), given_setup, MicroBatch(tokens, tokens)).peak / 1e9
    assert peak == pytest.approx(published, rel=0.1)


def test_the_usual_sum_of_the_70b_model_on_cards_of_32_gb() -> None:
    shape = shape_of("llama-3.1-70b")

    def cards(method: str) -> int:
        setup = Setup(method, precision="float16")  # type: ignore[arg-type]
        ledger = memory(shape, setup, MicroBatch(1, 1))
        return math.ceil(ledger.of("weights", "adapter", "optimizer") / 32e9)

    assert [cards("full"), cards("lora"), cards("qlora")] == [36, 5, 2]


def test_a_sharded_run_divides_states_and_not_activations() -> None:
    shape, batch = shape_of("llama-3.1-8b"), MicroBatch(2048, 512)
    setup = Setup("full", precision="bfloat16")
    one, four = (memory(shape, setup, batch, where=Device(count)) for count in (1, 4))
    for group in ("weights", "adapter", "optimizer"):
        assert four.of(group) == pytest.approx(one.of(group) / 4, abs=8)  # type: ignore[arg-type]
    assert four.of("activations") == one.of("activations")
    assert four.of("working") > one.of("working")


@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_only_products_in_16_bits_are_compiled_on_a_cpu(precision) -> None:
    setup, batch = Setup(precision=precision), MicroBatch(2048, 512)
    cpu = memory(shape_of("smollm2-135m"), setup, batch, where=Machine("a CPU", 10**10).device)
    card = memory(shape_of("smollm2-135m"), setup, batch, where=Device(1))
    compiled = [line.bytes for line in cpu.lines if line.name == "compiled products"]
    assert compiled == ([512_000_000] if precision == "bfloat16" else [])
    assert all(line.name != "compiled products" for line in card.lines)


def test_peft_keeps_more_than_fused_layers() -> None:
    shape = shape_of("phi-4-mini-instruct")
    fused = Setup(precision="bfloat16")
    plain = Setup(precision="bfloat16", kernels=PEFT)
    kept = [sum(size for _, size in saved_per_token(shape, one)) for one in (fused, plain)]
    assert kept[0] < kept[1]


@given(
    method=st.sampled_from(METHODS),
    optimizer=st.sampled_from(OPTIMIZERS),
    precision=st.sampled_from(FORMATS),
    checkpointing=st.booleans(),
    tokens=st.integers(1, 10_000),
    count=st.integers(1, 64),
)
def test_more_never_takes_less(
    method: str, optimizer: str, precision: str, checkpointing: bool, tokens: int, count: int
) -> None:
    shape = shape_of("phi-4-mini-instruct")
    setup = Setup(
        method, 16, ("all-linear",), optimizer, precision, checkpointing  # type: ignore[arg-type]
    )  # fmt: skip
    where = Device(count)
    peaks = [
        memory(shape, setup, MicroBatch(size, size // 2), where=where).peak
        for size in (tokens, tokens + 100)
    ]
    assert 0 < peaks[0] < peaks[1]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Setup("dora"), "method 'dora'"),  # type: ignore[arg-type]
        (lambda: Setup(optimizer="adam"), "optimizer 'adam'"),  # type: ignore[arg-type]
        (lambda: Setup(precision="int3"), "precision 'int3'"),  # type: ignore[arg-type]
        (lambda: Setup(rank=0), "rank 0"),
        (lambda: Setup(targets=()), "no target"),
        (lambda: MicroBatch(0, 0), "0 tokens"),
        (lambda: MicroBatch(5, 6), "6 to be learned"),
        (lambda: Setup(targets=("qkv_proj",)).adapted(shape_of("llama-3.1-8b")), "qkv_proj"),
    ],
)
def test_impossible_settings_are_one_clear_error(wrong: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        wrong()  # type: ignore[operator]
    assert caught.value.hint
