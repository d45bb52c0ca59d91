"""Turns a conversation into the tokens that a model was trained on, by its own chat template.

Works with the libraries tokenizers and Jinja alone, so that counting a prompt starts neither
torch nor transformers. Text in a message can never become a control token: a document that
contains `<|end|>` does not end the turn.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.backends.chat_template import ChatTemplate, TemplateRefusedError, read_chat_template
from pakar.backends.encoder_folder import read_json
from pakar.backends.presets import TURN_ENDS
from pakar.backends.text_tokenizer import load_tokenizer, printable
from pakar.errors import ModelError
from pakar.types import Message

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_ASKED = "What is the colour of the sky?"
_ANSWERED = "Blue."
_TOKEN_FLAGS = ("lstrip", "normalized", "rstrip", "single_word", "special")


@dataclass(frozen=True, slots=True)
class _Parts:
    tokenizer: Tokenizer
    template: ChatTemplate
    control: re.Pattern[str]


class ChatPrompt:
    """A folder's tokenizer with its template; loaded at the first use, safe between threads."""

    def __init__(self, folder: Path, spec: str) -> None:
        self._folder = folder
        self._spec = spec
        self._parts: _Parts | None = None
        self._lock = threading.Lock()

    def text(self, messages: Sequence[Message]) -> str:
        """The prompt as text, up to where the model's answer begins."""
        if not messages:
            raise ModelError("A prompt needs at least one message")
        parts = self._loaded()
        turns = [Message(turn.role, _harmless(turn.content, parts.control)) for turn in messages]
        if turns[0].role == "system" and len(turns) > 1 and not _has_system(parts.template, turns):
            turns = _without_system(turns)
        try:
            return parts.template.render(turns)
        except TemplateRefusedError as error:
            raise ModelError(
                f"{self._spec}: its chat template refuses these turns "
                f"({', '.join(turn.role for turn in turns)}): {error}",
                hint="Let user and assistant take turns, beginning with the user.",
            ) from error

    def ids(self, messages: Sequence[Message]) -> list[int]:
        """The prompt as tokens."""
        text = self.text(messages)
        return self._loaded().tokenizer.encode(text, add_special_tokens=False).ids

    def answer_ids(self, text: str, asked: Sequence[Message] = ()) -> list[int]:
        """An answer as a model would write it behind these turns, without the end of its turn.

        Prompt and answer are cut into tokens together, as in the conversations that the model
        learned from: some tokenizers begin a text with a space that does not stand behind a prompt.
        """
        parts = self._loaded()
        shown = _harmless(text, parts.control)
        if asked:
            prompt = self.ids(asked)
            whole = parts.tokenizer.encode(self.text(asked) + shown, add_special_tokens=False).ids
            # A token across the border could never be written behind this prompt.
            if whole[: len(prompt)] == prompt:
                return whole[len(prompt) :]
        return parts.tokenizer.encode(shown, add_special_tokens=False).ids

    def end_of_turn(self, stop_tokens: Sequence[str]) -> int:
        """The token with which the template ends an answer.

        Raises ModelError where the template writes an answer otherwise than it is served, or where
        serving would not stop at that token.
        """
        parts = self._loaded()
        asked = Message("user", _ASKED)
        prompt = parts.template.render([asked])
        whole = parts.template.render([asked, Message("assistant", _ANSWERED)], complete=True)
        begun = f"{prompt}{_ANSWERED}"
        if not whole.startswith(begun):
            raise ModelError(
                f"{self._spec}: its chat template writes an answer otherwise than it asks for one",
                hint="An adapter would learn what is never served. Choose another base model.",
            )
        rest = parts.tokenizer.encode(whole[len(begun) :], add_special_tokens=False).ids
        stops = self.stop_ids(stop_tokens)
        if not rest or rest[0] not in stops:
            ending = parts.tokenizer.decode(rest[:1], skip_special_tokens=False)
            raise ModelError(
                f"{self._spec}: its chat template ends an answer with {ending!r}, which is no stop "
                "token",
                hint="Name the model's stop token in its generation_config.json (eos_token_id).",
            )
        return rest[0]

    @property
    def template_fingerprint(self) -> str:
        """Changes whenever a prompt could."""
        return self._loaded().template.fingerprint

    def start_id(self) -> int | None:
        """The token that begins a text, where the model has one."""
        parts = self._loaded()
        begin = parts.template.tokens.get("bos_token", "")
        return parts.tokenizer.token_to_id(begin) if begin else None

    def decode(self, ids: Sequence[int]) -> str:
        """Text of an answer's tokens, control tokens left out."""
        return self._loaded().tokenizer.decode(list(ids), skip_special_tokens=True)

    def stop_ids(self, stop_tokens: Sequence[str]) -> frozenset[int]:
        """End of sequence, these tokens, and those with which the template ends a turn."""
        parts = self._loaded()
        names = {*stop_tokens, *(end for end in TURN_ENDS if end in parts.template.source)}
        names.add(parts.template.tokens.get("eos_token", ""))
        ids = (parts.tokenizer.token_to_id(name) for name in names)
        return frozenset(token for token in ids if token is not None)

    def tokenizer_json(self) -> str:
        """The tokenizer as it is used here, in the form of a tokenizer.json."""
        return self._loaded().tokenizer.to_str()

    def _loaded(self) -> _Parts:
        """Raises ModelError where the folder has no tokenizer or no template."""
        with self._lock:
            if self._parts is None:
                self._parts = self._load()
            return self._parts

    def _load(self) -> _Parts:
        tokenizer = load_tokenizer(self._folder / "tokenizer.json")
        template = read_chat_template(self._folder)
        if template is None:
            raise ModelError(
                f"{self._spec}: no chat template, so it is a base model that was not taught to "
                "answer",
                hint="Choose the model's instruct version.",
            )
        _update_tokens(tokenizer, self._folder)
        added = (token.content for token in tokenizer.get_added_tokens_decoder().values())
        return _Parts(tokenizer, template, _any_of({*added, *template.tokens.values()}))


