"""Renders a model's chat template, a Jinja program that comes with the model.

It runs in Jinja's sandbox, with the few names that published templates use. Knows JSON files, no
tokenizer. The names and settings are those of the Hugging Face documentation on chat templates.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pakar.backends.encoder_folder import read_json
from pakar.backends.extras import require
from pakar.errors import ModelError
from pakar.types import Message

if TYPE_CHECKING:
    from jinja2 import Template

_NAMED_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")


class TemplateRefusedError(Exception):
    """The template does not take these turns."""


@dataclass(frozen=True)
class ChatTemplate:
    """A template's source and the special tokens that it may name. Safe between threads."""

    source: str
    tokens: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change whenever a prompt could."""
        facts = json.dumps([self.source, dict(self.tokens)], sort_keys=True)
        return hashlib.sha256(facts.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def render(self, turns: Sequence[Message], *, complete: bool = False) -> str:
        """The prompt up to the model's answer; `complete`: the turns as they stand, and no more.

        Raises TemplateRefusedError.
        """
        require("jinja2")
        from jinja2 import TemplateError

        messages = [{"role": turn.role, "content": turn.content} for turn in turns]
        try:
            return self._program.render(
                messages=messages, add_generation_prompt=not complete, **self.tokens
            )
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise TemplateRefusedError(str(error).strip().partition("\n")[0]) from error

    @cached_property
    def _program(self) -> Template:
        # Compiling takes a hundred times as long as rendering, and a training renders thousands.
        return _compiled(self.source)


def read_chat_template(folder: Path) -> ChatTemplate | None:
    """None where the folder has none: a base model."""
    settings = read_json(folder / "tokenizer_config.json")
    tokens = {name: content for name in _NAMED_TOKENS if (content := _content(settings.get(name)))}
    source = _own_file(folder) or _default(settings.get("chat_template"))
    return ChatTemplate(source, tokens) if source else None


def _own_file(folder: Path) -> str:
    path = folder / "chat_template.jinja"
    if path.is_file():
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(f"{path} cannot be read: {error}") from error
    path = folder / "chat_template.json"
    return _default(read_json(path).get("chat_template")) if path.is_file() else ""


def _default(templates: object) -> str:
    """One template, or the one called "default" of several."""
    if isinstance(templates, str):
        return templates
    for entry in templates if isinstance(templates, list) else []:
        if isinstance(entry, dict) and entry.get("name") == "default":
            return str(entry.get("template") or "")
    return ""


def _content(token: object) -> str:
    """A special token, written as text or as an object with `content`."""
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else ""


def _compiled(source: str) -> Template:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from pakar.backends.jinja_limits import GenerationBlock, PlainNamespace

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", GenerationBlock],
    )
    environment.filters["tojson"] = _as_json
    environment.globals.clear()
    environment.globals.update(
        namespace=PlainNamespace, raise_exception=_refuse, range=range, strftime_now=_now
    )
    return environment.from_string(source)


def _as_json(value: object, indent: int | None = None) -> str:
    # Jinja's own filter escapes for HTML, which no model was trained on.
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> NoReturn:
    from jinja2 import TemplateError

    raise TemplateError(message)


def _now(pattern: str) -> str:
    return datetime.now().strftime(pattern)
