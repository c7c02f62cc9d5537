"""Stops an issue that goes wrong: too many of its last messages were refused, or came back.

Workers keep tallies: how many of their messages were accepted and refused, a few rows a second
whatever they send. Whoever adds a refusal looks at the newest tallies of all workers; what came
back after acceptance is looked at when the house is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from mailer.database.tables import Bounce, Delivery, Fate, Issue, IssueState, Tally
from mailer.delivering.ledger import Progress
from mailer.delivering.waves import canary_waits
from mailer.reports import Kind
from mailer.sentences import Sentence

_TALLY_EVERY = timedelta(seconds=0.25)
_LEAST_SEEN = 100  # a share of fewer says too little, but for a whole canary
_FEW_TALLIES = 20
_LEAST_BAD = 3  # two dead addresses stop nobody
_BOUNCED = Sentence(
    "Stopped by itself: of {seen:,} messages accepted one after the other, {count:,} came back "
    "undeliverable. Look at who they went to, and resume or cancel it."
)
_COMPLAINED = Sentence(
    "Stopped by itself: of {seen:,} messages accepted one after the other, {count:,} were "
    "complained about as spam. Look at who they went to, and resume or cancel it."
)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Stop when more than so many percent of the last *among* went wrong; 0 percent: never."""

    refused: float = 10.0
    bounced: float = 5.0
    complained: float = 0.5
    among: int = 500


class Answers(NamedTuple):
    """How messages of one issue were answered, and the words of the last refusal."""

    accepted: int = 0
    refused: int = 0
    words: str = ""

    def plus(self, progress: Progress) -> Answers:
        """These and what *progress* tells; skipped recipients were never offered."""
        refused = progress.recorded.get(Fate.REFUSED, {})
        return Answers(
            self.accepted + len(progress.recorded.get(Fate.ACCEPTED, ())),
            self.refused + len(refused),
            next(reversed(refused.values())) if refused else self.words,
        )


class _Told(NamedTuple):
    """A tally, as it is read."""

    at: datetime
    accepted: int
    refused: int

    @property
    def seen(self) -> int:
        return self.accepted + self.refused


