"""A notice's message carries any words unharmed, and no word becomes a header."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st

from mailer.notifying.message import Envelope, compose, dot_safe
from mailer.rendering.issue import Rendered
from tests.support.factories import NOON

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n.= "))
ENVELOPE = Envelope("River", "news@river.test", "Ann", "ann@readers.test", "office@river.test")


def parsed(source: bytes) -> EmailMessage:
    message = message_from_bytes(source, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


@given(WORDS, WORDS)
def test_both_parts_arrive_as_they_were_written(text: str, html: str) -> None:
    rendered = Rendered("Subject", html, text)
    source = compose(ENVELOPE, rendered, language="en", message_id="1@river.test", now=NOON)

    assert max(map(len, source.split(b"\r\n"))) <= 78
    assert source.isascii()
    assert b"\n" not in source.replace(b"\r\n", b"")
    plain, marked = parsed(source).iter_parts()
    for part, words in ((plain, text), (marked, html)):
        assert isinstance(part, EmailMessage)
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert payload.decode().replace("\r\n", "\n") == words


@given(st.text(), st.text())
def test_no_subject_or_name_adds_a_header(subject: str, name: str) -> None:
    envelope = Envelope(name, "news@river.test", name, "ann@readers.test")
    rendered = Rendered(subject.encode("utf-8", "replace").decode(), "<p>x</p>", "x")
    source = compose(envelope, rendered, language="en", message_id="1@river.test", now=NOON)

    names = [line.partition(b":")[0] for line in _unfolded(source)]
    assert names == [
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted",
        b"X-Auto-Response-Suppress", b"Content-Language", b"MIME-Version", b"Content-Type",
    ]  # fmt: skip


def _unfolded(source: bytes) -> list[bytes]:
    head = source.partition(b"\r\n\r\n")[0]
    return head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n")


def test_dots_at_the_start_of_a_line_are_doubled_and_line_ends_made_one_kind() -> None:
    assert dot_safe(b".a\r\nb\n..c\rd") == b"..a\r\nb\r\n...c\r\nd\r\n"
