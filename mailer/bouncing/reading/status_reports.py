"""Reads delivery status notifications (RFC 3464), those that are nearly so among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from mailer.bouncing.reading.addresses import first_address
from mailer.bouncing.reading.judging import Refusal
from mailer.bouncing.reading.parts import Headers, header_fields

_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_GROUP = re.compile(r"\n[ \t]*(?=\n)")
_TYPE = re.compile(r"^\s*[\w-]{1,30}\s*;\s*")
_SOURCE_ROUTE = re.compile(r"@[\w.-]+:")
_OF_RECIPIENTS = ("original-recipient", "action", "status", "diagnostic-code", "remote-mta")
KINDS = ("message/delivery-status", "message/global-delivery-status")

_Fields: TypeAlias = tuple[tuple[str, str], ...]


def groups_of(text: str) -> list[Headers]:
    """The groups of fields of a status part: those of the message first, then the recipients'."""
    groups = [tuple(header_fields(group)) for group in _GROUP.split(text)]
    return [Headers(one) for group in groups for one in _parted(group) if one]


def _parted(fields: _Fields) -> Iterator[_Fields]:
    """Recipients that no blank line parts: one begins where its address is named again."""
    starts = [at for at, (name, _) in enumerate(fields) if name == "final-recipient"]
    if len(starts) < 2:
        yield fields
        return
    # What stands before the first Final-Recipient may stand before each of them.
    first = starts[0]
    while first and fields[first - 1][0] in _OF_RECIPIENTS:
        first -= 1
    ahead = starts[0] - first
    edges = [first, *(start - ahead for start in starts[1:]), len(fields)]
    yield fields[:first]
    yield from (fields[edges[at] : edges[at + 1]] for at in range(len(starts)))


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
