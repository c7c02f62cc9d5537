"""DKIM signatures of ours verify with a verifier that is not ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.errors import ConfigurationError, InvalidInput
from mailer.rendering.message import MessageHead, MessageTemplate, date_value, mailbox
from mailer.signing import DkimKey, DkimSigner, new_key, relaxed_body, relaxed_fields

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
RSA = DkimKey("river.test", "s2026", new_key("rsa"))
ED25519 = DkimKey("river.test", "e2026", new_key("ed25519"))
BOTH = DkimSigner([RSA, ED25519])
SIMPLE = b"From: News <news@river.test>\r\nTo: ann@readers.test\r\nSubject: Hello\r\n\r\nHi\r\n"
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
    reply_to="answers@river.test",
)


def dns(*keys: DkimKey) -> Callable[..., bytes]:
    """A name server that knows the *keys*' records and nothing else."""
    records = {f"{key.record_name}.".encode(): key.record.encode() for key in keys}
    return lambda name, timeout=5: records[name]


def verdicts(message: bytes, *keys: DkimKey) -> list[bool]:
    """What dkimpy says about each of the message's signatures, from the first on."""
    verifier: Any = dkim.DKIM(message)
    number = len(re.findall(rb"(?mi)^dkim-signature:", message.partition(b"\r\n\r\n")[0]))
    return [_verdict(verifier, index, dns(*keys)) for index in range(number)]


def _verdict(verifier: Any, index: int, names: Callable[..., bytes]) -> bool:
    try:
        return bool(verifier.verify(index, dnsfunc=names))
    except dkim.ValidationError:
        return False


def tags(signed: bytes) -> dict[str, str]:
    """The tags of the first signature, without blanks."""
    [value] = re.findall(
        rb"\ADKIM-Signature:((?:.|\r\n )*)\r\n(?! )", signed.partition(b"\r\nFrom:")[0] + b"\r\nX"
    )[:1]
    pairs = (part.split("=", 1) for part in re.sub(r"\s", "", value.decode()).split(";"))
    return dict(pairs)


# What may stand in a header's value or a body; vertical tabs and form feeds are no blanks to
# RFC 6376, but dkimpy strips them from the ends of values.
_BLANKS = st.text(" \t", max_size=3)
_WORD = st.text(st.characters(exclude_characters="\r\n\x0b\x0c", exclude_categories=["Cs"]))
_VALUE = st.lists(st.one_of(_WORD, _BLANKS, st.sampled_from(["\r\n x", "\r\n\t", ";b=1", "=20"])))
_NAME = st.sampled_from(
    ["To", "SUBJECT", "subject", "Date", "Message-ID", "List-Id", "X-Other", "DKIM-signature", "Cc"]
)
_LINE = st.lists(st.one_of(st.binary(max_size=8), _BLANKS.map(str.encode))).map(b"".join)
_BODY = st.lists(_LINE.map(lambda line: re.sub(rb"[\r\n]", b"", line))).map(b"\r\n".join)


def _field(name: str, pieces: list[str]) -> bytes:
    # A line of blanks alone would end the header for verifiers that cut trailing blanks.
    value = re.sub(r"\r\n[ \t]*(?=\r\n|\Z)", "", "".join(pieces))
    return f"{name}:{value}\r\n".encode("utf-8", "surrogatepass")


_FIELDS = st.lists(st.builds(_field, _NAME.filter(lambda name: name[0] != "D"), _VALUE))


@settings(max_examples=150)
@given(before=_FIELDS, after=_FIELDS, body=_BODY)
def test_any_message_verifies_under_both_keys(
    before: list[bytes], after: list[bytes], body: bytes
) -> None:
    message = b"".join([*before, b"From: News <news@river.test>\r\n", *after, b"\r\n", body])

    signed = BOTH.sign(message, now=NOON)

    assert verdicts(signed, RSA, ED25519) == [True, True]
    assert signed.endswith(message) or signed.endswith(message + b"\r\n")


