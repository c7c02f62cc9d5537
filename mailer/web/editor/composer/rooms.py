"""``/issues/<id>/events``: who else has the issue open, and when somebody has saved it."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any, cast

from sqlalchemy import Engine, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mailer.database.engine import reading
from mailer.database.tables import Issue
from mailer.web.editor.access import staff_route
from mailer.web.editor.composer.answers import author_of, issue_id_of
from mailer.web.site import is_stopping, site_of

_LOOK_SECONDS = 1.0
_HEARTBEAT_LOOKS = 15
STREAM_HEADERS = {"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}


class Rooms:
    """Who listens to which issue in this process.

    Saves in other processes are found by looking at the issue's version once a second; who is
    there is known of this process only.
    """

    def __init__(self) -> None:
        self._listening: dict[int, dict[asyncio.Queue[str], str]] = defaultdict(dict)
        self._loops: dict[asyncio.Queue[str], asyncio.AbstractEventLoop] = {}

    def enter(self, issue_id: int, name: str) -> asyncio.Queue[str]:
        """Somebody opens the issue."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._loops[queue] = asyncio.get_running_loop()
        self._listening[issue_id][queue] = name
        self._announce(issue_id)
        return queue

    def leave(self, issue_id: int, queue: asyncio.Queue[str]) -> None:
        """And goes."""
        self._listening[issue_id].pop(queue, None)
        self._loops.pop(queue, None)
        if self._listening[issue_id]:
            self._announce(issue_id)
        else:
            del self._listening[issue_id]

    def tell(self, issue_id: int, version: int) -> None:
        """The issue was saved; from any thread."""
        self._put(issue_id, "saved", {"version": version})

    def _announce(self, issue_id: int) -> None:
        self._put(issue_id, "people", sorted(set(self._listening[issue_id].values())))

    def _put(self, issue_id: int, event: str, data: Any) -> None:
        text = f"event: {event}\ndata: {json.dumps(data)}\n\n"
        for queue in list(self._listening.get(issue_id, ())):
            loop = self._loops.get(queue)
            if loop is not None:
                loop.call_soon_threadsafe(queue.put_nowait, text)


def rooms_of(request: Request) -> Rooms:
    """The rooms of this process."""
    state = request.app.state
    if not hasattr(state, "rooms"):
        state.rooms = Rooms()
    return cast("Rooms", state.rooms)


async def events(request: Request) -> Response:
    """Server-sent events, until the page is closed."""
    return StreamingResponse(
        _stream(request, issue_id_of(request), author_of(request).name),
        media_type="text/event-stream",
        headers=STREAM_HEADERS,
    )


async def _stream(request: Request, issue_id: int, name: str) -> AsyncIterator[str]:
    engine, rooms = site_of(request).mailer.engine, rooms_of(request)
    seen = await run_in_threadpool(_version, engine, issue_id)
    queue = rooms.enter(issue_id, name)
    quiet = 0
    try:
        while not is_stopping(request):
            try:
                yield await asyncio.wait_for(queue.get(), _LOOK_SECONDS)
                continue
            except TimeoutError:
                quiet += 1
            version = await run_in_threadpool(_version, engine, issue_id)
            if version != seen:
                seen = version
                yield f'event: saved\ndata: {{"version": {version}}}\n\n'
            elif quiet % _HEARTBEAT_LOOKS == 0:
                yield ": still here\n\n"
    finally:
        rooms.leave(issue_id, queue)


def _version(engine: Engine, issue_id: int) -> int:
    with reading(engine) as session:
        return session.scalar(select(Issue.version).where(Issue.id == issue_id)) or 0


ROUTES = [staff_route("/issues/{id:int}/events", events)]
