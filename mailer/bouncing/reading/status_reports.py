"""Reads delivery status notifications (RFC 3464), those that are nearly so among them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailer.bouncing.reading.addresses import first_address
from mailer.bouncing.reading.judging import Refusal
from mailer.bouncing.reading.parts import Headers, header_fields

_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_GROUP = re.compile(r"\n[ \t]*(?=\n)")
_TYPE = re.compile(r"^\s*[\w-]{1,30}\s*;\s*")
_SOURCE_ROUTE = re.compile(r"@[\w.-]+:")
KINDS = ("message/delivery-status", "message/global-delivery-status")


def groups_of(text: str) -> list[Headers]:
    """The groups of fields of a status part: those of the message first, then the recipients'."""
    groups = [Headers(tuple(header_fields(group))) for group in _GROUP.split(text)]
    return [group for group in groups if group.fields]


def refusals_of(groups: list[Headers]) -> Iterator[Refusal]:
    """What the groups say of each recipient that they name."""
    for group in _whole(groups):
        final = _address(group.get("x-actual-recipient")) if _useless(group) else ""
        final = final or _address(group.get("final-recipient"))
        asked = _address(group.get("original-recipient"))
        whole = "@" in final and ("." in final.rpartition("@")[2] or not asked)
        address = final if whole else asked or final
        yield Refusal(
            address=address,
            asked=asked,
            action=_action(group),
            status=group.get("status"),
            words=_TYPE.sub("", group.get("diagnostic-code")),
            around=" ".join(group.all("x-supplementary-info", "remote-mta")),
        )


def _whole(groups: list[Headers]) -> Iterator[Headers]:
    """The recipients' groups; fields of one recipient that a blank line tore apart are joined."""
    pending: tuple[tuple[str, str], ...] = ()
    for group in groups:
        named = "final-recipient" in group or "original-recipient" in group
        if not named and ("reporting-mta" in group or not _tells(group)):
            continue
        joined = Headers(pending + group.fields)
        if named and (_tells(group) or pending):
            yield joined
            pending = ()
        elif named or pending:
            pending = joined.fields
    if pending:
        yield Headers(pending)


def _tells(group: Headers) -> bool:
    return any(name in group for name in ("action", "status", "diagnostic-code"))


def _useless(group: Headers) -> bool:
    return "@" not in group.get("final-recipient")


def _address(value: str) -> str:
    value = _TYPE.sub("", value).strip()
    value = _SOURCE_ROUTE.sub("", value)
    return first_address(value) or value.strip("<> ")[:320]


def _action(group: Headers) -> str:
    word = group.get("action").partition("(")[0].strip(" ;.").lower()
    word = word.split()[0] if word else ""
    if word in _ACTIONS:
        return word
    status = group.get("status").strip()
    if status.startswith("2"):
        return "delivered"
    return "failed"
