"""``/issues/<id>/progress``: how far sending is, as server-sent events; and a time in words."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mailer.bootstrap import Mailer
from mailer.composing import issues
from mailer.database.engine import reading
from mailer.delivering.auditing import Counts, counts
from mailer.errors import REFUSALS
from mailer.web.editor.access import staff_route
from mailer.web.editor.composer.answers import answering, issue_id_of
from mailer.web.editor.composer.rooms import STREAM_HEADERS
from mailer.web.editor.progress import waits_words
from mailer.web.editor.review import timing
from mailer.web.languages import gettext as _
from mailer.web.languages import number_words, spoken
from mailer.web.site import is_stopping, site_of

_EVERY = 1.0
_SAMPLES = 15  # of which the speed is told


async def progress(request: Request) -> Response:
    """One event a second while anybody looks; it ends when nothing moves any more."""
    return StreamingResponse(
        _stream(request, site_of(request).mailer, issue_id_of(request)),
        media_type="text/event-stream",
        headers=STREAM_HEADERS,
    )


async def _stream(request: Request, mailer: Mailer, issue_id: int) -> AsyncIterator[str]:
    samples: deque[int] = deque(maxlen=_SAMPLES)
    while not is_stopping(request):
        said, seen = await run_in_threadpool(_look, mailer, issue_id)
        samples.append(seen.done)
        told = {**said, **_told(seen, samples)}
        yield f"event: progress\ndata: {json.dumps(told)}\n\n"
        await asyncio.sleep(_EVERY)


def _look(mailer: Mailer, issue_id: int) -> tuple[Mapping[str, Any], Counts]:
    now = mailer.clock()
    with reading(mailer.engine) as session:
        issue = issues.get(session, issue_id)
        left = (issue.starts_at - now).total_seconds() if issue.starts_at else 0
        said = {
            "state": issue.state.value,
            "seconds": max(0, int(left)),
            "waits": waits_words(session, issue, mailer.limits, now=now),
        }
        return said, counts(session, issue_id)


def _told(seen: Counts, samples: deque[int]) -> Mapping[str, Any]:
    speed = (samples[-1] - samples[0]) / max(1, len(samples) - 1) / _EVERY
    waiting = max(0, seen.planned - seen.done)
    left = ""
    if waiting and speed > 0:
        left = _("{duration} left").format(
            duration=timing.duration_words(timedelta(seconds=waiting / speed))
        )
    return {
        "planned": number_words(seen.planned),
        "done": number_words(seen.done),
        "accepted": number_words(seen.accepted),
        "refused": number_words(seen.refused),
        "skipped": number_words(seen.skipped),
        "left": left,
        "share": [
            round(1000 * part / seen.planned) if seen.planned else 0
            for part in (seen.accepted, seen.refused, seen.skipped)
        ],
    }


def when(request: Request, _value: Any) -> Mapping[str, Any]:
    """A day and an hour in words, as somebody chooses them."""
    mailer = site_of(request).mailer
    with reading(mailer.engine) as session:
        zone = ZoneInfo(issues.get(session, issue_id_of(request)).newsletter.time_zone)
    asked = request.query_params
    try:
        moment = timing.moment_of(asked.get("day", ""), asked.get("hour", ""), zone)
    except REFUSALS as error:
        return {"problem": spoken(error.sentence)}
    left = moment - mailer.clock()
    if left <= timedelta():
        return {"problem": _("That time is over.")}
    return {"when": timing.words_of(moment, zone), "until": timing.until_words(left)}


ROUTES = [
    staff_route("/issues/{id:int}/progress", progress),
    staff_route("/issues/{id:int}/when", answering(when)),
]
