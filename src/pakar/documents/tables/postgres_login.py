"""How to log in to a PostgreSQL server without a password in any address: the environment, pgpass.

Knows libpq's variables and its password file (PostgreSQL documentation, 34.15 and 34.16). Opens
the connection and nothing else; nothing here prints or keeps a password.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.documents.tables.address import Address
from pakar.errors import MissingExtraError, SourceError

if TYPE_CHECKING:
    import ssl

    from pg8000.native import Connection

_CONNECT_SECONDS = 10.0
_FIELD = re.compile(r"((?:\\.|[^:\\])*)(?::|$)")
_LOGIN_HINT = "Set PGPASSWORD, or add a line to ~/.pgpass; see docs/tables.md."


def connect(address: Address, seconds: int) -> Connection:
    """A connection that waits at most `seconds` for an answer. Raises SourceError."""
    try:
        import pg8000.exceptions
        import pg8000.native
    except ImportError as error:
        raise MissingExtraError(
            f"{address.document}: reading PostgreSQL needs the library pg8000",
            hint="Install it with: pip install 'pakar[postgres]'",
        ) from error
    user = address.user or _user()
    wire = _wire(address, seconds)
    try:
        return pg8000.native.Connection(
            user,
            password=os.environ.get("PGPASSWORD") or _from_file(address, user),
            database=address.name,
            host=address.host,
            sock=wire,
            ssl_context=_encryption(address),
            application_name="pakar",
        )
    except (pg8000.exceptions.Error, OSError) as error:
        wire.close()
        raise _refused(address, error) from ConnectionError("refused")


def reason(error: Exception) -> str:
    """What the server says, in one line."""
    said = error.args[0] if error.args else ""
    text = said.get("M", "") if isinstance(said, dict) else str(said)
    return (str(text).splitlines() or [type(error).__name__])[0][:200]


def _refused(address: Address, error: Exception) -> SourceError:
    return SourceError(
        f"{address.document}: the server refuses the login: {reason(error)}", hint=_LOGIN_HINT
    )


def _wire(address: Address, seconds: int) -> socket.socket:
    where = f"{address.host}:{address.port}"
    try:
        if address.host.startswith("/"):
            wire = _local_wire(f"{address.host}/.s.PGSQL.{address.port}")
        else:
            wire = socket.create_connection((address.host, address.port), _CONNECT_SECONDS)
    except OSError as error:
        raise SourceError(
            f"{address.document}: no server answers at {where}: {error.strerror or error}",
            hint="Check the host and the port, and that the server runs.",
        ) from error
    wire.settimeout(seconds + 5)
    return wire


def _local_wire(path: str) -> socket.socket:
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    wire.settimeout(_CONNECT_SECONDS)
    try:
        wire.connect(path)
    except OSError:
        wire.close()
        raise
    return wire


def _encryption(address: Address) -> ssl.SSLContext | bool | None:
    """PGSSLMODE as libpq reads it. Without it, TLS where the server offers it."""
    import ssl

    mode = os.environ.get("PGSSLMODE", "prefer")
    if mode == "disable" or address.host.startswith("/"):
        return False
    if mode in ("verify-ca", "verify-full"):
        context = ssl.create_default_context(cafile=os.environ.get("PGSSLROOTCERT") or None)
        context.check_hostname = mode == "verify-full"
        return context
    return True if mode == "require" else None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "postgres"


def _from_file(address: Address, user: str) -> str | None:
    """The password of the first line of the password file that fits, as libpq finds it."""
    named = os.environ.get("PGPASSFILE")
    path = Path(named) if named else Path.home() / ".pgpass"
    try:
        status = path.stat()
        if os.name == "posix" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return None  # others could read it: libpq ignores it too
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    host = "localhost" if address.host.startswith("/") else address.host
    wanted = (host, str(address.port), address.name, user)
    for line in lines:
        if line.startswith("#"):
            continue
        fields = [re.sub(r"\\(.)", r"\1", field) for field in _FIELD.findall(line)]
        given = fields[:4]
        if len(fields) >= 5 and all(
            one in ("*", want) for one, want in zip(given, wanted, strict=True)
        ):
            return fields[4]
    return None
