"""A worker's turn at the ledger: everything it has to say and to ask, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine, bindparam, select
from sqlalchemy.orm import Session

from mailer.database.engine import transaction
from mailer.database.tables import Issue, IssueState, Newsletter
from mailer.delivering import ledger, lifecycle
from mailer.delivering.guarding import Guard, Thresholds
from mailer.delivering.meters import give_unused_back, reserve
from mailer.delivering.permits import Kind, Limits, Unused
from mailer.delivering.prepared import PreparedIssue, load_prepared
from mailer.delivering.recipients import Loaded, load
from mailer.delivering.seats import Wish, share_out
from mailer.delivering.troubles import Complaints
from mailer.delivering.warm_ups import resting_newsletters
from mailer.delivering.waves import let_others_follow
from mailer.sending_hours import parse_sending_hours
from mailer.signing import DkimSigner


@dataclass(slots=True)
class Turn:
    """What a worker tells and asks."""

    now: datetime
    began: float = 0.0  # now, by the monotonic clock
    progress: list[ledger.Progress] = field(default_factory=list)
    release: list[ledger.Leased] = field(default_factory=list)
    stop_issues: dict[int, str] = field(default_factory=dict)  # to be paused, and why
    watch: set[int] = field(default_factory=set)  # issues whose state is asked for
    read: list[tuple[ledger.Leased, list[int]]] = field(default_factory=list)  # whose consent
    lease: bool = False
    permits: dict[Kind, int] = field(default_factory=dict)  # wanted
    unused: Unused = field(default_factory=Counter)  # permits

    @property
    def ending_issues(self) -> set[int]:
        """Issues of which this worker gives a batch away."""
        done = {progress.issue_id for progress in self.progress if progress.complete}
        return done | {leased.issue_id for leased in self.release}

    def __bool__(self) -> bool:
        return bool(
            self.progress
            or self.release
            or self.stop_issues
            or self.watch
            or self.read
            or self.lease
            or self.permits
            or self.unused
        )


@dataclass(slots=True)
class Answer:
    """What the ledger says."""

    lost: set[int] = field(default_factory=set)  # batches that another worker holds now
    stopped: dict[int, str] = field(default_factory=dict)  # issues, by the guard; and why
    sending: set[int] = field(default_factory=set)  # of the issues asked for
    read: dict[int, Loaded] = field(default_factory=dict)  # by batch
    leased: ledger.Leased | None = None
    loaded: Loaded | None = None
    permits: dict[Kind, list[datetime]] = field(default_factory=dict)  # from when on
    spent: set[str] = field(default_factory=set)  # sending domains that send no more today
    permits_in: float = 0.0  # seconds until there may be those that were lacking


class Registrar:
    """Takes turns at the ledger for one worker; used by one thread at a time."""

    def __init__(
        self,
        engine: Engine,
        *,
        worker: str,
        lease_seconds: float,
        base_url: str,
        limits: Limits,
        thresholds: Thresholds,
        retry_schedule: Sequence[timedelta] = (),
        dkim: DkimSigner | None = None,
        issue_id: int | None = None,
    ) -> None:
        self._engine = engine
        self._worker = worker
        self._seconds = lease_seconds
        self._base_url = base_url
        self._limits = limits
        self._retry_schedule = retry_schedule
        self._dkim = dkim
        self._issue_id = issue_id
        self._guard = Guard(thresholds)
        self._complaints = Complaints(worker)
        self.prepared: dict[int, PreparedIssue] = {}

    def take(self, turn: Turn) -> Answer:
        """Do all of *turn*, or nothing; ``Unavailable`` when the database does not answer."""
        heard = self._guard.heard(turn.progress)
        with transaction(self._engine) as session:
            answer = Answer()
            self._report(session, turn, answer)
            unsaid, answer.stopped = self._guard.tally(
                session, heard, turn.ending_issues, now=turn.now
            )
            self._stop(session, answer.stopped | turn.stop_issues)
            if turn.watch:
                answer.sending = _sending(session, turn.watch, turn.now)
            for leased, ids in turn.read:
                answer.read[leased.batch_id] = self._load(session, leased.issue_id, ids, turn.now)
            self._permit(session, turn, answer)
            if turn.lease:
                self._lease(session, turn.now, answer)
        self._guard.keep(unsaid)
        return answer

    def keep_house(
        self, now: datetime, wishes: Mapping[str, Wish], problems: Mapping[str, str], *, alone: bool
    ) -> dict[str, int]:
        """Finish issues that nobody waits for, skip who waits for a cancelled one, mend times.

        And stop those of which too much came back; then let the others follow a canary, and tell of
        *problems* with relays, *alone* where there is no other. Answers how many connections this
        worker may have to relays that allow only so many.
        """
        with transaction(self._engine) as session:
            self._stop(session, self._guard.look(session))
            ledger.mend_times(session, self._retry_schedule, now=now, seconds=self._seconds)
            lifecycle.settle(session, now=now)
            let_others_follow(session, now=now)
            self._complaints.tell(session, problems, alone=alone, now=now)
            allowed = {
                relay: share_out(session, relay, wish, worker=self._worker, now=now)
                for relay, wish in sorted(wishes.items())
            }
        self._complaints.written(problems, now=now)
        return allowed

    def _report(self, session: Session, turn: Turn, answer: Answer) -> None:
        for progress in turn.progress:
            if not ledger.report(
                session, progress, worker=self._worker, now=turn.now, seconds=self._seconds
            ):
                answer.lost.add(progress.batch_id)
            elif progress.complete:
                lifecycle.finish(session, progress.issue_id, now=turn.now)
        for leased in turn.release:
            ledger.release(session, leased.batch_id, leased.lease)

    def _stop(self, session: Session, issues: Mapping[int, str]) -> None:
        for issue_id, reason in issues.items():
            lifecycle.stop(session, issue_id, reason)

    def _permit(self, session: Session, turn: Turn, answer: Answer) -> None:
        if turn.unused:
            give_unused_back(session, self._limits, turn.unused)
        if turn.permits:
            reserved = reserve(session, self._limits, turn.permits, now=turn.now)
            answer.permits, answer.spent = reserved.permits, reserved.spent
            answer.permits_in = (reserved.again_at - turn.now).total_seconds()

    def _lease(self, session: Session, now: datetime, answer: Answer) -> None:
        leased = ledger.lease(
            session,
            worker=self._worker,
            now=now,
            seconds=self._seconds,
            issue_id=self._issue_id,
            resting=[*_resting(session, now), *self._spent(session, now)],
        )
        if leased is None:
            return
        if leased.issue_id not in self.prepared:
            self.prepared[leased.issue_id] = load_prepared(
                session, leased.issue_id, base_url=self._base_url, dkim=self._dkim
            )
        ids = [leased.subscriber_ids[position] for position in leased.undecided]
        answer.leased, answer.loaded = leased, self._load(session, leased.issue_id, ids, now)

    def _spent(self, session: Session, now: datetime) -> list[int]:
        """Newsletters whose domain, being warmed up, has sent what it may today."""
        if not self._limits.warm_ups:
            return []
        return resting_newsletters(session, self._limits.warm_ups, now=now, zone=self._limits.zone)

    def _load(self, session: Session, issue_id: int, ids: list[int], now: datetime) -> Loaded:
        issue = self.prepared[issue_id]
        return load(session, issue.newsletter_id, ids, with_fields=issue.with_fields, now=now)


def _sending(session: Session, issue_ids: Collection[int], now: datetime) -> set[int]:
    parameters = {"asked": list(issue_ids), "resting": _resting(session, now)}
    return set(session.connection().scalars(_SENDING, parameters))


_SENDING = select(Issue.id).where(
    Issue.id.in_(bindparam("asked", expanding=True)),
    Issue.state == IssueState.SENDING,
    Issue.newsletter_id.not_in(bindparam("resting", expanding=True)),
)
_WITH_HOURS = select(Newsletter.id, Newsletter.sending_hours, Newsletter.time_zone).where(
    Newsletter.sending_hours.is_not(None)
)


def _resting(session: Session, now: datetime) -> list[int]:
    """Newsletters that are not sent at this hour."""
    rows = session.execute(_WITH_HOURS)
    return [
        newsletter_id
        for newsletter_id, hours, zone in rows
        if hours and not parse_sending_hours(hours).open_at(now, zone)
    ]
