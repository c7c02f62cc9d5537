"""Mails the links that sign in: to those who ask for one, and to those who are invited."""

from __future__ import annotations

import logging

from sqlalchemy.orm import Session

from mailer.bootstrap import Mailer
from mailer.database.engine import transaction
from mailer.database.tables import LinkPurpose, User
from mailer.errors import ConfigurationError
from mailer.staffing import links, signing_in
from mailer.web.languages import Speech, moment_words, speaking

_LOG = logging.getLogger(__name__)


def mail_sign_in_link(mailer: Mailer, address: str, network: str) -> None:
    """Mail a link to whoever has an account at *address*; ``TooManyAttempts``."""
    now = mailer.clock()
    with transaction(mailer.engine) as session:
        found = signing_in.link_for(session, address, network, now=now)
        if found is not None:
            _write(mailer, session, "sign-in", LinkPurpose.SIGN_IN, *found)


def invite(mailer: Mailer, session: Session, user: User, inviter: str) -> str:
    """Mail an invitation to a new account; its address, for where no mail can be sent."""
    token = links.make(session, LinkPurpose.INVITATION, user, now=mailer.clock())
    _write(mailer, session, "invitation", LinkPurpose.INVITATION, user, token, inviter=inviter)
    return mailer.settings.base_url + links.path_of(LinkPurpose.INVITATION, token)


def _write(
    mailer: Mailer,
    session: Session,
    kind: str,
    purpose: LinkPurpose,
    user: User,
    token: str,
    **values: str,
) -> None:
    now = mailer.clock()
    until = now + links.LIFETIMES[purpose]
    with speaking(Speech(user.language, user.time_zone)):
        shown = moment_words(until)
    link = mailer.settings.base_url + links.path_of(purpose, token)
    try:
        mailer.notifier.notify(
            session,
            kind,
            to=user.address,
            to_name=user.name,
            values={"link": link, "until": shown, **values},
            now=now,
            language=user.language,
            expires_at=until,
        )
    except ConfigurationError as error:  # no sender yet: `mailer user link` prints a link
        _LOG.error("the mail to %s was not written: %s", user.address, error)
