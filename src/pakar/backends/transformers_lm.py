"""Language models in this process, through transformers: GPU or CPU.

Writes token by token with its own loop over the model's forward pass, so there is no thread
behind an answer: who stops reading stops the work. Knows no retrieval and no prompts.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.backends.adapters_in_memory import AdaptersInMemory
from pakar.backends.base_weights import Packing, load_base
from pakar.backends.chat_prompt import ChatPrompt
from pakar.backends.encoder_folder import read_json
from pakar.backends.four_bits import unpack_for_answers
from pakar.backends.meter import Meter, MeteredPieces, TokenLimitError
from pakar.backends.numeric_precision import Precision
from pakar.backends.presets import language_model_preset
from pakar.backends.rotary_switch import switch_of
from pakar.backends.schema_guide import SchemaCompiler, SchemaGuide
from pakar.backends.served_model import context_of, stop_ids_of
from pakar.backends.token_stream import IncrementalDecoder, StopStrings
from pakar.errors import PromptTooLongError
from pakar.ports import Generation, ModelInfo
from pakar.types import Message

if TYPE_CHECKING:
    import torch

# Of the probability, from which on a refusal is likelier than all answers together.
_SURE = 0.5


class TransformersLanguageModel:
    """A causal model from a folder. Tokenizer and weights load when first needed."""

    def __init__(
        self,
        folder: Path,
        spec: str,
        *,
        trust_remote_code: bool = False,
        precision: Precision = "auto",
        packing: Packing = "whole",
    ) -> None:
        self._folder = folder
        self._packing: Packing = packing
        self._trusted = trust_remote_code
        self._precision: Precision = precision
        self._config = read_json(folder / "config.json")
        preset = language_model_preset(spec, str(self._config.get("model_type", "")))
        self._stop_tokens = preset.stop_tokens
        context = context_of(self._config, preset.context_tokens)
        self._info = ModelInfo(spec, context, preset.licence)
        self._prompt = ChatPrompt(folder, spec)
        self._models: AdaptersInMemory | None = None
        self._four_bit: TransformersLanguageModel | None = None
        self._compiler = SchemaCompiler()
        self._lock = threading.Lock()
        self._running = threading.Lock()

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self._prompt.ids(messages))

    def prompt_text(self, messages: Sequence[Message]) -> str:
        """The conversation exactly as the model reads it."""
        return self._prompt.text(messages)

    @property
    def template(self) -> str:
        """The fingerprint of the chat template that prompts are written with."""
        return self._prompt.template_fingerprint

    def adapted(self, folder: Path, *, four_bit: bool = False) -> AdaptedLanguageModel:
        """This model with the adapter in `folder`; the base model is loaded once for all.

        `four_bit`: over the base model in 4 bits, as QLoRA trained it.
        """
        return AdaptedLanguageModel(self._host(four_bit), folder)

    def forget(self, folder: Path) -> None:
        """Frees an adapter's memory."""
        for host in (self, self._four_bit):
            if host is not None and host._models is not None:
                with host._running:
                    host._models.forget(folder)

    def _host(self, four_bit: bool) -> TransformersLanguageModel:
        if not four_bit:
            return self
        with self._lock:
            if self._four_bit is None:
                self._four_bit = TransformersLanguageModel(
                    self._folder,
                    self._info.spec,
                    trust_remote_code=self._trusted,
                    precision=self._precision,
                    packing="nf4",
                )
            return self._four_bit

    def generate(self, messages: Sequence[Message], settings: Generation) -> Iterator[str]:
        """Raises PromptTooLongError at the call where the prompt fills the context, and ModelError
        where the schema is wrong.

        An answer ends at a stop token, a stop string, `max_tokens`, or the context's end. With a
        schema it is valid JSON of that schema, or ends in CutOffError.
        """
        return self.generate_with(None, messages, settings)

    def generate_with(
        self, adapter: Path | None, messages: Sequence[Message], settings: Generation
    ) -> Iterator[str]:
        """The same through the adapter in this folder."""
        ids = self._prompt.ids(messages)
        room = self._info.context_tokens - len(ids)
        if room < 1:
            raise PromptTooLongError(
                f"The prompt has {len(ids)} tokens; {self._info.spec} reads "
                f"{self._info.context_tokens}, its answer included",
                hint="Set fewer `passages` in the section [retrieval] of pakar.toml, or choose a "
                "model with a longer context.",
            )
        stops = self._stop_ids()
        guide = None
        if settings.schema is not None:
            guide = self._compiler.guide(settings.schema, self._prompt.tokenizer_json(), stops)
        refusal = None
        if adapter is not None and guide is None and settings.refusal and not settings.temperature:
            refusal = next(iter(self._prompt.answer_ids(settings.refusal, messages)), None)
        asked = _Asked(ids, min(settings.max_tokens, room), stops, adapter, refusal)
        meter = Meter(len(ids))
        tokens = meter.counted(self._tokens(asked, settings, guide))
        return MeteredPieces(self._pieces(tokens, settings.stop, guide), meter)

    def _stop_ids(self) -> frozenset[int]:
        own = stop_ids_of(self._folder, self._config)
        return self._prompt.stop_ids(self._stop_tokens) | own

    def _pieces(
        self, tokens: Iterator[int], stops: Sequence[str], guide: SchemaGuide | None
    ) -> Generator[str, None, None]:
        decoder = IncrementalDecoder(self._prompt.decode)
        stop = StopStrings(stops)
        for token in tokens:
            if piece := stop.add(decoder.add(token)):
                yield piece
            if stop.stopped:
                break
        if not stop.stopped and (piece := stop.add(decoder.finish())):
            yield piece
        if not stop.stopped and (piece := stop.finish()):
            yield piece
        if guide is not None:
            guide.require_whole(stopped=stop.stopped)

    def _tokens(
        self, asked: _Asked, settings: Generation, guide: SchemaGuide | None
    ) -> Iterator[int]:
        import torch

        models = self._loaded()
        generator = torch.Generator(models.base.device).manual_seed(settings.seed)
        step = _Decoding(models, asked.adapter, self._running)
        given, left = asked.prompt, asked.limit
        while left > 0 and not (guide is not None and guide.finished):
            logits = step.logits(given)
            if guide is not None:
                logits = guide.allowed(logits)
            if left == asked.limit and asked.refusal is not None:
                logits = _refusing_only_if_sure(logits, asked.refusal)
            token = _choose(logits, settings.temperature, generator)
            if token in asked.stop_ids:
                return
            given = [token] if guide is None else guide.take(token, left)
            left -= len(given)
            yield from given
        if guide is None or not guide.finished:
            raise TokenLimitError

    def _loaded(self) -> AdaptersInMemory:
        with self._lock:
            if self._models is None:
                base = load_base(
                    self._folder,
                    self._info.spec,
                    precision=self._precision,
                    packing=self._packing,
                    trust_remote_code=self._trusted,
                )
                if self._packing == "nf4":
                    unpack_for_answers(base)
                self._models = AdaptersInMemory(base, self._info.spec)
            return self._models


