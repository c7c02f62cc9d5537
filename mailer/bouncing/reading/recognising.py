"""Tells a bounce that has no status report from a letter: by who wrote it, and how it begins."""

from __future__ import annotations

import re

from mailer.bouncing.reading.addresses import is_machine
from mailer.bouncing.reading.automatic import says_automatic
from mailer.bouncing.reading.parts import Headers, words_of

FAILED = ("x-failed-recipients", "x-bounced-address", "x-mailer-daemon-recipients")
_OPENING = 2000  # characters of a letter

_FAILURE = re.compile(
    r"undeliver|deliver\w* (?:status|fail|problem|report|error|incomplete|warning)|returned (?:mail|to "
    r"sender)|return(?:ing|ed) (?:message|mail)|failure (?:notice|delivery)|fail(?:ed|ure) "
    r"(?:deliver|notice|mail)|mail (?:fail|deliver\w* fail|system error|error|could not)|"
    r"could not (?:be )?(?:deliver|send)|(?:was|not|non|un) ?(?:be )?deliver|bounce|"
    r"error sending|mail failed|permanent (?:delivery )?(?:failure|error)|rejected|"
    r"unzustellbar|nicht zugestellt|non remis|échec|no (?:se ha podido )?entreg|mancata consegna|"
    r"доставл|配信|送信|delayed|warning: (?:message|could)|message (?:delayed|not)|"
    r"nondeliverable|address (?:unknown|not found)|user unknown|error in (?:delivery|mail)|"
    r"(?:mail|message) has been returned|processing error|did not reach|"
    r"n[ãa]o (?:foi )?entregue|devuelto|devolvid|onbestelbaar|niet (?:worden )?bezorgd|niedostarcz|"
    r"nie (?:zosta[łl]a )?dostarcz|kunde inte levereras|kunne ikke leveres|ei voitu toimittaa|"
    r"退信|退回|投递失败|无法(?:投递|送达|发送)|寄送失敗|반송|전송 실패|配達|届け|תקלה במסירה|"
    r"לא נמסר|تعذر تسليم|لم يتم تسليم|iletilemedi|teslim edilemedi",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"(?:^|error[^\n]{0,40}\s)5[0-7]\d[ -]", re.IGNORECASE | re.MULTILINE)
# Subjects that no person begins a mail with; answers and forwarded mails begin with Re: and Fwd:.
_SUBJECT = re.compile(
    r"\W{0,20}(?:undeliver(?:able|ed)|returned (?:mail|to sender)|non-?deliver|"
    r"(?:permanent |temporary )?(?:mail |e-?mail |message )?deliver\w{0,3} (?:failure|status notif)|"
    r"(?:mail|e-?mail|message) deliver\w{0,3} |failure notice|mail (?:could not be delivered|"
    r"system error|error$|failure$)|message (?:not delivered|undeliverable)|"
    r"(?:unzustellbar|nicht zustellbar|non remis|mancata consegna|no se puede entregar|onbestelbaar)\b|"
    r"warning: [^ ]{1,80}@[^ ]{1,200} - user unknown)",
    re.IGNORECASE,
)
# Sentences that only mail systems write.
_LETTER = re.compile(
    r"(?:could not|cannot|was not able to|unable to|failed to) (?:be delivered|deliver (?:your |the |this )?"
    r"(?:e-?mail|message|mail)) to (?:the following|one or more|some|this)|"
    r"did not reach the following|"
    r"following (?:recipient|address|user)\S{0,5} (?:could not be reached|failed|did not receive)|"
    r"n'a pas pu [eê]tre (?:d[eé]livr[eé]|remis)|konnte nicht zugestellt werden|"
    r"no (?:pudo|ha podido) (?:ser entregad|entregar)|n[aã]o p[oô]de ser entregue|"
    r"deliver\w* (?:of (?:your |the )?(?:e-?mail|message|mail) )?to this address\b|"
    r"permanent (?:fatal )?delivery errors|(?:was|is) automatically (?:created|generated) by [^.\n]{0,20}mail "
    r"(?:delivery|server|system)",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"\bdelay(?:ed)?\b|warning: (?:could not|message)|will (?:be retried|keep trying|retry)|"
    r"has not yet been delivered|warning message only|temporary failure report|"
    r"delivery attempts will continue|will continue to try to deliver",
    re.IGNORECASE,
)


def is_bounce(headers: Headers, sender: str, letter: str) -> bool:
    """Whether a mail with these *headers* is a bounce, and not a letter or a note."""
    if any(name in headers for name in FAILED) or "x-ms-embedded-report" in headers:
        return True
    subject, opening = words_of(headers.get("subject")), letter[:_OPENING]
    if says_automatic(subject) and not is_machine(sender):
        return False
    if _SUBJECT.match(subject) or _LETTER.search(opening):
        return True
    return _by_machine(headers, sender) and bool(
        _FAILURE.search(subject) or _FAILURE.search(opening) or _REFUSED.search(opening)
    )


def is_delay(subject: str, letter: str) -> bool:
    """Whether a bounce says that the mail is still being tried."""
    return bool(_DELAY.search(subject) or _DELAY.search(letter[:1500]))


def _by_machine(headers: Headers, sender: str) -> bool:
    return (
        is_machine(sender)
        or not sender
        or "mailer-daemon" in headers.get("from").lower()
        or "report" in headers.get("content-type").partition(";")[0].lower()
        or headers.get("return-path").strip() == "<>"
        or headers.get("auto-submitted").lower().startswith(("auto-replied", "auto-generated"))
    )
