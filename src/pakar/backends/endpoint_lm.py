"""Language models behind an OpenAI-compatible endpoint. Knows the message `/chat/completions`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from pakar.backends.endpoint_client import EndpointClient, Json
from pakar.backends.endpoint_spec import EndpointSpec
from pakar.backends.presets import language_model_preset
from pakar.backends.text_tokenizer import printable
from pakar.backends.token_bound import token_bound
from pakar.errors import ConfigError, CutOffError, ModelError
from pakar.ports import Generation, ModelInfo
from pakar.types import Message

# Where neither the spec nor the endpoint says: what the smallest of the models in use read.
DEFAULT_CONTEXT = 4096
_MOST_STOPS = 4
# Answers asked for at a time: servers queue what they cannot do at once.
_AT_A_TIME = 4


class EndpointLanguageModel:
    """Streams chat completions; who stops reading closes the connection."""

    def __init__(self, spec: EndpointSpec, client: EndpointClient | None = None) -> None:
        if spec.dimensions:
            raise ConfigError(
                f"{spec.spec!r}: a language model has no `dimensions`",
                hint="Take `dimensions` out of the spec.",
            )
        self._spec = spec
        self._client = client or EndpointClient(spec.url)
        self._context = spec.context
        self._licence = language_model_preset(spec.model, "").licence
        self._lock = threading.Lock()

    @property
    def info(self) -> ModelInfo:
        """Asks the endpoint once for the context length, where the spec does not say it."""
        with self._lock:
            if not self._context:
                self._context = self._offered_context() or DEFAULT_CONTEXT
        return ModelInfo(self._spec.spec, self._context, self._licence, _AT_A_TIME)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """An upper bound for text in a language."""
        return sum(token_bound(turn.content) for turn in messages) + token_bound("")

    def generate(self, messages: Sequence[Message], settings: Generation) -> Iterator[str]:
        """Raises EndpointError at the call for a refusal, and later for a broken stream."""
        if not messages:
            raise ModelError("A prompt needs at least one message")
        turns = [{"role": turn.role, "content": printable(turn.content)} for turn in messages]
        events = self._client.events("/chat/completions", self._body(turns, settings))
        return self._pieces(events, whole=settings.schema is not None)

    def _body(self, turns: list[dict[str, str]], settings: Generation) -> Json:
        # OpenAI's newer models know only the newer name; local servers know only the older one.
        limit = "max_completion_tokens" if ".openai.com/" in self._spec.url else "max_tokens"
        body: Json = {
            "model": self._spec.model,
            "messages": turns,
            "stream": True,
            "temperature": settings.temperature,
            "seed": settings.seed,
            limit: settings.max_tokens,
        }
        if settings.stop:
            body["stop"] = list(settings.stop[:_MOST_STOPS])
        if settings.schema is not None:
            named = {"name": "answer", "schema": dict(settings.schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        return body

    def _pieces(self, events: Iterator[Json], *, whole: bool) -> Iterator[str]:
        """`whole`: a part of an answer is worth nothing, as it is JSON."""
        finished: object = None
        for event in events:
            choice = self._choice(event)
            delta = choice.get("delta")
            piece = delta.get("content") if isinstance(delta, dict) else None
            finished = choice.get("finish_reason") if finished is None else finished
            if isinstance(piece, str) and piece:
                yield piece
        if whole and finished == "length":
            raise CutOffError(
                f"{self._spec.spec}: the answer was cut off before its JSON was complete",
                hint="Allow more tokens (max_tokens), or bound the schema's texts (maxLength).",
            )
        if finished is None:
            raise self._client.error(
                "the stream ended before the answer did", hint="Ask again; look at its own log."
            )

    def _choice(self, event: Json) -> Json:
        """The event's first choice; empty for events that only report usage."""
        choices = event.get("choices")
        if not isinstance(choices, list):
            raise self._client.error("sent an event without choices")
        if not choices:
            return {}
        if not isinstance(choices[0], dict):
            raise self._client.error("sent a choice that is no object")
        return choices[0]

    def _offered_context(self) -> int:
        """From llama.cpp's /props or the list of models (vLLM and others); 0 where neither says."""
        props = EndpointClient(self._spec.url.removesuffix("/v1")).get("/props") or {}
        settings = props.get("default_generation_settings")
        if isinstance(settings, dict) and isinstance(settings.get("n_ctx"), int):
            return int(settings["n_ctx"])
        models = (self._client.get("/models") or {}).get("data")
        for entry in models if isinstance(models, list) else []:
            if isinstance(entry, dict) and entry.get("id") == self._spec.model:
                return _context_of(entry)
        return 0


def _context_of(entry: Json) -> int:
    for key in ("max_model_len", "context_length", "context_window", "max_context_length"):
        value = entry.get(key)
        if isinstance(value, int) and value > 0:
            return value
    return 0
