"""One call of a webhook: to which addresses, how it is signed, what its answer means.

What is sent is a state and counts, never a question or an answer. It goes to hosts that the
settings name and to no others, follows no redirect and takes no proxy from the environment. The
signature is that of Standard Webhooks (standardwebhooks.com), HMAC-SHA256 over id, time and body.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from pakar.config import Batches
from pakar.server.problems import RequestError
from pakar.version import __version__

VARIABLE = "PAKAR_WEBHOOK_SECRET"
MOST_CHARACTERS = 2_000
_FEWEST_BYTES = 16
_MOST_BYTES = 4_096
_PORTS = {"http": 80, "https": 443}
# A receiver that says these may think otherwise later; other refusals stay.
_LATER = frozenset({408, 425, 429})
Verdict = Literal["told", "again", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call; `reason` is one line where it was not told."""

    verdict: Verdict
    reason: str = ""


def checked(url: str, settings: Batches) -> str:
    """The address, where it may be called. Raises RequestError (400)."""
    if len(url) > MOST_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
        raise _refused("the address of the webhook is none")
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError as error:
        raise _refused("the address of the webhook is none") from error
    if split.scheme not in _PORTS or not split.hostname:
        raise _refused("a webhook has an address that begins with https:// or http://")
    if split.username is not None or split.password is not None or split.fragment:
        raise _refused("the address of a webhook has no name, no password and no #")
    if not any(_is_meant(split, port, one) for one in settings.webhook_hosts):
        raise _refused(f"webhooks to {split.hostname} are not allowed")
    return url


def host_of(url: str) -> str:
    """What of an address may be shown: its path may be a secret."""
    return urlsplit(url).netloc


def secret(settings: Batches, folder: Path) -> bytes:
    """What signs the calls. Raises RequestError (400) where there is none that may be used.

    One that begins with "whsec_" is base64, as in Standard Webhooks; others are taken as they are.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if settings.webhook_secret_file:
        text = _from_file(folder / Path(settings.webhook_secret_file).expanduser(), folder)
    key = text.encode()
    if text.startswith("whsec_"):
        try:
            key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise _unsigned("the secret of webhooks is no base64 behind whsec_") from error
    if len(key) < _FEWEST_BYTES:
        raise _unsigned(f"webhooks have no secret of {_FEWEST_BYTES} bytes or more")
    return key


def signature(key: bytes, message: str, moment: int, body: bytes) -> str:
    """The header `webhook-signature`."""
    signed = f"{message}.{moment}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def call(
    url: str, key: bytes, message: str, payload: Mapping[str, object], seconds: float
) -> Outcome:
    """Sends a payload once; `message` is its id, the same for each try. Takes `seconds` at most."""
    body = json.dumps(payload, separators=(",", ":")).encode()
    moment = int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": f"pakar/{__version__}",
        "webhook-id": message,
        "webhook-timestamp": str(moment),
        "webhook-signature": signature(key, message, moment, body),
    }
    try:
        status = asyncio.run(_posted(url, headers, body, seconds))
    except TimeoutError:
        return Outcome("again", f"no answer within {seconds:g} s")
    except Exception as error:  # whatever a receiver or the way to it does
        return Outcome("again", f"not reached: {type(error).__name__}")
    if 200 <= status < 300:
        return Outcome("told")
    if status >= 500 or status in _LATER:
        return Outcome("again", f"status {status}")
    return Outcome("refused", f"status {status}")


async def _posted(url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> int:
    import httpx

    async with asyncio.timeout(seconds):
        client = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=seconds,
            verify=ssl.create_default_context(),
        )
        # The body of the answer is not read: it may have no end.
        async with client, client.stream("POST", url, headers=headers, content=body) as answer:
            return answer.status_code


def _is_meant(url: SplitResult, port: int | None, allowed: str) -> bool:
    try:
        one = urlsplit(f"//{allowed.strip()}")
        wanted = one.port
    except ValueError:
        return False
    usual = _PORTS[url.scheme]
    same_host = bool(one.hostname) and one.hostname == url.hostname
    return same_host and (port or usual) == (wanted or usual)


def _from_file(path: Path, folder: Path) -> str:
    try:
        if path.resolve().is_relative_to(folder.resolve()):
            raise _unsigned("the secret of webhooks lies in the expert's folder")
        data = path.read_bytes()[:_MOST_BYTES]
        return data.decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _unsigned("the file with the secret of webhooks cannot be read") from error


def _refused(why: str) -> RequestError:
    return RequestError(
        why,
        status=400,
        code="webhook_refused",
        param="webhook",
        hint="Allowed hosts are named by webhook_hosts in the section [batches] of pakar.toml.",
    )


def _unsigned(why: str) -> RequestError:
    return RequestError(
        why,
        status=400,
        code="webhook_refused",
        param="webhook",
        hint=f"Set {VARIABLE}, or webhook_secret_file to a file outside the expert's folder.",
    )
