"""What comes back is recorded once and acted on: suppressed, counted, unsubscribed, or left alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.audience import consent, suppressions
from mailer.audience.histories import Recorded, history
from mailer.bouncing import records
from mailer.bouncing.suppressing import Rules
from mailer.bouncing.taking import Intake, Taken
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Bounce,
    Consent,
    Delivery,
    Fate,
    IssueState,
    Subscriber,
    Subscription,
    Suppression,
    Unsubscribe,
)
from mailer.delivering.auditing import audit
from mailer.reports import Kind
from mailer.tokens import Signer
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber
from tests.support.returned import complaint, dsn, leaving, mail, recipient, vacation, verp
from tests.support.sending import SIGNER

FULL = recipient(status="5.2.2", words="smtp; 552 5.2.2 mailbox full")


class House:
    """A newsletter with one reader, Ann, and issues accepted for her, a week apart."""

    def __init__(self, engine: Engine, *, issues: int = 1, rules: Rules | None = None) -> None:
        self.engine, self.now = engine, NOON
        self.rules = rules or Rules(count=3, days=10)
        with transaction(engine) as session:
            newsletter = add_newsletter(session, return_path="bounces@river.test")
            self.ann = add_subscriber(session, newsletter=newsletter).id
            self.issues = []
            for number in range(issues):
                at = NOON + timedelta(days=7 * number)
                issue = add_issue(session, newsletter, started_at=at, state=IssueState.SENT)
                self.issues.append(issue.id)
                session.add(_accepted(issue.id, self.ann, at))

    def take(self, source: bytes, *, now: datetime | None = None) -> Taken:
        return Intake(self.engine, SIGNER, self.rules, lambda: now or self.now).take(source)

    def report(self, *recipients: str, issue: int = 0, signed: bool = True) -> bytes:
        to = verp(self.issues[issue], self.ann) if signed else "bounces@river.test"
        return dsn(*recipients, to=to, Message_ID=f"<{issue}.{len(recipients)}@mx.test>")

    def outcome(self, source: bytes, *, now: datetime | None = None) -> str:
        [entry] = self.take(source, now=now).entries
        return entry.outcome

    def suppressed(self) -> Suppression | None:
        with reading(self.engine) as session:
            return suppressions.find(session, "ann@readers.test", SIGNER)

    def state(self) -> Consent:
        with reading(self.engine) as session:
            return session.scalars(select(Subscription.state)).one()

    def history(self, session: Session) -> list[Recorded]:
        return history(session, session.get_one(Subscriber, self.ann))

    def kinds(self) -> list[Kind]:
        with reading(self.engine) as session:
            return list(session.scalars(select(Bounce.kind).order_by(Bounce.id)))


def _accepted(issue_id: int, subscriber_id: int, at: datetime) -> Delivery:
    return Delivery(
        issue_id=issue_id,
        subscriber_id=subscriber_id,
        fate=int(Fate.ACCEPTED),
        attempts=1,
        at=at,
        reply="250 Ok",
    )


def test_a_permanent_bounce_suppresses_the_address_with_its_reason(engine: Engine) -> None:
    house = House(engine)

    assert house.outcome(house.report()) == "suppressed"

    suppression = house.suppressed()
    assert suppression is not None
    assert (suppression.reason, suppression.source) == ("bounced: user unknown, 5.1.1", "bounce")
    assert house.state() is Consent.CONFIRMED  # consent is theirs; nothing is mailed all the same
    with reading(engine) as session:
        bounce = session.scalars(select(Bounce)).one()
        assert (bounce.issue_id, bounce.subscriber_id) == (house.issues[0], house.ann)
        assert (bounce.signed, bounce.address, bounce.status) == (True, "ann@readers.test", "5.1.1")
        assert audit(session, house.issues[0]).came_back == {"bounce-permanent": 1}


def test_the_same_report_twice_counts_once(engine: Engine) -> None:
    house = House(engine)

    first = house.take(house.report(FULL))
    again = house.take(b"Received: from mx.test by us.test\n" + house.report(FULL))

    assert not first.known
    assert again.known
    assert house.kinds() == [Kind.TRANSIENT]


def test_a_forwarded_address_is_suppressed_as_it_is_subscribed(engine: Engine) -> None:
    house = House(engine)

    house.take(house.report(recipient("ann.new@other.test")))

    assert house.suppressed() is not None
    with reading(engine) as session:
        assert suppressions.find(session, "ann.new@other.test", SIGNER) is None


def test_one_of_two_forwarded_addresses_gone_is_not_the_end(engine: Engine) -> None:
    house = House(engine)
    away = recipient("a@gone.test")
    full = recipient("b@full.test", status="5.2.2", words="smtp; 552 mailbox full")

    assert house.outcome(house.report(away, full)) == "counted: 1 in a row"


def test_transient_bounces_suppress_only_after_so_many_over_so_many_days(engine: Engine) -> None:
    house = House(engine, issues=3)
    week = timedelta(days=7)

    outcomes = [
        house.outcome(house.report(FULL, issue=number), now=NOON + number * week)
        for number in range(3)
    ]

    assert outcomes == ["counted: 1 in a row", "counted: 2 in a row", "suppressed"]
    suppression = house.suppressed()
    assert suppression is not None
    assert suppression.reason == "bounced 3 times in a row over 14 days: mailbox full, 5.2.2"


def test_many_within_few_days_suppress_nobody(engine: Engine) -> None:
    house = House(engine, issues=5)

    outcomes = [house.outcome(house.report(FULL, issue=number)) for number in range(5)]

    assert outcomes[-1] == "counted: 5 in a row"
    assert house.suppressed() is None


def test_a_mail_that_did_not_bounce_ends_the_row(engine: Engine) -> None:
    house = House(engine, issues=4)

    outcomes = [
        house.outcome(house.report(FULL, issue=number), now=NOON + timedelta(days=7 * number))
        for number in (0, 1, 3)  # the third one arrived
    ]

    assert outcomes == ["counted: 1 in a row", "counted: 2 in a row", "counted: 1 in a row"]


def test_two_bounces_of_one_issue_are_one_in_the_row(engine: Engine) -> None:
    house = House(engine)
    source = house.report(FULL)
    other = source.replace(b"Message-ID: <", b"Message-ID: <second.")

    assert [house.outcome(source), house.outcome(other)] == ["counted: 1 in a row"] * 2


@pytest.mark.parametrize("action", ["delayed", "delivered"])
def test_delays_and_deliveries_are_recorded_and_nothing_more(engine: Engine, action: str) -> None:
    house = House(engine)

    outcome = house.outcome(house.report(recipient(action=action, status="4.4.1")))

    assert outcome.startswith("ignored")
    assert house.suppressed() is None


def test_a_complaint_unsubscribes_and_suppresses_at_once(engine: Engine) -> None:
    house = House(engine)
    token = SIGNER.sign(house.issues[0], house.ann)
    source = complaint(f"To: redacted\nList-Unsubscribe: <https://mail.test/u/{token}>\n")

    assert house.outcome(source) == "unsubscribed, suppressed"

    assert house.state() is Consent.UNSUBSCRIBED
    suppression = house.suppressed()
    assert suppression is not None
    assert suppression.source == "complaint"
    with reading(engine) as session:
        left = session.scalars(select(Unsubscribe)).one()
        assert (left.method, left.issue_id) == ("complaint", house.issues[0])
        *_, gone, barred = house.history(session)
        assert (gone.source, barred.source) == ("complaint", "suppressed")
        assert gone.evidence == {
            "message": "<report.1@mx.test>",
            "sender": "fbl@provider.test",
            "date": "Mon, 2 Nov 2026 12:00:00 +0000",
            "said": "abuse: Provider-FBL/1.0",
            "issue": house.issues[0],
            "known_by": "our token",
        }
        assert barred.evidence.items() >= {**gone.evidence, "reason": "complained: spam"}.items()
        assert audit(session, house.issues[0]).came_back == {"complaint": 1}


def test_a_mail_to_leave_unsubscribes(engine: Engine) -> None:
    house = House(engine)
    token = SIGNER.sign(house.issues[0], house.ann)
    source = leaving(f"unsubscribe+{token}@river.test")

    assert house.outcome(source) == "unsubscribed"
    again = source.replace(b"report.1", b"report.2")
    assert house.outcome(again) == "had unsubscribed already"

    assert house.state() is Consent.UNSUBSCRIBED
    assert house.suppressed() is None
    with reading(engine) as session:
        assert session.scalars(select(Unsubscribe.method)).all() == ["mail"]
        gone = house.history(session)[-1]
        assert gone.source == "mail"
        assert (
            gone.evidence.items()
            >= {
                "message": "<report.1@mx.test>",
                "sender": "ann@readers.test",
                "said": "unsubscribe",
                "issue": house.issues[0],
            }.items()
        )


def test_forged_reports_are_counted_and_ignored(engine: Engine) -> None:
    house = House(engine)
    stranger = Signer(b"the key of another installation")
    forged = verp(house.issues[0], house.ann, stranger)
    token = stranger.sign(house.issues[0], house.ann)

    outcomes = {
        house.outcome(dsn(to=forged)),
        house.outcome(leaving(f"unsubscribe+{token}@river.test")),
    }

    assert outcomes == {"ignored: its address has a token not made here"}
    assert house.suppressed() is None
    assert house.state() is Consent.CONFIRMED
    with reading(engine) as session:
        assert [one.subscriber_id for one in records.page(session, unidentified=True)] == [None] * 2


def test_reports_that_nothing_signs_are_counted_like_transient_ones(engine: Engine) -> None:
    house = House(engine)

    assert house.outcome(house.report(signed=False)) == "counted: 1 in a row"
    outcome = house.outcome(complaint("To: ann@readers.test\n"))

    assert outcome == "kept: nothing in it shows that it is about a mail of ours"
    assert house.suppressed() is None
    assert house.state() is Consent.CONFIRMED
    with reading(engine) as session:
        assert audit(session, house.issues[0]).came_back == {
            "bounce-permanent": 1,
            "complaint": 1,
        }


def test_where_unsigned_reports_are_trusted_they_act(engine: Engine) -> None:
    house = House(engine, rules=Rules(trusted=True))

    assert house.outcome(house.report(signed=False)) == "suppressed"
    assert house.outcome(complaint("To: ann@readers.test\n")) == "unsubscribed, suppressed already"


def test_whoever_cannot_be_identified_is_kept_with_the_reason(engine: Engine) -> None:
    house = House(engine)
    unknown = recipient("nobody@elsewhere.test")

    assert house.outcome(house.report(unknown, signed=False)) == (
        "unidentified: nobody here has this address"
    )
    assert house.outcome(complaint("Subject: News\n")) == "unidentified: it names no address"
    with reading(engine) as session:
        kept = records.page(session, unidentified=True)
        assert [one.kind for one in kept] == [Kind.COMPLAINT, Kind.PERMANENT]
        assert ("complaint", "unidentified: it names no address", 1) in records.counted(session)


def test_replies_of_machines_and_letters_are_counted_and_nothing_more(engine: Engine) -> None:
    house = House(engine)

    house.take(vacation(verp(house.issues[0], house.ann)))
    house.take(mail("Hello, Ann here.", sender="ann@readers.test", Subject="Hi", Return_Path=""))

    assert house.kinds() == [Kind.AUTO_REPLY, Kind.OTHER]
    assert house.suppressed() is None


def test_of_somebody_erased_nothing_is_kept(engine: Engine) -> None:
    house = House(engine)
    source = dsn(to=verp(house.issues[0], house.ann + 1000))

    assert house.outcome(source) == "nothing to do: this person was erased"
    with reading(engine) as session:
        bounce = session.scalars(select(Bounce)).one()
        assert (bounce.subscriber_id, bounce.address, bounce.diagnostic) == (None, "", "")


@pytest.mark.parametrize("signed", [True, False])
def test_a_bounce_of_the_old_address_leaves_the_new_one_alone(engine: Engine, signed: bool) -> None:
    house = House(engine, rules=Rules(count=1, days=0))
    with transaction(engine) as session:
        consent.note(
            session,
            subscriber_id=house.ann,
            now=NOON + timedelta(minutes=5),
            source=consent.NEW_ADDRESS,
            evidence={},
        )

    outcome = house.outcome(house.report(signed=signed), now=NOON + timedelta(hours=1))

    assert outcome == "nothing to do: this person has a new address since"
    assert house.suppressed() is None
