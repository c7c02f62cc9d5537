"""Fills a database with a made-up year of Alder River Watch, for pictures of the staff pages.

Usage: python docs/demonstration.py FILE.db; prints the session cookie of its owner.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from mailer.audience import forms, segments, suppressions, uploads
from mailer.audience.uploading import work
from mailer.bootstrap import Mailer, bootstrap
from mailer.composing import issues
from mailer.composing.publishing import store
from mailer.database.engine import transaction
from mailer.database.tables import (
    Base,
    Batch,
    Consent,
    FormCount,
    Issue,
    IssueState,
    Newsletter,
    OptIn,
    Outcome,
    Role,
    Subscriber,
    Unsubscribe,
)
from mailer.sample import LOOK, NEWSLETTER, POSTAL_ADDRESS, sample_content
from mailer.settings import load_settings
from mailer.staffing import sessions, users
from mailer.staffing.sessions import Visitor

READERS, OTHERS = 4812, 399
REFUSED, SKIPPED = 71, 8
SUBJECTS = (
    "They blinked: the permit is on hold",
    "A summer of walking the Alder",
    "Two weeks left to object to the turbines",
    "The ministry has answered. Not to us",
    "Salmon at the gate: forty counted in one night",
    "Harrow Weir is coming down, and the upper Alder needs you now",
)
FIRST = [
    "Ana",
    "Ben",
    "Chloe",
    "Dmitri",
    "Esra",
    "Femi",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kaya",
    "Liam",
    "Maria",
    "Nils",
    "Olga",
    "Pia",
]
LAST = [
    "Alder",
    "Brook",
    "Castro",
    "Dahl",
    "Evans",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ivanova",
    "Jensen",
    "Lopez",
    "Meyer",
]
LIST = """Kontakt,Vorname,Ort,Status
ada@readers.example,Ada,Lindholm,active
bo@readers.example,Bo,Harrow,active
cy@readers.example,Cy,Osterby,unsubscribed
not an address,Di,Harrow,active
"""


# Why some who are no readers never get mail, and who says so.
NEVER = (
    ("bounced: user unknown, 5.1.1", "bounce"),
    ("complained: spam", "complaint"),
    ("bounced 3 times in a row over 21 days: mailbox full", "bounce"),
    ("refused: user unknown", "refusal"),
    ("asked for", "staff: ana@alderwatch.example"),
)


def main(file: Path) -> str:
    """Make *file*; the owner's session token."""
    chance = random.Random(4)
    mailer = bootstrap(load_settings(database_url=f"sqlite:///{file}"))
    now = mailer.clock()
    with transaction(mailer.engine) as session:
        newsletter = _newsletter(session, now)
        _people(session, newsletter, now, chance)
        for number, subject in enumerate(SUBJECTS):
            started = now - timedelta(days=7 * (len(SUBJECTS) - number) - 6, hours=5)
            _sent(session, mailer, newsletter, subject, started, chance)
        _drafts(session, mailer, newsletter, now)
        _forms(session, newsletter, now)
        _suppressions(session, mailer, now)
        segments.add(session, "New people", "joined in last 30 days", now=now)
        segments.add(
            session,
            "German regulars",
            'language is "de" and clicked any action in last 3 issues',
            now=now,
        )
        uploads.add(session, newsletter.id, [("members.csv", LIST.encode())], by="ana", now=now)
    work(mailer.engine, mailer.signer, mailer.clock)
    with transaction(mailer.engine) as session:
        ana = users.add(
            session, "ana@alderwatch.example", now=now, role=Role.OWNER, name="Ana Costa"
        )
        users.add(session, "ben@alderwatch.example", now=now, role=Role.EDITOR, name="Ben Okafor")
        ana.time_zone = "Europe/Lisbon"
        session.flush()
        return sessions.begin(session, ana, Visitor("Firefox on Linux", "127.0.0.0/24"), now=now)


