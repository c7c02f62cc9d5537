"""All tables, a file per family."""

from mailer.database.tables.audience import (
    Consent,
    ConsentChange,
    Newsletter,
    Subscriber,
    Subscription,
    Suppression,
    Unsubscribe,
)
from mailer.database.tables.base import Base
from mailer.database.tables.bounces import Bounce
from mailer.database.tables.installation import Fact, InboxMail
from mailer.database.tables.issues import Issue, IssueBlock, IssueLink, IssueState, Rendition
from mailer.database.tables.ledger import Attempt, Batch, Delivery, Doubt, Fate, SendingMeter
from mailer.database.tables.notices import Notice
from mailer.database.tables.tracking import Click

__all__ = [
    "Attempt",
    "Base",
    "Batch",
    "Bounce",
    "Click",
    "Consent",
    "ConsentChange",
    "Delivery",
    "Doubt",
    "Fact",
    "Fate",
    "InboxMail",
    "Issue",
    "IssueBlock",
    "IssueLink",
    "IssueState",
    "Newsletter",
    "Notice",
    "Rendition",
    "SendingMeter",
    "Subscriber",
    "Subscription",
    "Suppression",
    "Unsubscribe",
]
