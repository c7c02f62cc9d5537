"""What a reader's page says beside each newsletter that a tick would bring, kept with the consent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from mailer.addresses import parse_address
from mailer.audience import forms
from mailer.audience.forms import FormSettings
from mailer.audience.readers import Visit
from mailer.database.tables import Newsletter
from mailer.web.public.form_replies import remember
from mailer.web.site import Site
from mailer.web.wording import Say


@dataclass(frozen=True, slots=True)
class Offer:
    """A newsletter they do not have; *intro* and *consent* are its people's own words, if any."""

    newsletter_id: int
    name: str
    intro: str
    consent: str
    wording: str  # names what is said, all in all


def offered(session: Session, site: Site, visit: Visit) -> list[tuple[Newsletter, FormSettings]]:
    """Those that a tick of theirs would bring."""
    known = [one.newsletter_id for one in visit.memberships]
    address = parse_address(visit.address)
    return forms.offered(session, address, known, site.mailer.address_rules)


def offers(site: Site, found: Iterable[tuple[Newsletter, FormSettings]], say: Say) -> list[Offer]:
    """What is said of each of them."""
    return [
        Offer(
            one.id,
            one.name,
            settings.intro,
            settings.consent,
            _remembered(
                site,
                say("preferences.more"),
                one.name,
                settings.intro,
                settings.consent or say("preferences.more_consent"),
                say("preferences.save"),
            ),
        )
        for one, settings in found
    ]


def _remembered(site: Site, *lines: str) -> str:
    return remember(site, "\n".join(filter(None, lines)))
