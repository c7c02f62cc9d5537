"""The programs whose exports are known by their header rows, and what is special about each."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from mailer.audience.importing.meanings import Meaning
from mailer.audience.importing.statuses import Standing


def _all(meaning: Meaning, words: str) -> dict[str, Meaning]:
    return dict.fromkeys(words.split(), meaning)


@dataclass(frozen=True, slots=True)
class System:
    """One program's export: the headers that give it away, and what its own headers mean."""

    name: str
    headers: frozenset[str]  # all of these, normalised, and perhaps others
    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    only: bool = False  # no other headers than these
    standing: Standing | None = None  # of everybody in the file
    words: Mapping[str, Mapping[str, Standing]] = field(default_factory=dict)  # of which column
    log: bool = False  # of what was sent or read: nobody is a reader by it
    tells: bool = False  # who is a reader, wholly: columns it does not know are the owners' own


_MAILCHIMP = {
    **_all(
        Meaning.IGNORE,
        "memberrating latitude longitude gmtoff dstoff lastchanged leid euid unsubcampaigntitle "
        "unsubcampaignid cleancampaigntitle cleancampaignid",
    ),
    **_all(Meaning.REASON, "unsubreason unsubreasonother"),
    **_all(Meaning.EVIDENCE, "optintime optinip confirmtime confirmip"),
}
# One letter a state, as in the plug-in's table.
_LETTERS = {
    "c": Standing.CONFIRMED,
    "s": Standing.PENDING,
    "u": Standing.UNSUBSCRIBED,
    "b": Standing.SUPPRESSED,
    "p": Standing.SUPPRESSED,  # complained
}
# A category of two: 1 is yes, 2 is no. The channels in which somebody is blocked have names.
_BREVO = {"doubleoptin": Meaning.CONFIRMED, "addedtime": Meaning.JOINED,
          **_all(Meaning.IGNORE, "contactid modifiedtime")}  # fmt: skip
_CHANNELS = ("sms_marketing", "whatsapp_marketing", "transactional_email", "sms_transactional")
_BREVO_WORDS = {
    "doubleoptin": {"1": Standing.CONFIRMED, "2": Standing.PENDING},
    "blocklisted": {
        "email_marketing": Standing.SUPPRESSED,
        **dict.fromkeys(_CHANNELS, Standing.CONFIRMED),
    },
    "subscribed": {"email_marketing": Standing.CONFIRMED, "": Standing.PENDING},
}
_PHPLIST = _all(
    Meaning.IGNORE,
    "id uniqid uuid uniqueid uniqueidforsubscriber uniqueidforuser htmlemail rssfrequency optedin "
    "sendthissubscriberhtmlemails sendthisuserhtmlemails didthissubscribermanuallyconfirm "
    "didthisusermanuallyconfirm bouncecount numberofbounces numberofbouncesonthissubscriber "
    "numberofbouncesonthisuser subscribepage foreignkey lastmodified modified",
)
_UTM = "utmsource utmmedium utmcampaign utmterm utmcontent utmlastpath utmreferrer referrerurl"

