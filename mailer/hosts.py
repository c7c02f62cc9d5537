"""Hosts by name or address: which of them is this machine."""

from __future__ import annotations

from ipaddress import ip_address


def is_this_machine(host: str) -> bool:
    """Whether *host* leads back to where it is said: its loopback (RFC 6761, section 6.3)."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        name = host.rstrip(".").lower()
        return name == "localhost" or name.endswith(".localhost")
