"""A relay's address says everything about it, and its password is never shown."""

from __future__ import annotations

import pytest

from mailer.errors import ConfigurationError
from mailer.relays import parse_relay, parse_relays, shares


def test_an_address_names_host_port_account_and_tls() -> None:
    relay = parse_relay("smtp://us%40er:pa%3Ass@mx.test:587?starttls=yes&verify=no")

    assert (relay.host, relay.port) == ("mx.test", 587)
    assert (relay.username, relay.password) == ("us@er", "pa:ss")
    assert (relay.tls, relay.starttls, relay.verify) == (False, True, False)
    assert parse_relay("smtps://mx.test").port == 465


def test_the_password_is_not_in_what_is_printed() -> None:
    assert "secret" not in f"{parse_relay('smtp://me:secret@mx.test')!r}"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://mx.test", "must look like smtp://"),
        ("smtp://mx.test:99999", "port must be a number"),
        ("smtp://mx.test?tls=yes", "unknown option 'tls'"),
        ("smtp://mx.test?starttls=maybe", "must be one of auto, yes, no"),
        ("smtp://mx.test?weight=0", "weight must be a number from 1 on"),
        ("  ", "is empty"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_without_the_password(
    url: str, sentence: str
) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        parse_relays(url)


def test_connections_are_shared_by_weight() -> None:
    relays = parse_relays("smtp://a.test?weight=3 smtp://b.test smtp://c.test?connections=1")

    assert shares(relays, 10) == [6, 2, 1]
