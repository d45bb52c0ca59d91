"""The events of a job: the part of the page that shows it, each time that it has changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable

from pakar.server.disconnect import EventStream
from pakar.server.pages.jobs import Job

_LOOK_EVERY = 0.3
_ALIVE_EVERY = 15.0


def live(job: Job | None, render: Callable[[], str]) -> EventStream:
    """`now` with the part as it is, whenever there is news; `end` after the last of them."""
    return EventStream(_events(job, render))


async def _events(job: Job | None, render: Callable[[], str]) -> AsyncGenerator[str, None]:
    seen = -1
    quiet = 0.0
    while job is not None:
        is_running, version = job.is_running, job.version
        if version != seen:
            seen, quiet = version, 0.0
            shown = await asyncio.to_thread(render)
            yield f"event: now\ndata: {json.dumps(shown)}\n\n"
        if not is_running:
            break
        await asyncio.sleep(_LOOK_EVERY)
        quiet += _LOOK_EVERY
        if quiet >= _ALIVE_EVERY:
            quiet = 0.0
            yield ": still here\n\n"
    yield "event: end\ndata: {}\n\n"
