"""The spliced message is a correct MIME message for every reader."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.message import (
    MessageHead,
    MessageTemplate,
    MissingField,
    date_value,
    mailbox,
    personal_values,
    phrase,
    quoted_printable,
)

TOKEN = b"AAAAAAECAwQFBgcICQoLDA0ODxAREhM_"
HEAD = MessageHead(
    subject="News for [[first_name|you]]",
    from_name="Räuber & Co",
    from_address="news@river.test",
    list_name="River Watch",
    list_id="river.river.test",
    feedback_id="7:river:issue:river",
    base_url="https://mail.river.test",
    language="en",
)
NOON = date_value(datetime(2026, 11, 2, 12, tzinfo=UTC))


def rendered(
    html: str = "<p>Hi</p>", text: str = "Hi", name: str = "", head: MessageHead = HEAD
) -> tuple[bytes, EmailMessage]:
    template = MessageTemplate(head, html=html, text=text)
    values = personal_values("ann@readers.test", name, {"city": "Bonn"}, template.fields)
    raw = template.render(TOKEN, mailbox(name, b"ann@readers.test"), NOON, values)
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return raw, message


def bodies(message: EmailMessage) -> tuple[str, str]:
    text, html = (
        part.get_content().replace("\r\n", "\n").removesuffix("\n") for part in message.iter_parts()
    )
    return text, html


def test_one_click_unsubscribe_is_offered_in_exactly_the_words_of_rfc_8058() -> None:
    raw, message = rendered()

    assert message["List-Unsubscribe"] == f"<https://mail.river.test/u/{TOKEN.decode()}>"
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert message["List-Id"] == "River Watch <river.river.test>"
    assert message["Message-ID"] == f"<{TOKEN.decode()}@river.test>"
    assert message["From"].addresses[0].display_name == "Räuber & Co"


def test_unsubscribing_by_mail_is_offered_where_mail_is_taken_in() -> None:
    raw, message = rendered(head=replace(HEAD, incoming_domain="back.river.test"))

    token = TOKEN.decode()
    assert [one.strip() for one in message["List-Unsubscribe"].split(",")] == [
        f"<https://mail.river.test/u/{token}>",
        f"<mailto:unsubscribe+{token}@back.river.test?subject=unsubscribe%20{token}>",
    ]
    assert f"/u/{token}>,\r\n <mailto:unsubscribe+{token}@".encode() in raw


def test_the_text_comes_first_and_both_parts_name_their_reader() -> None:
    _, message = rendered(
        html="<p>Dear [[first_name|friend]] of [[city]] [[token]]</p>",
        text="Dear [[first_name|friend]][[city]]",
        name="Zoë <b>",
    )

    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert bodies(message) == (
        "Dear ZoëBonn",
        f"<p>Dear Zoë of Bonn {TOKEN.decode()}</p>",
    )
    assert message["Subject"] == "News for Zoë"


def test_a_name_cannot_bring_markup_or_headers_with_it() -> None:
    raw, message = rendered(html="<p>[[name]]</p>", text="[[name]]", name="A\r\nBcc: x@y.test <i>")

    assert message["Bcc"] is None
    assert "&lt;i&gt;" in bodies(message)[1]
    assert raw.count(b"\r\n\r\n") == 3


def test_defaults_stand_in_and_a_missing_value_without_one_is_named() -> None:
    _, message = rendered(html="<p>[[first_name|Tom &amp; Jo]]</p>", text="[[first_name|Tom & Jo]]")
    assert bodies(message) == ("Tom & Jo", "<p>Tom &amp; Jo</p>")

    with pytest.raises(MissingField, match=r"no value for \[\[first_name\]\]"):
        rendered(html="<p>[[first_name]]</p>")


@given(st.text(), st.text(), st.text(min_size=1))
def test_any_text_arrives_as_it_was_written(before: str, after: str, name: str) -> None:
    """Every line is at most 76 octets of ASCII, ends with CRLF and never starts with a dot."""
    before, after = (part.replace("\r", "").replace("[[", "") for part in (before, after))
    name = "x" + "".join(c for c in name if c.isprintable() and c not in "[]")
    raw, message = rendered(
        html="<p>Hi</p>",
        text=f"{before.strip()}.[[name]].{after.strip()}.\n.\nFrom x\n",
        name=name,
    )

    lines = raw.split(b"\r\n")
    assert not any(line.startswith(b".") for line in lines)
    assert all(b"\n" not in line and b"\r" not in line and line.isascii() for line in lines)
    body = raw.partition(b"\r\n\r\n")[2]
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    payload = next(message.iter_parts()).get_payload(decode=True)
    assert isinstance(payload, bytes)
    expected = f"{before.strip()}.{name.strip()}.{after.strip()}.\n.\nFrom x\n"
    assert payload.decode().replace("\r\n", "\n") == expected


@given(st.text(min_size=1, max_size=200))
def test_any_display_name_survives_in_words_of_at_most_75_octets(name: str) -> None:
    encoded = phrase(name)

    assert all(len(line) <= 76 or not line.startswith(b"=?") for line in encoded.split(b"\r\n "))
    assert encoded.isascii()
    assert b"\r\n" not in encoded.replace(b"\r\n ", b"")


def test_quoted_printable_encodes_the_space_before_a_line_break() -> None:
    assert quoted_printable(b"a \nb=c") == b"a=20\r\nb=3Dc"
