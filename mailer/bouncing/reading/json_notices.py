"""Reads the notices that Amazon SES sends by mail: bounces and complaints as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mailer.bouncing.reading.judging import Refusal
from mailer.reports import Finding, Kind, Reason

_MARKS = ("otificationType", "eventType")
_MOST_CHARACTERS = 100_000


def notice_in(text: str) -> dict[str, Any]:
    """The notice in a mail's text; empty where there is none."""
    start = text[:200].find("{")
    end = text[:_MOST_CHARACTERS].rfind("}")
    if start < 0 or end < start or not any(name in text for name in _MARKS):
        return {}
    outer = _object(text[start : end + 1])
    inner = outer.get("Message")
    return _object(inner) if isinstance(inner, str) else outer


def refusals_of(notice: dict[str, Any]) -> Iterator[Refusal]:
    """What the notice says of each recipient that bounced."""
    bounce = notice.get("bounce")
    kind = bounce.get("bounceType") if isinstance(bounce, dict) else ""
    # Of addresses that it has on its own list SES says no more than that.
    unsaid = "5.1.1" if kind == "Permanent" else ""
    for one in _recipients(bounce, "bouncedRecipients"):
        yield Refusal(
            address=str(one.get("emailAddress", ""))[:320],
            action=str(one.get("action", "failed")).lower(),
            status=str(one.get("status") or unsaid),
            words=str(one.get("diagnosticCode", "")).removeprefix("smtp;"),
        )


def complaints_of(notice: dict[str, Any]) -> Iterator[Finding]:
    """Who complained."""
    for one in _recipients(notice.get("complaint"), "complainedRecipients"):
        address = str(one.get("emailAddress", ""))[:320]
        yield Finding(Kind.COMPLAINT, address=address, reason=Reason.COMPLAINT, words="abuse")


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _recipients(part: Any, name: str) -> list[dict[str, Any]]:
    named = part.get(name) if isinstance(part, dict) else None
    return [one for one in named if isinstance(one, dict)] if isinstance(named, list) else []
