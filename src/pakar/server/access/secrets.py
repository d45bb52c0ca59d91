"""Makes and checks passwords, keys and the tokens of sessions. Knows no database.

Passwords are few bits and get scrypt (RFC 7914), from the standard library. Keys and tokens are
256 random bits: no list of them can be tried, so that one SHA-256 is enough to keep them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

KEY_START = "pakar_"
_SHOWN = 14
# 2^15 * 8 * 128 bytes: 32 MB and about a tenth of a second for each try.
_COST, _BLOCK, _PARALLEL = 15, 8, 1
_MEMORY = 64 * 1024 * 1024
FEWEST_CHARACTERS = 10
_MOST_CHARACTERS = 1000


def new_key() -> str:
    return KEY_START + secrets.token_urlsafe(32)


def new_token() -> str:
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """How a key or a token is kept."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def shown(key: str) -> str:
    """The beginning of a key, by which its owner knows it again."""
    return key[:_SHOWN]


def csrf_token(session: str) -> str:
    """What a form of this session must bring along; only who reads our pages can know it."""
    return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def password_hash(password: str) -> str:
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _COST)
    return f"scrypt${_COST}${_text(salt)}${_text(digest)}"


def password_fits(password: str, kept: str) -> bool:
    """False for a user without a password; takes as long as for one with it."""
    if not kept:
        _scrypt(password, b"nobody", _COST)
        return False
    _, cost, salt, digest = kept.split("$")
    found = _scrypt(password, base64.b64decode(salt), int(cost))
    return hmac.compare_digest(found, base64.b64decode(digest))


def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    text = password[:_MOST_CHARACTERS].encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        text, salt=salt, n=2**cost, r=_BLOCK, p=_PARALLEL, maxmem=_MEMORY, dklen=32
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