class AdaptedLanguageModel:
    """A model with an adapter over it: the port `LanguageModel`."""

    def __init__(self, host: TransformersLanguageModel, folder: Path) -> None:
        self._host = host
        self._folder = folder

    @property
    def info(self) -> ModelInfo:
        return self._host.info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self._host.count_tokens(messages)

    def generate(self, messages: Sequence[Message], settings: Generation) -> Iterator[str]:
        """Raises what the base model raises, and TrainingError where the adapter does not fit."""
        return self._host.generate_with(self._folder, messages, settings)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One prompt, how many tokens may follow, which end them, through which adapter, and the token
    with which it would refuse."""

    prompt: list[int]
    limit: int
    stop_ids: frozenset[int]
    adapter: Path | None
    refusal: int | None = None


class _Decoding:
    """One answer's forward passes; keeps the attention's keys and values between them."""

    def __init__(
        self, models: AdaptersInMemory, adapter: Path | None, running: threading.Lock
    ) -> None:
        self._models = models
        self._adapter = adapter
        self._running = running
        self._past: object = None
        self._read: list[int] = []
        self._switch = switch_of(models.base)
        # Logits of the last position only: those of a long prompt would take gigabytes.
        known = inspect.signature(models.base.forward).parameters
        self._options = {"logits_to_keep": 1} if "logits_to_keep" in known else {}

    def logits(self, tokens: Sequence[int]) -> torch.Tensor:
        """Shape (vocabulary,), float32, for the token after these."""
        import torch

        tokens = self._to_read(tokens)
        # Entered anew at every step: a mode left open would leak into the caller at each yield.
        # The lock, because another answer may need another adapter over the same weights.
        with self._running, torch.inference_mode():
            model = self._models.activate(self._adapter)
            output = model(
                input_ids=torch.tensor([tokens], device=model.device),
                past_key_values=self._past,
                use_cache=True,
                **self._options,
            )
            self._past = output.past_key_values
            last: torch.Tensor = output.logits[0, -1].float()
            return last

    def _to_read(self, tokens: Sequence[int]) -> Sequence[int]:
        """The tokens that are new to the model, or all where what it kept is no longer right."""
        before = len(self._read)
        self._read += tokens
        if self._switch is None or not before <= self._switch < len(self._read):
            return tokens
        self._past = None
        return self._read


def _refusing_only_if_sure(logits: torch.Tensor, refusal: int) -> torch.Tensor:
    """Without the refusal's first token, unless it has half of the probability.

    A learned refusal always begins alike, and answers do not: it is often the likeliest beginning
    where an answer, with one beginning or another, is likelier (measured: benchmarks/LOG.md).
    """
    import torch

    if float(torch.softmax(logits, dim=-1)[refusal]) >= _SURE:
        return logits
    without = logits.clone()
    without[refusal] = -torch.inf
    return without


def _choose(logits: torch.Tensor, temperature: float, generator: torch.Generator) -> int:
    import torch

    if temperature <= 0.0:
        return int(logits.argmax())
    weights = torch.softmax(logits / temperature, dim=-1)
    return int(torch.multinomial(weights, 1, generator=generator))
