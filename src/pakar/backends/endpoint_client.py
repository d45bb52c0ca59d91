"""HTTP to an OpenAI-compatible endpoint: key, timeouts, retries, and one clear error.

Knows no models. The key comes from the environment, and is never logged, shown in an error or
sent along a redirect.
"""

from __future__ import annotations

import ipaddress
import json
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from pakar.errors import EndpointError

if TYPE_CHECKING:
    import httpx

OWN_KEY, OPENAI_KEY = "PAKAR_API_KEY", "OPENAI_API_KEY"
_ATTEMPTS = 5
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 60.0
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 300.0
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})

Json = dict[str, object]


class EndpointClient:
    """One endpoint; connections are kept open between calls. Safe to share between threads."""

    def __init__(self, url: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._url = url.rstrip("/")
        self._key = _key_for(self._url)
        self._sleep = sleep
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()

    def post(self, path: str, body: Mapping[str, object]) -> Json:
        """The answer's JSON object. Tries again on 429 and 5xx, as the endpoint asks it to."""
        response = self._retried("POST", path, body, stream=False)
        return self._object(response)

    def get(self, path: str) -> Json | None:
        """The answer's JSON object, or None where the endpoint has nothing at this path."""
        import httpx

        try:
            response = self._http().get(self._url + path, timeout=_CONNECT_SECONDS)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.status_code != 200:
            return None
        try:
            content = response.json()
        except ValueError:
            return None
        return content if isinstance(content, dict) else None

    def events(self, path: str, body: Mapping[str, object]) -> Iterator[Json]:
        """The objects of a stream of server-sent events, up to `[DONE]` or the stream's end.

        Raises EndpointError at the call for a refusal, and later for a stream that breaks.
        """
        response = self._retried("POST", path, body, stream=True)
        return self._events(response)

    def error(self, problem: str, *, hint: str = "") -> EndpointError:
        """An error that names this endpoint and not its key."""
        return EndpointError(f"{self._url}: {self._without_key(problem)}", hint=hint)

    def _events(self, response: httpx.Response) -> Iterator[Json]:
        import httpx

        try:
            for line in response.iter_lines():
                field, _, data = line.partition(":")
                if field != "data":
                    continue
                if data.strip() == "[DONE]":
                    return
                yield self._event(data)
        except httpx.HTTPError as error:
            raise self.error(f"the stream broke off: {_reason(error)}") from error
        finally:
            response.close()

    def _event(self, data: str) -> Json:
        try:
            content = json.loads(data)
        except ValueError as error:
            raise self.error(f"sent an event that is no JSON: {data.strip()[:80]!r}") from error
        if not isinstance(content, dict):
            raise self.error(f"sent an event that is no object: {data.strip()[:80]!r}")
        if content.get("error"):
            raise self.error(f"reported an error in the stream: {content['error']}")
        return content

    def _retried(
        self, method: str, path: str, body: Mapping[str, object], *, stream: bool
    ) -> httpx.Response:
        wait = _FIRST_WAIT_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            response = self._send(method, path, body, stream=stream)
            if response.is_success:
                return response
            asked = _retry_after(response)
            error = self._refused(path, response)
            too_long = asked is not None and asked > _LONGEST_WAIT_SECONDS
            if response.status_code not in _RETRIED or attempt == _ATTEMPTS or too_long:
                raise error
            self._sleep(wait if asked is None else asked)
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
        raise AssertionError("the last attempt returns or raises")

    def _send(
        self, method: str, path: str, body: Mapping[str, object], *, stream: bool
    ) -> httpx.Response:
        import httpx

        client = self._http()
        request = client.build_request(method, self._url + path, json=dict(body))
        try:
            response = client.send(request, stream=stream)
            if stream and not response.is_success:
                response.read()
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        return response

    def _http(self) -> httpx.Client:
        import httpx

        with self._lock:
            if self._client is None:
                headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
                timeout = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
                self._client = httpx.Client(headers=headers, timeout=timeout)
                weakref.finalize(self, self._client.close)
            return self._client

    def _object(self, response: httpx.Response) -> Json:
        try:
            content = response.json()
        except ValueError as error:
            raise self.error(f"answered with no JSON: {response.text[:80]!r}") from error
        if not isinstance(content, dict):
            raise self.error(f"answered with no JSON object: {response.text[:80]!r}")
        return content

    def _refused(self, path: str, response: httpx.Response) -> EndpointError:
        body = response.text.strip().partition("\n")[0][:200]
        hints = {
            401: f"Set {OWN_KEY} in the environment to this endpoint's key.",
            403: f"Set {OWN_KEY} in the environment to a key that may use this model.",
            404: "Check the model's name and that the URL ends as the endpoint wants it (/v1).",
            429: "Wait, or raise the limit of your account at the endpoint.",
        }
        hint = hints.get(response.status_code, "Look at the endpoint's own log.")
        return self.error(f"{path} answered with status {response.status_code}: {body}", hint=hint)

    def _unreachable(self, error: httpx.HTTPError) -> EndpointError:
        return self.error(
            f"no answer: {_reason(error)}",
            hint="Check that the endpoint runs and the URL is right.",
        )

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "…") if self._key else text


def _key_for(url: str) -> str:
    """pakar's own variable goes to every endpoint, OpenAI's never in clear over a network."""
    own = os.environ.get(OWN_KEY, "")
    if own:
        return own
    return os.environ.get(OPENAI_KEY, "") if _is_private(url) else ""


def _is_private(url: str) -> bool:
    import httpx

    parsed = httpx.URL(url)
    if parsed.scheme == "https" or parsed.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(parsed.host).is_loopback
    except ValueError:
        return False


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the endpoint asks to wait; None where it does not say a number."""
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if seconds >= 0 else None


def _reason(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