def _newsletter(session: Session, now: datetime) -> Newsletter:
    newsletter = Newsletter(
        slug="alder-river",
        name=NEWSLETTER,
        from_name=NEWSLETTER,
        from_address="news@alderwatch.example",
        postal_address=POSTAL_ADDRESS,
        look=LOOK,
        opt_in=OptIn.DOUBLE,
        created_at=now - timedelta(days=400),
    )
    session.add(newsletter)
    session.flush()
    return newsletter


def _people(session: Session, newsletter: Newsletter, now: datetime, chance: random.Random) -> None:
    people = [_person(number, now, chance) for number in range(1, READERS + OTHERS + 1)]
    session.execute(insert(Subscriber), people)
    states = [
        Consent.CONFIRMED
        if one["id"] <= READERS
        else chance.choice([Consent.PENDING, Consent.UNSUBSCRIBED])
        for one in people
    ]
    _rows(
        session,
        "subscriptions",
        (
            {
                **_theirs(newsletter, one),
                "state": state,
                "changed_at": one["created_at"],
                "source": "form",
            }
            for one, state in zip(people, states, strict=True)
        ),
    )
    _rows(
        session,
        "consent_changes",
        (
            {**_theirs(newsletter, one), "state": Consent.CONFIRMED, "at": one["created_at"],
             "source": "form", "evidence": {}}
            for one in people
        ),
    )  # fmt: skip
    _rows(
        session,
        "consent_changes",
        (
            {**_theirs(newsletter, one), "state": state, "source": "page", "evidence": {},
             "at": min(now, one["created_at"] + timedelta(days=chance.randint(1, 90)))}
            for one, state in zip(people, states, strict=True)
            if state is Consent.UNSUBSCRIBED
        ),
    )  # fmt: skip


