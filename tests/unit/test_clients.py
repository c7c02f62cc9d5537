"""Whose computer a request came from is told by our own proxies, never by the asker."""

from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from mailer.errors import ConfigurationError
from mailer.settings import Settings, load_settings
from mailer.web.clients import Keep, client_address, kept, network


def asked(peer: str | None, forwarded: str = "") -> HTTPConnection:
    return HTTPConnection(
        {
            "type": "http",
            "client": (peer, 1) if peer else None,
            "headers": [(b"x-forwarded-for", forwarded.encode())] if forwarded else [],
        }
    )


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "address"),
    [
        ("203.0.113.9", "", 1, "203.0.113.9"),
        ("127.0.0.1", "198.51.100.7, 203.0.113.9", 1, "203.0.113.9"),
        ("10.0.0.2", "198.51.100.7, 203.0.113.9, 10.0.0.1", 2, "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9", 2, "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9", 0, "127.0.0.1"),
        ("11.0.0.1", "198.51.100.7", 1, "11.0.0.1"),  # no proxy of ours
        ("127.0.0.1", "::ffff:203.0.113.9", 1, "203.0.113.9"),
        ("127.0.0.1", "not an address", 1, "None"),
        (None, "", 1, "None"),
    ],
)
def test_only_a_proxy_of_our_own_is_believed(
    peer: str | None, forwarded: str, proxies: int, address: str
) -> None:
    assert str(client_address(asked(peer, forwarded), proxies=proxies)) == address


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("100.64.3.1", "203.0.113.9"),  # shared by carriers, and by overlay networks: not private
        ("2a0e:9::1", "203.0.113.9"),
        ("10.0.0.2", "203.0.113.9"),
        ("11.0.0.1", "11.0.0.1"),
    ],
)
def test_a_proxy_on_a_public_network_is_believed_where_the_settings_name_it(
    peer: str, address: str
) -> None:
    settings = Settings(proxy_networks="100.64.0.0/10, 2a0e:9::/48")
    request = asked(peer, "198.51.100.7, 203.0.113.9")
    found = client_address(request, proxies=1, networks=settings.proxy_networks)
    assert str(found) == address


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(
        ConfigurationError, match=r"PROXY_NETWORKS.*203\.0\.113\.9/24 has host bits"
    ):
        load_settings(proxy_networks="203.0.113.9/24")


@pytest.mark.parametrize(
    ("address", "keep", "left"),
    [
        ("203.0.113.9", "full", "203.0.113.9"),
        ("203.0.113.9", "truncated", "203.0.113.0/24"),
        ("2001:db8:1:2::9", "truncated", "2001:db8:1::/48"),
        ("203.0.113.9", "none", None),
    ],
)
def test_no_more_is_kept_than_the_setting_says(address: str, keep: Keep, left: str | None) -> None:
    assert kept(client_address(asked(address), proxies=0), keep) == left


def test_a_household_is_one_network() -> None:
    one, other = (client_address(asked(f"2001:db8::{n}"), proxies=0) for n in (1, 2))
    assert network(one) == network(other)
    assert network(None) == "unknown"
