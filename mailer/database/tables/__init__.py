"""All tables, a file per family."""

from mailer.database.tables.audience import (
    Consent,
    ConsentChange,
    Newsletter,
    OptIn,
    Subscriber,
    Subscription,
    Suppression,
    Unsubscribe,
)
from mailer.database.tables.base import Base
from mailer.database.tables.bounces import Bounce
from mailer.database.tables.composing import (
    Approval,
    IssueTest,
    IssueVersion,
    Picture,
    SavedBlock,
)
from mailer.database.tables.installation import Fact, InboxMail
from mailer.database.tables.issues import Issue, IssueBlock, IssueLink, IssueState, Rendition
from mailer.database.tables.joining import RequestMeter, SignUp, SpentChallenge, Wording
from mailer.database.tables.ledger import (
    Attempt,
    Batch,
    Delivery,
    DeliveryTotal,
    Doubt,
    Erasure,
    Fate,
    RelaySeats,
    Retention,
    SendingMeter,
    Tally,
    WarmUp,
)
from mailer.database.tables.notices import Notice
from mailer.database.tables.segments import (
    CustomField,
    IssueSegment,
    Segment,
    SubscriberTag,
    Tag,
)
from mailer.database.tables.staff import (
    ApiKey,
    LinkPurpose,
    RecoveryCode,
    Role,
    SignInLink,
    SignInMeter,
    StaffSession,
    User,
)
from mailer.database.tables.tracking import Click, Open
from mailer.database.tables.uploads import Upload, UploadedFile, UploadState

__all__ = [
    "ApiKey",
    "Approval",
    "Attempt",
    "Base",
    "Batch",
    "Bounce",
    "Click",
    "Consent",
    "ConsentChange",
    "CustomField",
    "Delivery",
    "DeliveryTotal",
    "Doubt",
    "Erasure",
    "Fact",
    "Fate",
    "InboxMail",
    "Issue",
    "IssueBlock",
    "IssueLink",
    "IssueSegment",
    "IssueState",
    "IssueTest",
    "IssueVersion",
    "LinkPurpose",
    "Newsletter",
    "Notice",
    "Open",
    "OptIn",
    "Picture",
    "RecoveryCode",
    "RelaySeats",
    "Rendition",
    "RequestMeter",
    "Retention",
    "Role",
    "SavedBlock",
    "Segment",
    "SendingMeter",
    "SignInLink",
    "SignInMeter",
    "SignUp",
    "SpentChallenge",
    "StaffSession",
    "Subscriber",
    "SubscriberTag",
    "Subscription",
    "Suppression",
    "Tag",
    "Tally",
    "Unsubscribe",
    "Upload",
    "UploadState",
    "UploadedFile",
    "User",
    "WarmUp",
    "Wording",
]
