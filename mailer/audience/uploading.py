"""Tries and imports what staff brought by the browser: done by schedulers, one at a time."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from mailer.audience import importing, uploads
from mailer.audience.importing import Plan, Progress, Report
from mailer.audience.uploads import Claim
from mailer.clock import Clock
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter, UploadState
from mailer.errors import MailerError, Unavailable
from mailer.tokens import Signer

log = logging.getLogger(__name__)

_SECONDS = 1.0  # between two words of progress


@contextmanager
def planned(
    files: Sequence[tuple[str, bytes]], options: Mapping[str, Any], *, unfinished: bool = False
) -> Iterator[Plan]:
    """How files would be read; ``InvalidFile`` or ``InvalidInput`` say what to do."""
    with tempfile.TemporaryDirectory(prefix="mailer-upload-") as folder:
        paths = []
        for position, (name, data) in enumerate(files):
            path = Path(folder, str(position), _plain(name))
            path.parent.mkdir()
            path.write_bytes(data)
            paths.append(path)
        yield importing.inspect(
            *paths,
            mapping=options.get("mapping", {}),
            statuses=options.get("statuses", {}),
            state=options.get("state") or None,
            encoding=options.get("encoding") or None,
            unfinished=unfinished,
        )


def work(engine: Engine, signer: Signer, clock: Clock) -> int:
    """Try or import what waits, until nothing does; how many uploads were finished."""
    finished = 0
    while True:
        with reading(engine) as session:
            if not uploads.any_waiting(session, clock()):
                return finished
        with transaction(engine) as session:
            claimed = uploads.claim(session, clock())
        if claimed is None:
            return finished
        try:
            finished += _Work(engine, signer, clock, claimed).finish()
        except Unavailable as error:
            log.error("%s The import goes on when its lease ends.", error)
            return finished


class _Work:
    """One upload at work."""

    def __init__(self, engine: Engine, signer: Signer, clock: Clock, claimed: Claim) -> None:
        self._engine, self._signer, self._clock, self._claimed = engine, signer, clock, claimed
        self._told = clock()

    def finish(self) -> bool:
        """Try or import it, and keep what came of it; ``False`` when somebody else has it."""
        state = UploadState.IMPORTED if self._claimed.importing else UploadState.TRIED
        try:
            report, verdict_file = self._carry_out()
        except Unavailable:
            raise
        except MailerError as error:
            return self._settle(UploadState.FAILED, problem=error.sentence)
        values = {"report": report.as_dict(), "rows": report.rows, "done": report.rows}
        return self._settle(state, verdict_file=verdict_file, **values)

    def _carry_out(self) -> tuple[Report, bytes]:
        with reading(self._engine) as session:
            upload = uploads.get(session, self._claimed.id)
            slug = session.get_one(Newsletter, upload.newsletter_id).slug
            files = uploads.files(session, upload.id)
        with planned(files, upload.options) as plan:
            return self._run(plan, slug, upload.by)

    def _run(self, plan: Plan, slug: str, by: str) -> tuple[Report, bytes]:
        # It stays when this process is killed, and the next one goes on with it; where it is gone
        # (another machine goes on), a file of NULs stands for the verdicts that it had.
        kind = "import" if self._claimed.importing else "trial"
        path = Path(tempfile.gettempdir(), f"mailer-{kind}-{self._claimed.id}.csv")
        path.touch()
        shared: dict[str, Any] = {
            "signer": self._signer,
            "now": self._clock(),
            "progress": self._tell,
            "verdicts": path,
        }
        if self._claimed.importing:
            report = importing.run(self._engine, plan, slug, source=f"import: {by}"[:100], **shared)
        else:
            report = importing.dry_run(self._engine, plan, slug, **shared)
        verdict_file = path.read_bytes().lstrip(b"\0")
        path.unlink()
        return report, verdict_file

    def _tell(self, far: Progress) -> None:
        now = self._clock()
        if (now - self._told).total_seconds() >= _SECONDS:
            self._told = now
            with transaction(self._engine) as session:
                uploads.progress(session, self._claimed, done=far.done, rows=far.rows, now=now)

    def _settle(self, state: UploadState, **values: Any) -> bool:
        with transaction(self._engine) as session:
            return uploads.finish(session, self._claimed, state, now=self._clock(), **values)


def _plain(name: str) -> str:
    """A file's own name, without a way that leads elsewhere."""
    return Path(name.replace("\\", "/")).name or "file"
