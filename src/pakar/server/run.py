"""Runs the server until it is told to stop; running answers may finish."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass

from pakar.backends.extras import require
from pakar.errors import ConfigError
from pakar.expert import Expert
from pakar.ports import Generation
from pakar.server.access.origins import is_loopback
from pakar.server.storage.database import Database
from pakar.server.storage.users import Users
from pakar.types import Message

EXTRA = "serve"


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int


def serve(expert: Expert, place: Place, *, warm: bool, say: Callable[[str], None]) -> None:
    """Returns when the server was stopped by SIGINT or SIGTERM.

    Raises MissingExtraError without the libraries, and ConfigError where it cannot listen.
    """
    require("fastapi", "uvicorn", "jinja2", extra=EXTRA)
    import uvicorn

    from pakar.server.operations.logs import to_stderr

    to_stderr()

    from pakar.server.app import create_app

    required = keys_are_required(expert, place.host)
    if required:
        _refuse_without_users(expert)
    app = create_app(expert, required=required)
    if warm:
        say("Loading the models")
        warm_up(expert)
    settings = expert.config.server
    config = uvicorn.Config(
        app,
        host=place.host,
        port=place.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(settings.finish_seconds),
        limit_concurrency=None,
        timeout_keep_alive=15,
    )
    try:
        listening = config.bind_socket()
    except SystemExit as failed:
        raise ConfigError(
            f"cannot listen on {place.host}:{place.port}",
            hint="Another program may listen there. Name another one: pakar serve --port 8081",
        ) from failed
    # asyncio does this for its own sockets only. Without it, an answer's second part waits for the
    # client to acknowledge the first: 40 ms a request. Accepted sockets inherit it.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    say(f"Serving {expert.folder.absolute().name} on http://{shown}:{port} (Ctrl+C stops it)")
    uvicorn.Server(config).run(sockets=[listening])


def keys_are_required(expert: Expert, host: str) -> bool:
    """Whether visitors have to show who they are: always, but for one user on this machine."""
    settings = expert.config.server
    elsewhere = not all(is_loopback(name) for name in (host, *settings.hosts))
    return elsewhere or expert.config.access.required == "always"


def _refuse_without_users(expert: Expert) -> None:
    database = Database.beside(expert.folder)
    try:
        has_users = bool(Users(database).all())
    finally:
        database.close()
    if not has_users:
        raise ConfigError(
            "keys would be asked for, and there is no user yet",
            hint="Make one first: pakar users add NAME --role admin. Then: pakar keys create NAME",
        )


def warm_up(expert: Expert) -> None:
    """Loads the embedder, and the language model where the usual route has one."""
    # A whole sentence: its language is told, too.
    expert.retriever.search("What do the documents say?", k=1)
    if expert.config.answering.route == "extract":
        return
    for _ in expert.model.generate([Message("user", "?")], Generation(max_tokens=1)):
        pass
