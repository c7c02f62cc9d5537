"""The sign-up form of a newsletter as HTML for other people's pages."""

from __future__ import annotations

from sqlalchemy.orm import Session

from mailer.audience import forms
from mailer.bootstrap import Mailer
from mailer.database.tables import Newsletter
from mailer.web.languages import Speech, speaking
from mailer.web.pages import Pages
from mailer.web.public.forms import MOST_SOURCE, Given, words_of
from mailer.web.site import base_path
from mailer.web.wording import saying


def snippet(
    session: Session, mailer: Mailer, newsletter: Newsletter, language: str | None, source: str = ""
) -> str:
    """A form that works without script, and the script that makes it answer in place.

    What it says is kept, for the records of consent given on it, and *source* with each of them.
    """
    base_url = mailer.settings.base_url
    settings = forms.settings_of(newsletter)
    code = mailer.themes.spoken(language or newsletter.language) or "en"
    say = saying(mailer.themes.phrases(code))
    words = words_of(newsletter, settings, say)
    pages = Pages(base_path(base_url), mailer.clock, inbox=False)
    with speaking(Speech(code)):
        return pages.fill(
            "snippet.html",
            t=say,
            action=f"{base_url}/s/{newsletter.slug}",
            script=f"{base_url}/form.js",
            form=settings,
            asked=forms.questions(session, settings),
            words=words,
            wording=forms.remember_wording(session, str(words), now=mailer.clock()),
            given=Given(source=source[:MOST_SOURCE]),
            problem_at="",
            prefix=f"{newsletter.slug}-",
        )