# What `mailer export` writes; of CSV, cells are guarded against spreadsheets.
OWN = "mailer"
OWN_JSON = "mailer, JSON lines"
SYSTEMS = (
    System(
        OWN,
        frozenset(("email", "status", "joined", "since", "source", "tags", "data")),
        _all(Meaning.FIELD, "firstname lastname") | _all(Meaning.EVIDENCE, "since source"),
        tells=True,
    ),
    System(
        OWN_JSON,
        frozenset(("email", "status", "joined", "since", "source", "tags", "fields")),
        _all(Meaning.EVIDENCE, "since source"),
        tells=True,
    ),
    System(
        "Mailchimp: unsubscribed",
        frozenset(("optintime", "confirmtime", "leid", "euid", "unsubtime")),
        _MAILCHIMP,
        standing=Standing.UNSUBSCRIBED,
        tells=True,
    ),
    System(
        "Mailchimp: cleaned",
        frozenset(("optintime", "confirmtime", "leid", "euid", "cleantime")),
        _MAILCHIMP,
        standing=Standing.SUPPRESSED,
        tells=True,
    ),
    System(
        "Mailchimp: subscribed",
        frozenset(("optintime", "confirmtime", "leid", "euid")),
        _MAILCHIMP,
        tells=True,
    ),
    System(
        # Whether somebody pays (active_subscription) says nothing about who wants the mails.
        "Substack",
        frozenset(("email", "expiry", "emaildisabled")),
        _all(Meaning.FIELD, "activesubscription expiry plan type firstpaymentat")
        | _all(Meaning.IGNORE, "stripeconnectedcustomerid preferdigests"),
    ),
    System("Substack: sent and opened", frozenset(("postid", "timestamp", "email")), log=True),
    # As the page of subscribers exports it: there the day of cancelling is that of leaving.
    System(
        "Substack",
        frozenset(("email", "stripeplan", "canceldate", "startdate")),
        _all(Meaning.FIELD, "subscriptionsourcefree subscriptionsourcepaid type")
        | {"startdate": Meaning.JOINED},
    ),
    System(
        "Ghost",
        frozenset(("email", "name", "subscribedtoemails", "complimentaryplan")),
        _all(Meaning.IGNORE, "id stripecustomerid giftid")
        | _all(Meaning.FIELD, "note tiers products complimentaryplan"),
    ),
    System(
        "listmonk",
        frozenset(("uuid", "email", "name", "attributes", "status")),
        _all(Meaning.IGNORE, "uuid updatedat"),
    ),
    System("listmonk", frozenset(("email", "name", "attributes")), only=True),
    System(
        "Buttondown",
        frozenset(("email", "subscribertype", "creationdate")),
        _all(Meaning.IGNORE, "id secondaryid") | _all(Meaning.EVIDENCE, _UTM),
    ),
    System("Keila", frozenset(("email", "firstname", "lastname", "data", "externalid"))),
    System(
        "beehiiv",
        frozenset(("email", "status", "tier", "createdat", "stripecustomerid")),
        _all(Meaning.IGNORE, "stripecustomerid"),
    ),
    System(
        "Curated",
        frozenset(("emailaddress", "subscribedat", "utmsource", "utmlastpath")),
        _all(Meaning.EVIDENCE, _UTM),
    ),
    *(
        System("phpList", frozenset(headers.split()), _PHPLIST)
        for headers in (
            "email confirmed blacklisted htmlemail",
            "email listmembership",
            "emailaddress listmembership",
        )
    ),
    # The post, not e-mail, is what "Do Not Mail" is about.
    System(
        "CiviCRM",
        frozenset(("email", "donotemail", "donotmail")),
        _all(Meaning.FIELD, "donotmail"),
    ),
    System(
        # Inactive there are those who never confirmed.
        "Kit",
        frozenset(("emailaddress", "firstname", "state", "createdat", "tags")),
        words={"state": {"inactive": Standing.PENDING}},
    ),
    System(
        "MailPoet",
        frozenset(("email", "firstname", "lastname", "list", "globalstatus")),
        {"liststatus": Meaning.STATUS},
    ),
    System(
        "Newsletter (WordPress)",
        frozenset(("email", "name", "surname", "status", "date", "token")),
        {"date": Meaning.JOINED},
        words={"status": _LETTERS},
    ),
    System(
        "Newsletter (WordPress)",
        frozenset(("email", "status", "token", "profile1")),
        {"date": Meaning.JOINED},
        words={"status": _LETTERS},
    ),
    *(
        System("Brevo", frozenset(headers.split()), _BREVO, words=_BREVO_WORDS)
        for headers in (
            "email emailblocklisted",
            "email emailblacklisted",
            "email addedtime modifiedtime",
            "email doubleoptin sms",
        )
    ),
    System(
        "Mailjet",
        frozenset(("email", "isoptinpending")),
        _all(Meaning.IGNORE, "id deliveredcount lastupdateat exclusionfromcampaignsupdatedat"),
    ),
    System(
        "Mailgun: bounces",
        frozenset(("address", "code", "error", "createdat")),
        _all(Meaning.REASON, "error") | {"address": Meaning.ADDRESS},
        standing=Standing.SUPPRESSED,
        only=True,
    ),
    System(
        "SendGrid: suppressed",
        frozenset(("email", "reason", "created", "status")),
        _all(Meaning.REASON, "reason status"),
        standing=Standing.SUPPRESSED,
        only=True,
    ),
    # A number a state, of which three are known.
    System(
        "Tiny News",
        frozenset(("email", "channelid", "tier", "status", "engagementoptin")),
        words={
            "status": {
                "1": Standing.CONFIRMED,
                "2": Standing.CONFIRMED,
                "0": Standing.UNSUBSCRIBED,
            }
        },
    ),
    # Columns of numbers that stand for lists: whoever has some left those.
    System(
        "Iterable",
        frozenset(("email", "unsubscribedchannelids")),
        {"unsubscribedchannelids": Meaning.UNSUBSCRIBED},
    ),
    # Of "sendEmail" it says who gets the system's own mails.
    System(
        "Joomla",
        frozenset(("email", "block", "sendemail", "activation")),
        {"block": Meaning.UNSUBSCRIBED, "sendemail": Meaning.FIELD},
    ),
    System(
        "TYPO3",
        frozenset(("email", "modulesysdmailnewsletter")),
        {
            "modulesysdmailnewsletter": Meaning.SUBSCRIBED,
            **_all(Meaning.UNSUBSCRIBED, "hidden disable deleted"),
        },
    ),
    System("MailerLite", frozenset(("subscriber", "sent", "opens", "clicks", "subscribed"))),
)


def recognise(headers: Set[str]) -> System | None:
    """The program whose export has these normalised headers; ``None`` when none is known."""
    for system in SYSTEMS:
        if system.headers <= headers and (not system.only or system.headers == headers):
            return system
    return None
