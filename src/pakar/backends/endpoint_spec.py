"""Reads the name of an endpoint's model: `NAME@URL`, with options behind a question mark."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from pakar.errors import ConfigError

_FORM = "openai:NAME@URL, such as openai:phi-4-mini@http://localhost:8000/v1"
_OPTIONS = ("context", "dimensions")


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """`dimensions` and `context` are 0 where the spec does not say."""

    spec: str
    model: str
    url: str
    dimensions: int = 0
    context: int = 0


def parse_endpoint(name: str) -> EndpointSpec:
    """Raises ConfigError where the name, the URL or an option is malformed."""
    model, at, address = name.partition("@http")
    if not at or not model:
        raise ConfigError(f"'openai:{_shown(name)}' names no model and URL", hint=f"Write {_FORM}.")
    parts = urlsplit("http" + address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{_shown(name)!r} has no valid URL", hint=f"Write {_FORM}.")
    if parts.username or parts.password:
        raise ConfigError(
            f"The URL of {model!r} holds a user or password",
            hint="Take it out and set PAKAR_API_KEY in the environment.",
        )
    options = _options(parts.query, model)
    url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    return EndpointSpec(f"openai:{name}", model, url, **options)


def _options(query: str, model: str) -> dict[str, int]:
    options = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in _OPTIONS:
            raise ConfigError(
                f"'openai:{model}@…': unknown option {key!r}",
                hint=f"Known: {', '.join(_OPTIONS)}. Keys belong into PAKAR_API_KEY.",
            )
        if not value.isdecimal() or int(value) < 1:
            raise ConfigError(
                f"'openai:{model}@…': {key} is {value!r}", hint=f"Write {key}=NUMBER, above 0."
            )
        options[key] = int(value)
    return options


def _shown(name: str) -> str:
    """The name without what could be a password before the host."""
    head, at, tail = name.partition("@")
    return f"{head}@{tail.rpartition('@')[2]}" if at else head
