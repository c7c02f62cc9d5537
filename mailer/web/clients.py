"""Where a request comes from: the address of the asker's computer, and how much of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from starlette.requests import HTTPConnection

from mailer.web.site import site_of

_KEPT_BITS = {4: 24, 6: 48}
_NETWORK_BITS = {4: 32, 6: 64}  # what one household or office has

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Keep = Literal["full", "truncated", "none"]


def asker(request: HTTPConnection) -> Address | None:
    """The address of whoever asks, as the settings on proxies let it be known."""
    settings = site_of(request).mailer.settings
    return client_address(
        request, proxies=settings.trusted_proxies, networks=settings.proxy_networks
    )


def client_address(
    request: HTTPConnection, *, proxies: int, networks: Sequence[Network] = ()
) -> Address | None:
    """The asker's address: the peer's, or what the outermost of our own *proxies* saw.

    Only a peer on a private network, or on one of *networks*, is believed to be a proxy; what
    stands before its own entry in ``X-Forwarded-For`` is the asker's claim.
    """
    peer = _parsed(request.client.host if request.client else "")
    seen = [one.strip() for one in request.headers.get("x-forwarded-for", "").split(",")]
    if proxies and any(seen) and _is_own(peer, networks):
        return _parsed([one for one in seen if one][-proxies:][0])
    return peer


def _is_own(peer: Address | None, networks: Sequence[Network]) -> bool:
    if peer is None:  # a socket file
        return True
    return peer.is_private or any(peer in network for network in networks)


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def kept(address: Address | None, keep: Keep) -> str | None:
    """What is kept of it: all, its network, or nothing."""
    if address is None or keep == "none":
        return None
    if keep == "full":
        return str(address)
    return str(ip_network(f"{address}/{_KEPT_BITS[address.version]}", strict=False))


def network(address: Address | None) -> str:
    """For limits: one household or office as far as it can be told."""
    if address is None:
        return "unknown"
    return str(ip_network(f"{address}/{_NETWORK_BITS[address.version]}", strict=False))
