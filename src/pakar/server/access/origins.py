"""By which names the server may be called, and whether a request comes from a page of its own.

The first keeps a page elsewhere from reaching a server on this machine under a name of its own
(DNS rebinding), the second from sending forms in a user's name. Knows headers only.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this machine alone."""
    bare = host.strip("[]").rstrip(".").casefold()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def is_known_host(header: str, names: Sequence[str], *, any_name: bool) -> bool:
    """Whether a Host header may stand for this server. `any_name`: every name may."""
    host = _host(header)
    if not host:
        return False
    return any_name or is_loopback(host) or host in {name.casefold() for name in names}


def is_own_request(method: str, headers: Mapping[str, str]) -> bool:
    """False for a request that changes something and was made by a page of another origin.

    Programs send neither header and pass; browsers always send one of them.
    """
    if method in _SAFE:
        return True
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.casefold() == headers.get("host", "").casefold()
    except ValueError:
        return False


def _host(header: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return (urlsplit(f"//{header}").hostname or "").casefold()
    except ValueError:
        return ""
