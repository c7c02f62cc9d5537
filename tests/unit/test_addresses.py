"""Addresses: the verdicts of email-validator, one key each, and what looks mistyped."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.addresses import (
    clean_name,
    parse_address,
    parse_domain,
    suggest,
    suggest_domain,
    tidy_name,
)
from mailer.errors import InvalidAddress, InvalidInput

LABELS = st.text("ab19-AZ", min_size=1, max_size=5) | st.sampled_from(
    ["xn--mnchen-3ya", "a--b", "-a", "a-", "test", "local", "localhost", "onion", "ARPA", "münchen"]
)
LOCALS = st.lists(st.text("abAZ09_+'-!#=ö .\"", min_size=0, max_size=6), min_size=1, max_size=3)
ADDRESSES = st.builds(
    lambda local, labels: f"{'.'.join(local)}@{'.'.join(labels)}",
    LOCALS,
    st.lists(LABELS, min_size=1, max_size=4),
)


def _accepted(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


@given(ADDRESSES | st.text(max_size=30) | st.emails())
@example("a" * 64 + "@example.com")
@example("a" * 65 + "@example.com")
@example("a@" + "b" * 63 + ".com")
@example("a@" + "b" * 64 + ".com")
@example("a@" + "b." * 125 + "com")
@example("a@example.c")
@example("a@example.1")
@example("a@example.com.")
@example("a@example.com\n")
@example("a@test")
@example("a@b_c.com")
@example("ann@sub.invalid")
@example("Ann <ann@example.com>")
@example('"a b"@example.com')
@example("a@[127.0.0.1]")
@example("a@exämple.test")
@example("a@example.com\N{REPLACEMENT CHARACTER}")
def test_the_verdict_is_that_of_email_validator(text: str) -> None:
    trimmed = text.strip(" \t\u00a0")
    # The replacement character is what is left of a letter that nobody could decode.
    expected = "\N{REPLACEMENT CHARACTER}" not in trimmed and _accepted(trimmed)
    if expected:
        address = parse_address(text)
        assert address.shown == trimmed
        assert parse_address(address.key).key == address.key
    else:
        with pytest.raises(InvalidAddress, match=r"\.$"):
            parse_address(text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Ann.Lee@Example.COM", "ann.lee@example.com"),
        (" ann@x.test\t", "ann@x.test"),
        ("ann+news@x.test", "ann+news@x.test"),
        ("a.n.n@gmail.com", "a.n.n@gmail.com"),
        ("ann@MÜNCHEN.de", "ann@xn--mnchen-3ya.de"),
        ("ann@xn--mnchen-3ya.de", "ann@xn--mnchen-3ya.de"),
        ("O\N{COMBINING DIAERESIS}ll@x.test", "öll@x.test"),
    ],
)
def test_the_key_tells_people_apart_and_nothing_else(text: str, key: str) -> None:
    address = parse_address(text)
    assert address.key == key
    assert address.shown == text.strip()
    assert key.endswith(f"@{address.domain}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann+a@readers.test", "Ann+b@Readers.test"),
        ("a.n.n+a@gmail.com", "ann@googlemail.com"),
    ],
)
def test_addresses_that_lead_to_one_mailbox_are_known_by_it(one: str, other: str) -> None:
    first, second = parse_address(one), parse_address(other)
    assert first.mailbox == second.mailbox
    assert first.key != second.key, "they are two people all the same"
    assert parse_address("a.nn@readers.test").mailbox != parse_address("ann@readers.test").mailbox
    assert parse_address("+@readers.test").mailbox == "+@readers.test"


def test_on_the_wire_only_the_domain_is_rewritten() -> None:
    assert parse_address("Ann@MÜNCHEN.de").wire == "Ann@xn--mnchen-3ya.de"


@pytest.mark.parametrize(
    "text", ["a@x.test\r\nBcc: b@x.test", "a\n@x.test", "a\0@x.test", "\x1ba@x.test"]
)
def test_no_address_carries_a_header_into_a_mail(text: str) -> None:
    with pytest.raises(InvalidAddress, match="line break or a control character"):
        parse_address(text)


@pytest.mark.parametrize(
    "text", ["Ann\r\nBcc: b@x.test", "Ann\nLee", "Ann\u2028Lee", "An\0n", "\u202eeeL nnA"]
)
def test_a_name_is_one_line_of_text_or_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        clean_name(text)
    assert "write it on one line" in str(caught.value)
    assert str(caught.value).isprintable()
    tidy = tidy_name(text)
    assert clean_name(tidy) == tidy
    assert tidy.isprintable()


def test_a_name_too_long_is_refused_with_its_length() -> None:
    with pytest.raises(InvalidInput, match="201 characters; 200 is the most"):
        clean_name("n" * 201)
    assert len(tidy_name("n" * 201)) == 200


@given(st.text())
def test_a_tidied_name_is_always_taken(text: str) -> None:
    assert clean_name(tidy_name(text)) == tidy_name(text).strip("\u00a0")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gamil.com", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("GMAIL.CON", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("yaho.com", "yahoo.com"),
        ("river.ogr", "river.org"),
        ("river.org.", "river.org"),
        ("gmail", "gmail.com"),
        ("gmail,com", "gmail.com"),
        ("gmail.com.com", "gmail.com"),
        ("web.dee", "web.de"),
    ],
)
def test_typing_errors_are_offered_for_correction(typed: str, meant: str) -> None:
    assert suggest_domain(typed) == meant
    assert suggest(f"Ann@{typed}") == f"Ann@{meant}"


@pytest.mark.parametrize(
    "domain",
    [
        "gmail.com",
        "gmx.de",
        "gmx.net",
        "mail.com",
        "mail.de",
        "ymail.com",
        "river.test",
        "me.com",
        "x",
    ],
)
def test_honest_domains_are_left_alone(domain: str) -> None:
    assert suggest_domain(domain) is None
    assert suggest(f"ann@{domain}") is None


def test_domains_are_read_with_and_without_their_at_sign() -> None:
    assert parse_domain("@Example.COM") == parse_domain("example.com") == "example.com"
    with pytest.raises(InvalidAddress, match="is not a domain"):
        parse_domain("exa mple.com")
