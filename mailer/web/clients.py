"""Where a request comes from: the address of the asker's computer, and how much of it is kept."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from starlette.requests import HTTPConnection

_KEPT_BITS = {4: 24, 6: 48}
_NETWORK_BITS = {4: 32, 6: 64}  # what one household or office has

Keep = Literal["full", "truncated", "none"]


def client_address(request: HTTPConnection, *, proxies: int) -> IPv4Address | IPv6Address | None:
    """The asker's address: the peer's, or what the outermost of our own *proxies* saw.

    Only a proxy on our own network is believed; what stands before its own entry in
    ``X-Forwarded-For`` is the asker's claim.
    """
    peer = _parsed(request.client.host if request.client else "")
    seen = [one.strip() for one in request.headers.get("x-forwarded-for", "").split(",")]
    if proxies and any(seen) and (peer is None or peer.is_private):
        return _parsed([one for one in seen if one][-proxies:][0])
    return peer


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def kept(address: IPv4Address | IPv6Address | None, keep: Keep) -> str | None:
    """What the records of consent keep of it: all, its network, or nothing."""
    if address is None or keep == "none":
        return None
    if keep == "full":
        return str(address)
    return str(ip_network(f"{address}/{_KEPT_BITS[address.version]}", strict=False))


def network(address: IPv4Address | IPv6Address | None) -> str:
    """For limits: one household or office as far as it can be told."""
    if address is None:
        return "unknown"
    return str(ip_network(f"{address}/{_NETWORK_BITS[address.version]}", strict=False))
