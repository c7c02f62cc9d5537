"""What every use case of joining works with: who writes mails, who signs links, for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy.orm import Session

from mailer.addresses import Address
from mailer.joining import meters
from mailer.notifying.writing import Notifier
from mailer.rates import Rate
from mailer.tokens import Signer

# Mails that a stranger can make us send to one address.
_MAILS = (Rate(3, timedelta(hours=1)), Rate(8, timedelta(days=1)))


@dataclass(frozen=True, slots=True)
class Trace:
    """Where something was done from, as far as the settings let it be kept."""

    form: Literal["page", "embedded", "preferences", "confirm", "unsubscribe"]
    client: str | None = None  # address of the computer, whole or truncated
    agent: str = ""
    referrer: str = ""
    source: str = ""  # where the group's own link or form says they came from
    wording: str = ""

    def evidence(self) -> dict[str, Any]:
        """For a record of consent; what is not known is left out."""
        known = {
            "form": self.form,
            "client": self.client,
            "agent": self.agent,
            "referrer": self.referrer,
            "source": self.source,
            "wording": self.wording,
        }
        return {name: value for name, value in known.items() if value}


@dataclass(frozen=True, slots=True)
class Asked:
    """A form as it came in, read and found to be in order."""

    address: Address
    trace: Trace
    name: str = ""
    language: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    proved: bool = False  # by work: a single opt-in counts at once


@dataclass(frozen=True, slots=True)
class Office:
    """One installation, as far as joining needs it."""

    notifier: Notifier
    signer: Signer
    base_url: str
    confirm_within: timedelta

    def preferences_link(self, subscriber_id: int) -> str:
        """A person's own page, as linked to at the end of each mail."""
        return f"{self.base_url}/p/{self.signer.sign(0, subscriber_id)}"

    def may_mail(self, session: Session, address: Address, now: datetime) -> bool:
        """Count a mail that a stranger asked for; ``False`` when that mailbox had enough."""
        scope = f"mail {self.signer.digest('meter', address.mailbox)}"
        counted = [meters.allow(session, scope, rate, now) for rate in _MAILS]
        return all(counted)
