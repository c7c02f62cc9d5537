"""Store of uploads: lists of readers that wait for a scheduler to try or import them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from mailer.database.tables import Upload, UploadedFile, UploadState
from mailer.errors import NotFound

VERDICTS = -1
LEASE = timedelta(minutes=2)
_RECENT = 20
_WAITING = (UploadState.TO_TRY, UploadState.TO_IMPORT)
_CHANGEABLE = (UploadState.TO_TRY, UploadState.TRIED, UploadState.FAILED)


class Claim(NamedTuple):
    """An upload that one scheduler works on until its lease ends."""

    id: int
    lease: int
    importing: bool  # else it is only tried


def add(
    session: Session,
    newsletter_id: int,
    files: Sequence[tuple[str, bytes]],
    *,
    by: str,
    now: datetime,
) -> Upload:
    """Keep files (name and bytes) that belong together; they are tried next."""
    upload = Upload(newsletter_id=newsletter_id, by=by[:200], at=now, options={}, report={})
    session.add(upload)
    session.flush()
    session.add_all(
        UploadedFile(upload_id=upload.id, position=position, name=name[:200], data=data)
        for position, (name, data) in enumerate(files)
    )
    session.flush()
    return upload


def get(session: Session, number: int) -> Upload:
    """One upload; ``NotFound``."""
    upload = session.get(Upload, number)
    if upload is None:
        raise NotFound("There is no upload {number}.", number=number)
    return upload


def recent(session: Session) -> Sequence[Upload]:
    """The newest uploads."""
    return session.scalars(select(Upload).order_by(Upload.id.desc()).limit(_RECENT)).all()


def files(session: Session, number: int) -> list[tuple[str, bytes]]:
    """Names and bytes of an upload's files; empty once they were removed."""
    rows = session.execute(
        select(UploadedFile.name, UploadedFile.data)
        .where(UploadedFile.upload_id == number, UploadedFile.position > VERDICTS)
        .order_by(UploadedFile.position)
    )
    return [(name, data) for name, data in rows]


def has_files(session: Session, number: int) -> bool:
    """Whether its files are still kept."""
    kept = select(UploadedFile.position).where(
        UploadedFile.upload_id == number, UploadedFile.position > VERDICTS
    )
    return session.scalar(kept.limit(1)) is not None


def verdicts(session: Session, number: int) -> bytes | None:
    """The verdict on every row as CSV, where it is still kept."""
    return session.scalar(
        select(UploadedFile.data).where(
            UploadedFile.upload_id == number, UploadedFile.position == VERDICTS
        )
    )


def wait(
    session: Session, number: int, state: UploadState, options: Mapping[str, Any] | None = None
) -> bool:
    """Let a scheduler try it (again, with other *options*) or import it; ``False``: too late."""
    values: dict[str, Any] = {} if options is None else {"options": dict(options)}
    moved = session.execute(
        update(Upload)
        .where(Upload.id == number, Upload.state.in_(_CHANGEABLE))
        .values(
            state=state, done=0, problem="", lease=Upload.lease + 1, leased_until=None, **values
        )
        .returning(Upload.id)
        .execution_options(synchronize_session=False)
    )
    return moved.first() is not None


def any_waiting(session: Session, now: datetime) -> bool:
    """Is there work? Asked every second, so it only reads."""
    return session.scalar(select(Upload.id).where(*_due(now)).limit(1)) is not None


def claim(session: Session, now: datetime) -> Claim | None:
    """Take the upload that has waited longest, for two minutes."""
    first = select(Upload.id).where(*_due(now)).order_by(Upload.id).limit(1)
    row = session.execute(
        update(Upload)
        .where(Upload.id == first.with_for_update(skip_locked=True).scalar_subquery())
        .values(lease=Upload.lease + 1, leased_until=now + LEASE)
        .returning(Upload.id, Upload.lease, Upload.state)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else Claim(row[0], row[1], row[2] is UploadState.TO_IMPORT)


def progress(session: Session, claimed: Claim, *, done: int, rows: int, now: datetime) -> None:
    """Say how far it is, and keep the claim."""
    _change(session, claimed, done=done, rows=rows, leased_until=now + LEASE)


def finish(
    session: Session,
    claimed: Claim,
    state: UploadState,
    *,
    now: datetime,
    verdict_file: bytes | None = None,
    **values: Any,
) -> bool:
    """Note what came of it; ``False`` when somebody else has it, or its options were changed."""
    finished = {"finished_at": now} if state is UploadState.IMPORTED else {}
    if not _change(session, claimed, state=state, leased_until=None, **finished, **values):
        return False
    if verdict_file is not None:
        session.merge(
            UploadedFile(
                upload_id=claimed.id, position=VERDICTS, name="verdicts.csv", data=verdict_file
            )
        )
    return True


def remove_files(session: Session, before: datetime) -> int:
    """Remove the files of uploads brought before a moment; how many uploads."""
    old = select(Upload.id).where(Upload.at < before, Upload.state.not_in(_WAITING))
    removed = session.scalars(
        delete(UploadedFile)
        .where(UploadedFile.upload_id.in_(old))
        .returning(UploadedFile.upload_id)
        .execution_options(synchronize_session=False)
    )
    return len(set(removed))


def _due(now: datetime) -> tuple[Any, ...]:
    free = or_(Upload.leased_until.is_(None), Upload.leased_until <= now)
    return Upload.state.in_(_WAITING), free


def _change(session: Session, claimed: Claim, **values: Any) -> bool:
    changed = session.execute(
        update(Upload)
        .where(Upload.id == claimed.id, Upload.lease == claimed.lease)
        .values(**values)
        .returning(Upload.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None
