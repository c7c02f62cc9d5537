"""The first look: in an empty database, a newsletter with readers and an issue about to go out."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from mailer.audience import newsletters, subscribers
from mailer.bootstrap import Mailer
from mailer.composing import issues
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter
from mailer.sample import LOOK, NEWSLETTER, POSTAL_ADDRESS, sample_content

_SLUG = "alder-river"
_READERS = (
    ("ana@readers.example", "Ana Costa"),
    ("ben@readers.example", "Ben Okafor"),
    ("chiara@readers.example", "Chiara Rossi"),
    ("dilan@readers.example", "Dilan Aydın"),
    ("eva@readers.example", "Eva Lindqvist"),
    ("farid@readers.example", ""),
)
_FIRST_ISSUE_IN = timedelta(minutes=1)


def plant(mailer: Mailer) -> int | None:
    """Add the sample and schedule its issue a minute ahead; its number, or ``None`` when there
    are newsletters already: nothing is ever added to them."""
    now = mailer.clock()
    with reading(mailer.engine) as session:
        if session.scalar(select(func.count()).select_from(Newsletter)):
            return None
    with transaction(mailer.engine) as session:
        newsletter = newsletters.add(
            session,
            _SLUG,
            NEWSLETTER,
            "news@alderwatch.example",
            now=now,
            postal_address=POSTAL_ADDRESS,
        )
        newsletter.look = LOOK
        for address, name in _READERS:
            subscribers.add(
                session,
                newsletter,
                address,
                name=name,
                signer=mailer.signer,
                now=now,
                source="sample",
            )
        content = sample_content(mailer.settings.base_url, now.date())
        issue = issues.create(session, newsletter.id, content, now=now)
    mailer.starter.schedule(issue.id, at=now + _FIRST_ISSUE_IN, now=now)
    return issue.id