class Guard:
    """One worker's tallies, and its eye on those of all."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._unsaid: dict[int, Answers] = {}
        self._said_at: datetime | None = None

    def heard(self, progresses: Sequence[Progress]) -> dict[int, Answers]:
        """The answers not yet in a tally, with those of *progresses*; nothing is kept of it."""
        unsaid = dict(self._unsaid)
        for progress in progresses:
            unsaid[progress.issue_id] = unsaid.get(progress.issue_id, Answers()).plus(progress)
        return unsaid

    def keep(self, unsaid: dict[int, Answers]) -> None:
        """What `tally` left over, once its transaction is committed."""
        self._unsaid = unsaid

    def tally(
        self,
        session: Session,
        heard: Mapping[int, Answers],
        finished: set[int],
        *,
        now: datetime,
    ) -> tuple[dict[int, Answers], dict[int, str]]:
        """Write tallies that are due; what is left over, and issues to be stopped with reasons.

        Due is everything four times a second, and at once what went wrong or belongs to an issue
        of which a batch is *finished*.
        """
        late = self._said_at is None or abs(now - self._said_at) >= _TALLY_EVERY
        left: dict[int, Answers] = {}
        stopped: dict[int, str] = {}
        for issue_id, answers in heard.items():
            if not (answers.accepted or answers.refused):
                continue
            if not (late or answers.refused or issue_id in finished):
                left[issue_id] = answers
                continue
            session.execute(
                insert(Tally).values(
                    issue_id=issue_id, at=now, accepted=answers.accepted, refused=answers.refused
                )
            )
            reason = self._refusals(session, issue_id, answers) if answers.refused else ""
            if reason:
                stopped[issue_id] = reason
        if late:
            self._said_at = now
        return left, stopped

    def look(self, session: Session) -> dict[int, str]:
        """Issues being sent of which too much came back, or whose canary was refused."""
        stopped = {}
        sending = session.execute(
            select(Issue.id, Issue.canary_percent).where(Issue.state == IssueState.SENDING)
        ).all()
        for issue_id, canary in sending:
            reason = self._came_back(session, issue_id)
            if not reason and canary:
                reason = self._refusals(session, issue_id, Answers())
            if reason:
                stopped[issue_id] = reason
        _forget(session)
        return stopped

    def _refusals(self, session: Session, issue_id: int, latest: Answers) -> str:
        percent = self._thresholds.refused
        tallies = _newest(session, issue_id, self._thresholds.among)
        refused = sum(one.refused for one in tallies)
        seen = refused + sum(one.accepted for one in tallies)
        if not too_many(refused, seen, percent, least=_least(session, issue_id, seen)):
            return ""
        words = latest.words or _last_refusal(session, issue_id)
        return Sentence(
            "Stopped by itself: of the last {seen:,} messages {refused:,} were refused, the "
            "last with {words!r}. Resume it when the reason is gone.",
            seen=seen,
            refused=refused,
            words=words,
        )

    def _came_back(self, session: Session, issue_id: int) -> str:
        for kind, percent, words in (
            (Kind.PERMANENT, self._thresholds.bounced, _BOUNCED),
            (Kind.COMPLAINT, self._thresholds.complained, _COMPLAINED),
        ):
            count, seen = _returned(session, issue_id, kind, self._thresholds.among)
            if too_many(count, seen, percent, least=_least(session, issue_id, seen)):
                return Sentence(words.pattern, seen=seen, count=count)
        return ""


def too_many(bad: int, seen: int, percent: float, *, least: int = _LEAST_SEEN) -> bool:
    """Whether *bad* of *seen* are more than *percent*, also if *seen* were *least*."""
    return bool(percent) and bad >= _LEAST_BAD and 100 * bad > percent * max(seen, least)


def _least(session: Session, issue_id: int, seen: int) -> int:
    """What a share is taken of at least: a canary that is through speaks for itself."""
    if seen >= _LEAST_SEEN or not session.scalar(
        select(Issue.canary_percent).where(Issue.id == issue_id)
    ):
        return _LEAST_SEEN
    return _LEAST_SEEN if canary_waits(session, issue_id) else seen


def _newest(
    session: Session, issue_id: int, among: int, *, until: datetime | None = None
) -> list[_Told]:
    """The newest tallies, of at least *among* messages if there were so many."""
    query = (
        select(Tally.at, Tally.accepted, Tally.refused)
        .where(Tally.issue_id == issue_id)
        .order_by(Tally.id.desc())
    )
    if until is not None:
        query = query.where(Tally.at <= until)
    rows: list[_Told] = []
    for most in (_FEW_TALLIES, among):  # a worker in full swing puts hundreds of messages in one
        rows = [_Told(*row) for row in session.execute(query.limit(most))]
        if len(rows) < most or sum(one.seen for one in rows) >= among:
            break
    found, seen = 0, 0
    while found < len(rows) and seen < among:
        seen += rows[found].seen
        found += 1
    return rows[:found]


def _returned(session: Session, issue_id: int, kind: Kind, among: int) -> tuple[int, int]:
    """How many of the last *among* messages up to the newest one that came back did, of how many.

    What comes back does so later than others are sent: newer messages say nothing yet.
    """
    people = (
        select(Bounce.subscriber_id)
        .where(Bounce.issue_id == issue_id, Bounce.kind == kind)
        .order_by(Bounce.id.desc())
        .limit(2 * among)  # some people complain twice
        .subquery()
    )
    moments = session.scalars(
        select(Delivery.at)
        .where(
            Delivery.issue_id == issue_id,
            Delivery.fate == int(Fate.ACCEPTED),
            Delivery.subscriber_id.in_(select(people.c.subscriber_id)),
        )
        .order_by(Delivery.at.desc())
        .limit(among)
    ).all()
    if not moments:
        return 0, 0
    # A tally is written up to so much after the deliveries it counts.
    tallies = _newest(session, issue_id, among, until=moments[0] + _TALLY_EVERY)
    if not tallies:
        return 0, 0
    since = tallies[-1].at - _TALLY_EVERY
    return sum(at >= since for at in moments), sum(one.accepted for one in tallies)


def _last_refusal(session: Session, issue_id: int) -> str:
    return (
        session.scalar(
            select(Delivery.reply)
            .where(Delivery.issue_id == issue_id, Delivery.fate == int(Fate.REFUSED))
            .order_by(Delivery.at.desc())
            .limit(1)
        )
        or ""
    )


def _forget(session: Session) -> None:
    """Tallies of issues that are over."""
    over = select(Issue.id).where(Issue.state.in_((IssueState.SENT, IssueState.CANCELLED)))
    session.execute(
        delete(Tally).where(Tally.issue_id.in_(over)).execution_options(synchronize_session=False)
    )
