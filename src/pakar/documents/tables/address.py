"""Names of databases, tables and queries: `sqlite:///bank.db#fees`, `postgresql://host/db#fees`.

Knows the addresses' parts and what must never be in one: a password. Opens nothing.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from pakar.errors import SourceError

SQLITE, POSTGRES = "sqlite", "postgresql"
_SCHEME = re.compile(r"(sqlite|postgresql|postgres)://", re.IGNORECASE)
_FORM = re.compile(r"(?P<base>[^?#]*)(?:\?query=(?P<query>[^#]*))?(?:#(?P<table>.*))?", re.DOTALL)
_HOST = re.compile(
    r"(?:(?P<user>[^@:/]+)@)?(?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]*)(?::(?P<port>\d+))?"
)
_SECRET = re.compile(r"(password|passwd|pwd|sslpassword)=", re.IGNORECASE)
_EXAMPLE = "postgresql://USER@HOST:PORT/DATABASE#TABLE"


@dataclass(frozen=True, slots=True)
class Address:
    """A table or a named query of a database; both empty: all of its tables.

    `database` is the address without them, as documents are named; `path` is the file of a SQLite
    database, `host`, `port`, `user` and `name` are a PostgreSQL server's.
    """

    kind: str
    database: str
    table: str = ""
    query: str = ""
    path: Path = Path()
    host: str = ""
    port: int = 5432
    user: str = ""
    name: str = ""

    @property
    def document(self) -> str:
        """The name of the document that it becomes."""
        if self.query:
            return f"{self.database}?query={_escaped(self.query)}"
        return f"{self.database}#{_escaped(self.table)}" if self.table else self.database

    def of_table(self, table: str) -> Address:
        return replace(self, table=table, query="")


def _escaped(part: str) -> str:
    """What would be read as the border of a part, or as an escape, in its escaped form."""
    return part.replace("%", "%25").replace("?", "%3F").replace("#", "%23")


def is_address(source: str) -> bool:
    """Whether a source names a database rather than a file."""
    return _SCHEME.match(source) is not None


def without_secret(source: str) -> str:
    """The source as it may be shown: nothing of what could be a password is left."""
    scheme = _SCHEME.match(source)
    if scheme is None:
        return source
    rest = source[scheme.end() :]
    if _SECRET.search(rest):
        return f"{scheme.group()}..."
    login, at, host = rest.rpartition("@")
    if not at or ":" not in login:
        return source
    return f"{scheme.group()}{login.split(':', 1)[0]}:...@{host}"


def parse(source: str, here: Path, folder: Path) -> Address:
    """The address in `source`; a relative file counts from `here`, names from `folder`.

    Raises SourceError where it is malformed or holds a password.
    """
    scheme = _SCHEME.match(source)
    if scheme is None:
        raise SourceError(f"{source!r} is no address of a database", hint=f"Write {_EXAMPLE}")
    kind = SQLITE if scheme.group(1).lower() == SQLITE else POSTGRES
    if kind == POSTGRES:
        _refuse_secret(source)
    match = _FORM.fullmatch(source[scheme.end() :])
    if match is None or (match["query"] and match["table"]):
        raise SourceError(
            f"{without_secret(source)}: has parts that pakar does not know",
            hint=f"Write {_EXAMPLE}, or ?query=NAME instead of #TABLE. See docs/tables.md.",
        )
    table, query = unquote(match["table"] or ""), unquote(match["query"] or "")
    base = match["base"]
    if kind == SQLITE:
        return _sqlite(base, table, query, here, folder)
    return _postgres(source, base, table, query)


def _refuse_secret(source: str) -> None:
    if without_secret(source) != source:
        raise SourceError(
            f"{without_secret(source)}: has a password in it, which pakar neither takes nor keeps",
            hint="Write the address without it, and set PGPASSWORD or use ~/.pgpass.",
        )


def _sqlite(base: str, table: str, query: str, here: Path, folder: Path) -> Address:
    from pakar.documents.discover import document_name

    written = unquote(base)
    if not written.startswith("/") or not written.strip("/"):
        raise SourceError(
            f"sqlite://{base}: names no file",
            hint="Write sqlite:///FILE#TABLE, and sqlite:////PATH for an absolute path.",
        )
    path = here / written[1:]
    name = f"sqlite:///{_escaped(document_name(path, folder))}"
    return Address(SQLITE, name, table, query, Path(os.path.abspath(path)))  # noqa: PTH100


def _postgres(source: str, base: str, table: str, query: str) -> Address:
    server, _, name = base.partition("/")
    match = _HOST.fullmatch(server)
    if match is None or "/" in name or not name:
        raise SourceError(
            f"{without_secret(source)}: cannot be understood", hint=f"Write {_EXAMPLE}"
        )
    port = int(match["port"] or os.environ.get("PGPORT", "") or 5432)
    return Address(
        POSTGRES,
        f"postgresql://{base}",
        table,
        query,
        host=(match["host"] or os.environ.get("PGHOST", "") or "localhost").strip("[]"),
        port=port,
        user=unquote(match["user"] or "") or os.environ.get("PGUSER", ""),
        name=unquote(name),
    )
