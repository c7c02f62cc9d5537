"""The sample shows a newcomer what a whole issue looks like."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date

from mailer.blocks import parse_content
from mailer.rendering.places import images_without_alt, missing_links, placeholders_in_addresses
from mailer.sample import LOOK, PICTURE_PATH, sample_content, sample_picture, sample_text
from tests.support.mails import BASE_URL, mail

TODAY = date(2027, 3, 1)


def test_it_has_the_shape_of_a_real_issue() -> None:
    issue = sample_content(BASE_URL, TODAY)
    kinds = Counter(block.kind for block in issue.blocks)

    assert kinds == {"update": 3, "urgent": 1, "actions": 1, "response": 2, "media": 1, "share": 1}
    (actions,) = (block for block in issue.blocks if block.kind == "actions")
    assert len(actions.items) == 10
    assert all(item.note for item in actions.items)


def test_nothing_in_it_is_missing() -> None:
    issue = sample_content(BASE_URL, TODAY)

    assert missing_links(issue) == ()
    assert images_without_alt(issue) == ()
    assert placeholders_in_addresses(issue) == ()


def test_its_call_is_not_over_when_it_is_first_seen() -> None:
    (urgent,) = (
        block for block in sample_content(BASE_URL, TODAY).blocks if block.kind == "urgent"
    )
    assert urgent.deadline == date(2027, 3, 13)


def test_as_a_file_it_leads_to_reserved_domains_only() -> None:
    assert parse_content(json.loads(sample_text()))
    hosts = set(re.findall(r"(?:https?://|@)([\w.-]+)", sample_text()))
    assert hosts
    assert all(host.endswith(".example") for host in hosts)


def test_its_picture_is_shown_by_this_server() -> None:
    (media,) = (block for block in sample_content(BASE_URL, TODAY).blocks if block.kind == "media")
    assert media.image == BASE_URL + PICTURE_PATH
    assert sample_picture().startswith(b"\xff\xd8\xff")


def test_the_mail_is_small_enough_to_be_shown_whole() -> None:
    made = mail(sample_content(BASE_URL, TODAY), look=LOOK)

    assert made.rendered.size < 60 * 1024
    assert len(made.links) == 23
    assert made.text.count("[[first_name|friend]]") == 1
