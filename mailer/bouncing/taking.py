"""Acts on a report: records it once, suppresses, counts, unsubscribes; never answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailer.audience import consent, preferences, suppressions
from mailer.audience.readers import find_visit
from mailer.bouncing import records
from mailer.bouncing.reading import read
from mailer.bouncing.suppressing import Rules, row_of, words_of
from mailer.clock import Clock
from mailer.database.engine import transaction
from mailer.database.tables import Bounce, Subscriber
from mailer.reports import BOUNCES, Finding, Kind, Report
from mailer.tokens import Reader, Signer

# Of several findings about one reader, the one that does least counts: an address that forwards
# to two others is not gone because one of them is.
_MILDEST = (Kind.COMPLAINT, Kind.UNSUBSCRIBE, Kind.TRANSIENT, Kind.DELAYED, Kind.PERMANENT)

_MOST_SAID = 500  # characters

_MOVED = "nothing to do: this person has a new address since"
_ERASED = "nothing to do: this person was erased"


@dataclass(frozen=True, slots=True)
class Entry:
    """What was recorded of one finding."""

    kind: Kind
    address: str
    outcome: str
    subscriber_id: int | None = None
    issue_id: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one mail; *known*: it came before, and this is what came of it then."""

    entries: tuple[Entry, ...]
    known: bool = False

    @property
    def letter(self) -> bool:
        """Whether it is for a person to read, and no report."""
        return all(entry.kind is Kind.OTHER for entry in self.entries)


class Intake:
    """Takes in mails that came back, however they came."""

    def __init__(self, engine: Engine, signer: Signer, rules: Rules, clock: Clock) -> None:
        self._engine, self._signer, self._rules, self._clock = engine, signer, rules, clock

    @property
    def engine(self) -> Engine:
        """The database that it takes mails into."""
        return self._engine

    def take(self, source: bytes, recipients: Sequence[str] = ()) -> Taken:
        """Read one mail, record it and act, all or nothing; ``Unavailable``: take it again later."""
        report = read(source, self._signer, recipients=recipients)
        try:
            return self._take(report)
        except IntegrityError:  # the same report at the same time, by another way: known by now
            return self._take(report)

    def _take(self, report: Report) -> Taken:
        with transaction(self._engine) as session:
            return take(session, report, rules=self._rules, now=self._clock())


def take(session: Session, report: Report, *, rules: Rules, now: datetime) -> Taken:
    """Record a report and act on it; doing it twice does nothing more."""
    before = records.recorded(session, report.identity)
    if before:
        return Taken(tuple(map(_entry, before)), known=True)
    return Taken(tuple(_Taking(session, report, rules, now).entries()))


def _entry(bounce: Bounce) -> Entry:
    return Entry(bounce.kind, bounce.address, bounce.outcome, bounce.subscriber_id, bounce.issue_id)


