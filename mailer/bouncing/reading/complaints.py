"""Reads complaints (ARF, RFC 5965): "this is spam", as providers pass it on."""

from __future__ import annotations

from collections.abc import Iterable

from mailer.bouncing.reading.addresses import addresses_in
from mailer.bouncing.reading.parts import Headers, Part, header_fields
from mailer.reports import Finding, Kind, Reason

KIND = "message/feedback-report"
# Other types speak of forged mails (RFC 6591), or take a complaint back: no reader's wish to leave.
_COMPLAINTS = ("abuse", "fraud", "virus", "miscategorized", "opt-out", "opt-out-list", "other", "")
_NAMED = ("original-rcpt-to", "removal-recipient", "x-original-rcpt-to")


def passed_on(original: Headers) -> list[Finding]:
    """A complaint as Hotmail and Outlook.com pass it on: the mail alone, with a field of theirs."""
    address = original.get("x-hmxmroriginalrecipient").strip("<> ")
    if not address:
        return []
    return [Finding(Kind.COMPLAINT, address=address[:320], reason=Reason.COMPLAINT, words="abuse")]


def findings_of(part: Part, original: Headers, own: Iterable[str]) -> list[Finding]:
    """One finding for each recipient that the report names, or one without an address.

    *original* is the attached mail's header; *own* are our addresses, that are not the reader's.
    """
    fields = Headers(tuple(header_fields(part.text)))
    kind_named = fields.get("feedback-type").strip().lower()
    complaint = kind_named in _COMPLAINTS
    ours = {one.lower() for one in own}
    named = addresses_in(" ".join(fields.all(*_NAMED)))
    if not named:
        named = addresses_in(" ".join(original.all("x-hmxmroriginalrecipient", "to")))[:1]
    addresses = [one for one in named if one.lower() not in ours] or [""]
    return [
        Finding(
            kind=Kind.COMPLAINT if complaint else Kind.OTHER,
            address=address,
            reason=Reason.COMPLAINT if complaint else Reason.AUTHENTICATION,
            words=f"{kind_named or 'abuse'}: {fields.get('user-agent')}".strip(": ")[:500],
        )
        for address in addresses
    ]
