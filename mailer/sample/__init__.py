"""The sample issue that ships: what a newcomer sees in the inbox first."""

from __future__ import annotations

import json
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

from mailer.blocks import Content, parse_content

PICTURE = "night-watch.jpg"
PICTURE_PATH = f"/sample/{PICTURE}"  # where the web part shows it
NEWSLETTER = "Alder River Watch"
LOOK: dict[str, Any] = {"tagline": "For rivers that run to the sea"}
POSTAL_ADDRESS = "3 Ferry Lane\nLindholm LH4 2AA"

_PICTURE_ADDRESS = f"https://alderwatch.example/pictures/{PICTURE}"
_DAYS_LEFT = 12


def sample_text() -> str:
    """The issue as it ships, in the JSON that `mailer issue import` reads."""
    return files(__package__).joinpath("issue.json").read_text(encoding="utf-8")


def sample_picture() -> bytes:
    """The still of the sample's video, a JPEG."""
    return files(__package__).joinpath(PICTURE).read_bytes()


def sample_content(base_url: str, today: date) -> Content:
    """The sample as of *today*: its call ends in twelve days, its picture is on this server."""
    text = sample_text().replace(_PICTURE_ADDRESS, f"{base_url}{PICTURE_PATH}")
    content = json.loads(text)
    for block in content["blocks"]:
        if block["kind"] == "urgent":
            block["deadline"] = (today + timedelta(days=_DAYS_LEFT)).isoformat()
    return parse_content(content)