@settings(max_examples=60)
@given(
    html=st.text(st.sampled_from("a \t\n=.Fé<>")),
    text=st.text(st.sampled_from("b \t\r\n=.Fü")),
    name=st.text(max_size=40),
    city=st.text(st.sampled_from(" x\t=.F-é"), max_size=90),
)
def test_our_messages_are_in_relaxed_form_as_they_are_written(
    html: str, text: str, name: str, city: str
) -> None:
    template = MessageTemplate(
        HEAD, html=f"{html}[[city|  there  ]]{html}", text=f"{text}[[city|nowhere]]{text}[[name|x]]"
    )
    values = {"city": city, "name": name.strip()}
    message = template.render(TOKEN, mailbox(name, b"ann@x.test"), date_value(NOON), values)

    body = message.partition(b"\r\n\r\n")[2]
    assert relaxed_body(body) == body

    signed = BOTH.sign(message, now=NOON, canonical=True)
    assert signed == BOTH.sign(message, now=NOON)
    assert verdicts(signed, RSA, ED25519) == [True, True]
    assert signed.isascii()
    assert max(map(len, signed.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    "message",
    [
        b"From: a@river.test\r\n\r\n",
        b"From: a@river.test\r\n",
        b"From: a@river.test",
        b"From: a@river.test\r\n\r\n\r\n\r\n",
        b"From: a@river.test\r\n\r\n  \r\n\t\r\n",
        b"From: a@river.test\r\n\r\nno end ",
        b"From: a@river.test\nSubject: unix\n\nline ends\n",
        b"From: a@river.test\r\n\r\nbare\rreturn\n",
        b"From:\r\n a@river.test\r\nSubject: a\r\n \r\n\tb\r\n\r\nx\r\n",
        b"From: a@river.test\r\nSubject:\r\n\r\nempty subject\r\n",
        b"From: a@river.test\r\n\r\n.dot\r\n..dots\r\n",
        b"From: a@river.test\r\nTo: J\xc3\xb6rg <j\xc3\xb6rg@x.test>\r\n\r\n\x00\xff\r\n",
        b"From: a@river.test\r\nTo: " + b"x" * 3000 + b"\r\n\r\n" + b"y" * 70000,
    ],
    ids=lambda message: repr(message[:40]),
)
def test_odd_messages_verify_as_they_are_handed_over(message: bytes) -> None:
    assert verdicts(BOTH.sign(message, now=NOON), RSA, ED25519) == [True, True]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: Hello", b"Subject: Hello!"),
        (b"To: ann@", b"To: bob@"),
        (b"\r\nHi\r\n", b"\r\nHi\r\nmore\r\n"),
        (b"From: News <", b"From: Bank <"),
        (b"From: News", b"From: evil@x.test\r\nFrom: News"),
        (b"To: ann", b"From: evil@x.test\r\nTo: ann"),
        (b"t=1793620800", b"t=1793620801"),
    ],
)
def test_any_change_to_what_is_signed_breaks_both_signatures(old: bytes, new: bytes) -> None:
    signed = BOTH.sign(SIMPLE, now=NOON)
    assert old in signed

    assert verdicts(signed.replace(old, new), RSA, ED25519) == [False, False]


def test_a_relay_may_refold_and_put_its_own_headers_before_ours() -> None:
    signed = BOTH.sign(SIMPLE, now=NOON)
    changed = b"Received: from us\r\n" + signed.replace(b"Subject: Hello", b"SUBJECT:\r\n\t Hello ")

    assert verdicts(changed, RSA, ED25519) == [True, True]


def test_the_signature_says_what_it_covers_and_nothing_else() -> None:
    message = b"X-Note: free\r\nList-Id: <r.test>\r\nTo: 1\r\nTo: 2\r\n" + SIMPLE

    found = tags(BOTH.sign(message, now=NOON))

    assert found["h"] == "from:from:to:to:to:subject:list-id"
    assert (found["a"], found["c"]) == ("rsa-sha256", "relaxed/relaxed")
    assert (found["d"], found["s"], found["t"]) == ("river.test", "s2026", "1793620800")
    assert found.keys() == {"v", "a", "c", "d", "s", "t", "h", "bh", "b"}


