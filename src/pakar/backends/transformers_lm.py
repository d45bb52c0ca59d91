"""Language models in this process, through transformers: GPU or CPU.

Writes token by token with its own loop over the model's forward pass, so there is no thread
behind an answer: who stops reading stops the work. Knows no retrieval and no prompts.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.backends.base_weights import load_base
from pakar.backends.chat_prompt import ChatPrompt
from pakar.backends.encoder_folder import read_json
from pakar.backends.numeric_precision import Precision
from pakar.backends.presets import language_model_preset
from pakar.backends.served_model import context_of, stop_ids_of
from pakar.backends.token_stream import IncrementalDecoder, StopStrings
from pakar.errors import ModelError
from pakar.ports import Generation, ModelInfo
from pakar.types import Message

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class TransformersLanguageModel:
    """A causal model from a folder. Tokenizer and weights load when first needed."""

    def __init__(
        self,
        folder: Path,
        spec: str,
        *,
        trust_remote_code: bool = False,
        precision: Precision = "auto",
    ) -> None:
        self._folder = folder
        self._trusted = trust_remote_code
        self._precision: Precision = precision
        self._config = read_json(folder / "config.json")
        preset = language_model_preset(spec, str(self._config.get("model_type", "")))
        self._stop_tokens = preset.stop_tokens
        context = context_of(self._config, preset.context_tokens)
        self._info = ModelInfo(spec, context, preset.licence)
        self._prompt = ChatPrompt(folder, spec)
        self._model: PreTrainedModel | None = None
        self._lock = threading.Lock()

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self._prompt.ids(messages))

    def prompt_text(self, messages: Sequence[Message]) -> str:
        """The conversation exactly as the model reads it."""
        return self._prompt.text(messages)

    def generate(self, messages: Sequence[Message], settings: Generation) -> Iterator[str]:
        """Raises ModelError at the call where the prompt fills the context.

        An answer ends at a stop token, a stop string, `max_tokens`, or the context's end.
        """
        ids = self._prompt.ids(messages)
        room = self._info.context_tokens - len(ids)
        if room < 1:
            raise ModelError(
                f"The prompt has {len(ids)} tokens; {self._info.spec} reads "
                f"{self._info.context_tokens}, its answer included",
                hint="Set fewer `passages` in the section [retrieval] of pakar.toml, or choose a "
                "model with a longer context.",
            )
        tokens = self._tokens(ids, min(settings.max_tokens, room), settings)
        return self._pieces(tokens, settings.stop)

    def _pieces(self, tokens: Iterator[int], stops: Sequence[str]) -> Iterator[str]:
        decoder = IncrementalDecoder(self._prompt.decode)
        stop = StopStrings(stops)
        for token in tokens:
            if piece := stop.add(decoder.add(token)):
                yield piece
            if stop.stopped:
                return
        if piece := stop.add(decoder.finish()):
            yield piece
        if not stop.stopped and (piece := stop.finish()):
            yield piece

    def _tokens(self, prompt: list[int], limit: int, settings: Generation) -> Iterator[int]:
        import torch

        model = self._loaded()
        stop_ids = self._prompt.stop_ids(self._stop_tokens) | stop_ids_of(
            self._folder, self._config
        )
        generator = torch.Generator(model.device).manual_seed(settings.seed)
        step = _Decoding(model)
        given = prompt
        for _ in range(limit):
            token = _choose(step.logits(given), settings.temperature, generator)
            if token in stop_ids:
                return
            yield token
            given = [token]

    def _loaded(self) -> PreTrainedModel:
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model

    def _load(self) -> PreTrainedModel:
        return load_base(
            self._folder,
            self._info.spec,
            precision=self._precision,
            trust_remote_code=self._trusted,
        )


class _Decoding:
    """One answer's forward passes; keeps the attention's keys and values between them."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._past: object = None
        # Logits of the last position only: those of a long prompt would take gigabytes.
        known = inspect.signature(model.forward).parameters
        self._options = {"logits_to_keep": 1} if "logits_to_keep" in known else {}

    def logits(self, tokens: Sequence[int]) -> torch.Tensor:
        """Shape (vocabulary,), float32, for the token after these."""
        import torch

        # Entered anew at every step: a mode left open would leak into the caller at each yield.
        with torch.inference_mode():
            output = self._model(
                input_ids=torch.tensor([tokens], device=self._model.device),
                past_key_values=self._past,
                use_cache=True,
                **self._options,
            )
            self._past = output.past_key_values
            last: torch.Tensor = output.logits[0, -1].float()
            return last


def _choose(logits: torch.Tensor, temperature: float, generator: torch.Generator) -> int:
    import torch

    if temperature <= 0.0:
        return int(logits.argmax())
    weights = torch.softmax(logits / temperature, dim=-1)
    return int(torch.multinomial(weights, 1, generator=generator))
