"""What every request may need, made once for each server. Holds parts and no logic."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from fastapi import Request

from pakar.expert import Expert
from pakar.server.access.labels import Labels
from pakar.server.access.rates import Rates
from pakar.server.access.secrets import csrf_token, same
from pakar.server.access.view import View
from pakar.server.access.visitor import OWNER, Role, Visitor
from pakar.server.batches.desk import BatchDesk, House
from pakar.server.conversing import Talk
from pakar.server.lanes import Lanes
from pakar.server.pages.adding import Adding
from pakar.server.pages.jobs import Jobs
from pakar.server.problems import RequestError
from pakar.server.remarking import Remarks
from pakar.server.storage.audit import Audit
from pakar.server.storage.batches import BatchRows
from pakar.server.storage.conversations import Conversations
from pakar.server.storage.database import Database
from pakar.server.storage.feedback import FeedbackStore
from pakar.server.storage.keys import Keys, Sessions
from pakar.server.storage.users import Users

_LOGINS_PER_MINUTE = 5


@dataclass(frozen=True)
class Service:
    """The expert that is served, and what the server adds to it.

    `required`: visitors have to show who they are. Otherwise everybody is the owner.
    """

    expert: Expert
    labels: Labels
    lanes: Lanes
    database: Database
    required: bool = False
    opening: threading.Lock = field(default_factory=threading.Lock)
    started: int = field(default_factory=lambda: int(time.time()))

    @cached_property
    def users(self) -> Users:
        return Users(self.database)

    @cached_property
    def keys(self) -> Keys:
        return Keys(self.database)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.database, self.expert.config.server.session_hours)

    @cached_property
    def audit(self) -> Audit:
        return Audit(self.database)

    @cached_property
    def feedback(self) -> Remarks:
        return Remarks(self.expert, FeedbackStore(self.database), Conversations(self.database))

    @cached_property
    def talk(self) -> Talk:
        return Talk(self.lanes, Conversations(self.database))

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs()

    @cached_property
    def batches(self) -> BatchDesk:
        house = House(self.expert, self.who, self.view)
        return BatchDesk(house, BatchRows(self.database), self.expert.config.batches)

    @cached_property
    def adding(self) -> Adding:
        return Adding(self.expert, self.jobs)

    @cached_property
    def rates(self) -> Rates:
        return Rates(self.expert.config.server.requests_per_minute)

    @cached_property
    def logins(self) -> Rates:
        """Of attempts, by address."""
        return Rates(_LOGINS_PER_MINUTE)

    def close(self) -> None:
        """Stops what still runs and closes the files; no request may come any more."""
        self.batches.close()
        self.jobs.close()
        self.lanes.close()
        self.feedback.close()
        self.database.close()

    @property
    def name(self) -> str:
        """The expert's name in the names of models: its folder's."""
        return self.expert.folder.absolute().name or "expert"

    def who(self, user: int) -> Visitor | None:
        """The user of an id as they are now; None where they are gone."""
        if user == OWNER.id:
            return OWNER
        found = self.users.by_id(user)
        return None if found is None else found.visitor()

    def view(self, visitor: Visitor) -> View:
        """The expert as this visitor sees it."""
        return View(self.expert, self.labels, visitor, self.opening)


def make_service(expert: Expert, *, required: bool) -> Service:
    """All that requests need. Opens no model."""
    settings = expert.config.server
    return Service(
        expert,
        Labels(expert.config.access.labels),
        Lanes(settings.running, settings.waiting),
        Database.beside(expert.folder),
        required,
    )


def service_of(request: Request) -> Service:
    """For `Depends`."""
    found = request.app.state.service
    if not isinstance(found, Service):
        raise RuntimeError("the app was not made by create_app")
    return found


def visitor_of(request: Request) -> Visitor:
    """Who asks; for `Depends`. Raises RequestError (401) where nobody is known."""
    found = getattr(request.state, "visitor", None)
    if isinstance(found, Visitor):
        return found
    raise RequestError("nobody is logged in", status=401, code="invalid_api_key")


def view_of(request: Request) -> View:
    """The expert as who asks may see it; for `Depends`."""
    return service_of(request).view(visitor_of(request))


def needs(role: Role) -> Callable[[Request], Visitor]:
    """For `Depends`: the visitor, who has this role or a higher one, else RequestError (403)."""

    def allowed(request: Request) -> Visitor:
        visitor = visitor_of(request)
        if not visitor.may(role):
            raise RequestError(
                f"this needs the role {role!r}; {visitor.name} has {visitor.role!r}",
                status=403,
                code="forbidden",
                hint="Ask an admin.",
            )
        return visitor

    return allowed


def csrf_of(request: Request) -> str:
    """What a page's forms must bring along; "" where nobody logged in with a browser."""
    session: str = getattr(request.state, "session", "")
    return csrf_token(session) if session else ""


async def csrf_checked(request: Request) -> None:
    """For `Depends` on routers of pages: a form brings along what only our own pages know.

    It is the field `csrf` or the header X-CSRF-Token. Raises RequestError (403).
    """
    wanted = csrf_of(request)
    if not wanted or request.method in ("GET", "HEAD", "OPTIONS"):
        return
    brought = request.headers.get("x-csrf-token", "")
    if not brought:
        form = await request.form()
        value = form.get("csrf")
        brought = value if isinstance(value, str) else ""
    if not same(brought, wanted):
        raise RequestError(
            "the form is not from this login", status=403, code="csrf", hint="Load the page again."
        )