def test_every_header_that_mailbox_providers_ask_for_is_covered() -> None:
    template = MessageTemplate(HEAD, html="<p>Hi</p>", text="Hi")
    message = template.render(TOKEN, b"ann@readers.test", date_value(NOON), {})

    signed = BOTH.sign(message, now=NOON, canonical=True)

    covered = tags(signed)["h"].split(":")
    assert covered[:5] == ["from", "from", "reply-to", "to", "subject"]
    assert {"date", "message-id", "mime-version", "content-type"} < set(covered)
    assert {"list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id"} < set(covered)
    assert max(map(len, signed.partition(b"\r\nFrom:")[0].split(b"\r\n"))) <= 78


def test_relaxed_forms_are_those_of_the_example_in_rfc_6376_section_3_4_5() -> None:
    assert relaxed_fields(b"A: X\r\nB : Y\t\r\n\tZ  ") == [
        (b"a", b"a:X\r\n"),
        (b"b", b"b:Y Z\r\n"),
    ]
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"
    assert relaxed_body(b"\r\n\r\n") == b""


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\r\nFrom: a@river.test\r\n",
        b"To: ann@readers.test\r\n\r\nno From\r\n",
        b"From: a@river.test\r\nFrom: b@river.test\r\n\r\ntwo\r\n",
        b" folded: from nothing\r\nFrom: a@river.test\r\n\r\n",
        b"From: a@river.test\r\nno field\r\n\r\n",
        b"From: a@river.test\r\nTo: old\rmac\r\n\r\n",
        b"From a@river.test Mon Nov  2 12:00:00 2026\r\nFrom: a@river.test\r\n\r\n",
    ],
)
def test_what_no_receiver_could_verify_is_not_signed(message: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"header|From"):
        BOTH.sign(message, now=NOON)


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("news@river.test", True),
        ("news@RIVER.test", True),
        ("news@mail.river.test", True),
        ("news@driver.test", False),
        ("news@test", False),
        ("news@river.test.example.com", False),
    ],
)
def test_only_addresses_at_or_below_the_domain_are_signed_for(address: str, ours: bool) -> None:
    assert (BOTH.covering(address) is not None) is ours


def test_each_domain_is_signed_for_with_its_own_keys() -> None:
    other = DkimKey("lake.test", "s1", new_key("ed25519"))

    fitting = DkimSigner([RSA, other]).covering("news@lake.test")

    assert fitting is not None
    assert fitting.keys == (other,)


def _pem(key: Any, password: bytes | None = None) -> bytes:
    return bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption(),
        )
    )


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        (lambda: _pem(rsa.generate_private_key(65537, 1024)), "1,024 bits"),  # noqa: S505  # the point
        (lambda: _pem(ec.generate_private_key(ec.SECP256R1())), "neither RSA nor Ed25519"),
        (lambda: _pem(rsa.generate_private_key(65537, 2048), b"secret"), "has a password"),
        (lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "PEM"),
        (lambda: b"", "PEM"),
    ],
)
def test_keys_that_receivers_would_not_take_are_refused_in_a_sentence(
    pem: Callable[[], bytes], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        DkimKey("river.test", "s1", pem())


@pytest.mark.parametrize(
    ("domain", "selector"),
    [("river.test", "s_1"), ("river.test", "s1; l=0"), ("river", "s1"), ("r\r\nx.test", "s1")],
)
def test_names_that_cannot_stand_in_the_dns_are_refused(domain: str, selector: str) -> None:
    with pytest.raises(ConfigurationError, match=r"write one such as|use letters"):
        DkimKey(domain, selector, new_key("ed25519"))


def test_a_key_never_shows_itself() -> None:
    assert repr(RSA) == "DkimKey(s2026._domainkey.river.test, rsa)"
    assert "PRIVATE" not in repr(vars(DkimKey)) + RSA.record