def _person(number: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    first, last = chance.choice(FIRST), chance.choice(LAST)
    address = f"{first}.{last}{number}@readers.example".lower()
    return {
        "id": number,
        "address": address,
        "address_key": address,
        "name": f"{first} {last}",
        "language": chance.choice(["en", "de", None]),
        "fields": {"town": chance.choice(["Harrow", "Lindholm", "Osterby"])},
        "created_at": now - timedelta(days=chance.randint(1, 360)),
    }


def _theirs(newsletter: Newsletter, person: dict[str, Any]) -> dict[str, Any]:
    return {"newsletter_id": newsletter.id, "subscriber_id": person["id"]}


def _sent(  # a story has that many parts
    session: Session,
    mailer: Mailer,
    newsletter: Newsletter,
    subject: str,
    started: datetime,
    chance: random.Random,
) -> None:
    content = sample_content(mailer.settings.base_url, started.date())
    content = content.model_copy(update={"subject": subject, "title": ""})
    issue = issues.create(session, newsletter.id, content, now=started)
    published = mailer.publisher.publish(session, issue, now=started)
    store(session, issue.id, published, now=started)
    issue.state, issue.planned = IssueState.SENT, READERS
    issue.started_at, issue.finished_at = started, started + timedelta(minutes=2)
    accepted = READERS - REFUSED - SKIPPED
    session.add(
        Batch(issue_id=issue.id, subscriber_ids="", size=READERS, due_at=started, open=False,
              accepted=accepted, refused=REFUSED, skipped=SKIPPED)
    )  # fmt: skip
    _rows(session, "deliveries", _deliveries(issue, started))
    numbers = [link.number for link in published.links]
    _rows(session, "clicks", _clicks(issue, numbers, started, mailer.clock(), chance))
    session.add_all(
        Unsubscribe(newsletter_id=newsletter.id, subscriber_id=reader, issue_id=issue.id,
                    at=started, method="page")
        for reader in range(1, chance.randint(4, 14))
    )  # fmt: skip


def _deliveries(issue: Issue, at: datetime) -> Iterator[dict[str, Any]]:
    for reader in range(1, READERS + 1):
        fate = 3 if reader <= SKIPPED else 2 if reader <= SKIPPED + REFUSED else 1
        reply = {1: "250 2.0.0 Ok", 2: "550 5.1.1 no such user", 3: "unsubscribed"}[fate]
        yield {"issue_id": issue.id, "subscriber_id": reader, "fate": fate, "attempts": 1,
               "at": at, "reply": reply}  # fmt: skip


def _clicks(
    issue: Issue, links: list[int], started: datetime, now: datetime, chance: random.Random
) -> Iterator[dict[str, Any]]:
    weights = [1 / (1 + at) for at in range(len(links))]
    chance.shuffle(weights)
    for _ in range(chance.randint(900, 2200)):
        at = started + timedelta(hours=chance.expovariate(1 / 7), minutes=3)
        if at < now:
            yield _click(issue, chance, chance.choices(links, weights)[0], at, None)
    for _ in range(60):
        scanner = _click(
            issue, chance, 0, started + timedelta(seconds=40), "3 links within 3 seconds"
        )
        yield from ({**scanner, "link_number": link} for link in links[:4])


def _click(
    issue: Issue, chance: random.Random, link: int, at: datetime, machine: str | None
) -> dict[str, Any]:
    reader = chance.randint(SKIPPED + REFUSED + 1, READERS)
    return {"issue_id": issue.id, "subscriber_id": reader, "link_number": link, "at": at,
            "machine": machine}  # fmt: skip


def _forms(session: Session, newsletter: Newsletter, now: datetime) -> None:
    """Its sign-up form, with what became of it this month."""
    forms.change(
        session,
        newsletter,
        intro="What happens along the Alder, and what you can do. One letter a week, no more.",
        welcome_subject="Welcome to the river",
        welcome_body="<p>Dear friend,</p><p>thank you for standing with the Alder.</p>",
    )
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    per_week = {
        Outcome.ASKED: (41, 36, 58, 47),
        Outcome.CONFIRMED: (33, 31, 47, 40),
        Outcome.KNOWN: (3, 2, 6, 4),
        Outcome.ROBOT: (12, 31, 19, 8),
        Outcome.ADDRESS: (2, 4, 3, 1),
        Outcome.DISPOSABLE: (1, 0, 3, 2),
        Outcome.LIMIT: (0, 9, 0, 0),
    }
    session.add_all(
        FormCount(
            newsletter_id=newsletter.id,
            day=today - timedelta(days=7 * week),
            outcome=outcome,
            number=number,
        )
        for outcome, numbers in per_week.items()
        for week, number in enumerate(numbers)
    )


def _suppressions(session: Session, mailer: Mailer, now: datetime) -> None:
    others = [session.get_one(Subscriber, READERS + number) for number in range(1, len(NEVER) + 1)]
    for days, (one, (reason, source)) in enumerate(zip(others, NEVER, strict=True)):
        moment = now - timedelta(days=9 * days + 2, hours=3)
        suppressions.add(session, one.address_key, reason=reason, source=source, now=moment)
    suppressions.add(
        session,
        "@weir-power.example",
        reason="asked for",
        source="staff: ana@alderwatch.example",
        now=now,
    )
    suppressions.hide(session, "someone@readers.example", mailer.signer, source="erased", now=now)


def _drafts(session: Session, mailer: Mailer, newsletter: Newsletter, now: datetime) -> None:
    sample = sample_content(mailer.settings.base_url, now.date())
    scheduled = sample.model_copy(update={"subject": "December update: the hard part", "title": ""})
    for content in (sample.model_copy(update={"title": ""}), scheduled):
        issue = issues.create(session, newsletter.id, content, now=now)
    issue.state, issue.scheduled_at = IssueState.SCHEDULED, now + timedelta(days=2)


def _rows(session: Session, table: str, rows: Iterator[dict[str, Any]]) -> None:
    session.execute(insert(Base.metadata.tables[table]), list(rows))


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