def _update_tokens(tokenizer: Tokenizer, folder: Path) -> None:
    """tokenizer_config.json has the last word on what its added tokens do to spaces around."""
    from tokenizers import AddedToken

    added = read_json(folder / "tokenizer_config.json").get("added_tokens_decoder")
    for entry in added.values() if isinstance(added, dict) else []:
        if not isinstance(entry, dict) or not isinstance(entry.get("content"), str):
            raise ModelError(f"{folder}: an added token is no object", hint="Fetch it again.")
        flags = {flag: bool(entry[flag]) for flag in _TOKEN_FLAGS if flag in entry}
        token = AddedToken(entry["content"], **flags)
        if token.special:
            tokenizer.add_special_tokens([token])
        else:
            tokenizer.add_tokens([token])


def _any_of(tokens: Iterable[str]) -> re.Pattern[str]:
    # Longest first, so that no token hides inside another. One character cannot be broken.
    escaped = [
        re.escape(token) for token in sorted(tokens, key=len, reverse=True) if len(token) > 1
    ]
    return re.compile("|".join(escaped) or r"(?!)")


def _harmless(text: str, control: re.Pattern[str]) -> str:
    """The text with every control token broken by a space behind its first character."""
    return control.sub(lambda match: f"{match[0][0]} {match[0][1:]}", printable(text))


def _has_system(template: ChatTemplate, turns: Sequence[Message]) -> bool:
    """Whether the template writes a system turn; some drop it, some refuse it."""
    try:
        return turns[0].content.strip() in template.render(turns)
    except TemplateRefusedError:
        return False


def _without_system(turns: Sequence[Message]) -> list[Message]:
    """The system turn's text goes to the start of the next turn."""
    system, first, *rest = turns
    return [Message(first.role, f"{system.content}\n\n{first.content}"), *rest]
