"""Where links lead, kept in memory for a short time so that a click costs no query."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from urllib.parse import quote

from sqlalchemy import Engine

from mailer.database.engine import reading
from mailer.errors import Unavailable
from mailer.tracking.records import link_urls

_LOG = logging.getLogger(__name__)
_SECONDS = 30.0  # so long a repaired destination may still lead to the old one
_MOST_ISSUES = 512
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))

Locations = Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class _Known:
    locations: Locations | None  # None: there is no such issue
    until: float


class Destinations:
    """Links by issue; one query per issue and half minute, however many readers click."""

    def __init__(self, engine: Engine, *, seconds: float = _SECONDS) -> None:
        self._engine = engine
        self._seconds = seconds
        self._known: OrderedDict[int, _Known] = OrderedDict()
        self._loading: dict[int, asyncio.Task[Locations | None]] = {}

    def fresh(self, issue_id: int) -> Locations | None:
        """What is known without waiting; ``None`` when `find` has to be asked."""
        known = self._known.get(issue_id)
        return known.locations if known is not None and known.until > monotonic() else None

    async def find(self, issue_id: int) -> Locations | None:
        """Where each link leads, by number; ``None``: no such issue; ``Unavailable``.

        While the database does not answer, what was known before goes on being used.
        """
        known = self._known.get(issue_id)
        if known is not None and known.until > monotonic():
            return known.locations
        try:
            return await asyncio.shield(self._load_once(issue_id))
        except Unavailable as error:
            if known is None:
                raise
            _LOG.warning("links of issue %d could not be read again: %s", issue_id, error)
            return known.locations

    def _load_once(self, issue_id: int) -> asyncio.Task[Locations | None]:
        task = self._loading.get(issue_id)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._load(issue_id))
            self._loading[issue_id] = task
            task.add_done_callback(lambda _: self._loading.pop(issue_id, None))
        return task

    async def _load(self, issue_id: int) -> Locations | None:
        locations = await asyncio.to_thread(self._read, issue_id)
        self._known[issue_id] = _Known(locations, monotonic() + self._seconds)
        self._known.move_to_end(issue_id)
        if len(self._known) > _MOST_ISSUES:
            self._known.popitem(last=False)
        return locations

    def _read(self, issue_id: int) -> Locations | None:
        with reading(self._engine) as session:
            urls = link_urls(session, issue_id)
        return None if urls is None else {number: location(url) for number, url in urls.items()}


def location(url: str) -> bytes:
    """*url* as the value of a Location header: its own bytes; what is not ASCII percent-encoded."""
    return quote(url, safe=_PRINTABLE).encode("ascii")
