"""What the first visitor would have to wait for, done as the server starts, while nobody waits."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import select

from mailer.database.engine import reading
from mailer.database.tables import Newsletter
from mailer.errors import MailerError
from mailer.web.editor.composer.page import mail_languages
from mailer.web.editor.settings.looks import sample_issue
from mailer.web.site import Site

_MOST_LOOKS = 20


def prepare(site: Site) -> None:
    """Compile the templates, and read the style sheets of the newsletters' looks.

    Half a second of work. What is broken is told to whoever asks for it, not here.
    """
    mail_languages()
    for newsletter in _newest(site):
        with suppress(MailerError):
            sample_issue(site, newsletter, "light")
    site.pages.compile()


def _newest(site: Site) -> list[Newsletter]:
    with suppress(MailerError), reading(site.mailer.engine) as session:
        newest = select(Newsletter).order_by(Newsletter.id.desc()).limit(_MOST_LOOKS)
        return list(session.scalars(newest))
    return []
