"""What every request may need, made once for each server. Holds parts and no logic."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from fastapi import Request

from pakar.expert import Expert
from pakar.server.access.labels import Labels
from pakar.server.access.view import View
from pakar.server.access.visitor import OWNER, Visitor
from pakar.server.lanes import Lanes


@dataclass(frozen=True)
class Service:
    """The expert that is served, and what the server adds to it."""

    expert: Expert
    labels: Labels
    lanes: Lanes
    started: int = field(default_factory=lambda: int(time.time()))

    @property
    def name(self) -> str:
        """The expert's name in the names of models: its folder's."""
        return self.expert.folder.absolute().name or "expert"

    def view(self, visitor: Visitor) -> View:
        """The expert as this visitor sees it."""
        return View(self.expert, self.labels, visitor)


def service_of(request: Request) -> Service:
    """For `Depends`."""
    found = request.app.state.service
    if not isinstance(found, Service):
        raise RuntimeError("the app was not made by create_app")
    return found


def visitor_of(request: Request) -> Visitor:
    """Who asks; for `Depends`."""
    return getattr(request.state, "visitor", OWNER)


def view_of(request: Request) -> View:
    """The expert as who asks may see it; for `Depends`."""
    return service_of(request).view(visitor_of(request))