@dataclass(frozen=True, slots=True)
class _Taking:
    session: Session
    report: Report
    rules: Rules
    now: datetime

    def entries(self) -> list[Entry]:
        report = self.report
        if report.forged:
            finding = report.findings[0]
            return [self._record(0, finding, "ignored: its address has a token not made here")]
        if report.reader is not None:
            return [self._of_reader(report.reader)]
        return [self._of_address(number, one) for number, one in enumerate(report.findings)]

    def _of_reader(self, reader: Reader) -> Entry:
        subscriber = self.session.get(Subscriber, reader.subscriber_id)
        finding = _decisive(self.report.findings, subscriber)
        issue_id = records.issue_or_none(self.session, reader.issue_id)
        if subscriber is None:  # what the report says of them is not kept either
            erased = Finding(finding.kind, status=finding.status, reason=finding.reason)
            return self._record(0, erased, _ERASED, None, issue_id)
        if finding.kind is Kind.UNSUBSCRIBE:
            outcome = self._leave(reader, finding)
        else:
            outcome = self._act(finding, subscriber, issue_id, signed=True)
        return self._record(0, finding, outcome, subscriber.id, issue_id)

    def _of_address(self, number: int, finding: Finding) -> Entry:
        if finding.kind is Kind.UNSUBSCRIBE:
            return self._record(number, finding, "ignored: it has no token of a mail of ours")
        if finding.kind not in (*BOUNCES, Kind.COMPLAINT):
            return self._record(number, finding, "ignored")
        named = [one for one in (finding.asked, finding.address) if one]
        subscriber = records.subscriber_at(self.session, named)
        if subscriber is None:
            why = "nobody here has this address" if named else "it names no address"
            return self._record(number, finding, f"unidentified: {why}")
        issue_id = records.last_issue_of(self.session, subscriber.id)
        outcome = self._act(finding, subscriber, issue_id, signed=False)
        return self._record(number, finding, outcome, subscriber.id, issue_id)

    def _act(
        self, finding: Finding, subscriber: Subscriber, issue_id: int | None, *, signed: bool
    ) -> str:
        sure = signed or self.rules.trusted
        if finding.kind is Kind.COMPLAINT:
            if not sure:
                return "kept: nothing in it shows that it is about a mail of ours"
            return self._complained(finding, subscriber, issue_id, signed=signed)
        if finding.kind in BOUNCES and self._has_moved(subscriber, issue_id):
            return _MOVED
        if finding.kind is Kind.PERMANENT and sure:
            return self._bounced(f"bounced: {words_of(finding)}", finding, subscriber, issue_id)
        if finding.kind in BOUNCES:
            return self._count(finding, subscriber, issue_id)
        return "ignored: still being tried" if finding.kind is Kind.DELAYED else "ignored"

    def _has_moved(self, subscriber: Subscriber, issue_id: int | None) -> bool:
        """Whether the mail went to an address that they have given up since."""
        if issue_id is None:
            return False
        at = records.mailed_at(self.session, subscriber.id, issue_id)
        return at is not None and consent.has_moved(self.session, subscriber.id, at)

    def _count(self, finding: Finding, subscriber: Subscriber, issue_id: int | None) -> str:
        number, words = row_of(self.session, subscriber.id, issue_id, self.rules, self.now)
        if not words:
            return f"counted: {number} in a row"
        words = f"bounced {words}: {words_of(finding)}"
        return self._bounced(words, finding, subscriber, issue_id)

    def _bounced(
        self, reason: str, finding: Finding, subscriber: Subscriber, issue_id: int | None
    ) -> str:
        evidence = self._evidence(finding, issue_id, signed=self.report.reader is not None)
        return self._suppress(subscriber, reason, "bounce", evidence)

    def _complained(
        self, finding: Finding, subscriber: Subscriber, issue_id: int | None, *, signed: bool
    ) -> str:
        evidence = self._evidence(finding, issue_id, signed=signed)
        for newsletter_id in records.newsletters_of(self.session, subscriber.id, issue_id):
            consent.unsubscribe(
                self.session,
                newsletter_id=newsletter_id,
                subscriber_id=subscriber.id,
                now=self.now,
                method="complaint",
                issue_id=issue_id,
                evidence=evidence,
            )
        done = self._suppress(subscriber, "complained: spam", "complaint", evidence)
        return f"unsubscribed, {done}"

    def _leave(self, reader: Reader, finding: Finding) -> str:
        visit = find_visit(self.session, reader)
        if visit is None:
            return _ERASED
        evidence = self._evidence(finding, visit.issue_id, signed=True)
        left = preferences.leave(
            self.session, visit, method="mail", now=self.now, evidence=evidence
        )
        return "unsubscribed" if left else "had unsubscribed already"

    def _evidence(self, finding: Finding, issue_id: int | None, *, signed: bool) -> dict[str, Any]:
        """Which mail said so, who wrote it and when, how we knew whom it means; empty: left out."""
        known = {
            "message": self.report.message_id,
            "sender": self.report.sender,
            "date": self.report.date,
            "said": finding.words[:_MOST_SAID],
            "issue": issue_id,
            "known_by": "our token" if signed else "the address",
        }
        return {name: value for name, value in known.items() if value}

    def _suppress(
        self, subscriber: Subscriber, reason: str, source: str, evidence: dict[str, Any]
    ) -> str:
        added = suppressions.add(
            self.session,
            subscriber.address,
            reason=reason,
            source=source,
            now=self.now,
            evidence=evidence,
        )
        return "suppressed" if added else "suppressed already"

    def _record(
        self,
        position: int,
        finding: Finding,
        outcome: str,
        subscriber_id: int | None = None,
        issue_id: int | None = None,
    ) -> Entry:
        signed = self.report.reader is not None
        entry = Entry(finding.kind, finding.address, outcome, subscriber_id, issue_id)
        records.add(
            self.session,
            report=self.report.identity,
            position=position,
            finding=finding,
            signed=signed,
            subscriber_id=subscriber_id,
            issue_id=issue_id,
            outcome=outcome,
            now=self.now,
        )
        return entry


def _decisive(findings: Sequence[Finding], subscriber: Subscriber | None) -> Finding:
    """Which of the findings about one reader counts: that on their address, else the mildest."""
    if subscriber is not None:
        for one in findings:
            if subscriber.address.lower() in (one.address.lower(), one.asked.lower()):
                return one
    return min(
        findings,
        key=lambda one: _MILDEST.index(one.kind) if one.kind in _MILDEST else len(_MILDEST),
    )
