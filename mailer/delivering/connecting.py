"""Opens SMTP connections: greeting, TLS and login by aiosmtplib, which nothing else imports."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import aiosmtplib

from mailer.errors import RelayUnavailable
from mailer.relays import Relay


@dataclass(frozen=True, slots=True)
class Connection:
    """An open, greeted connection and what its server offers (RFC 5321 section 4.1.1.1)."""

    transport: asyncio.Transport
    protocol: asyncio.BaseProtocol
    pipelining: bool  # RFC 2920
    smtputf8: bool  # RFC 6531
    size_limit: int | None  # RFC 1870; octets, None: not said


async def open_connection(relay: Relay, *, timeout: float, hostname: str) -> Connection:  # noqa: ASYNC109  # aiosmtplib's own
    """Connect, greet, secure and log in; ``RelayUnavailable`` says in one sentence what failed."""
    client = aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        username=relay.username or None,
        password=relay.password or None,
        use_tls=relay.tls,
        start_tls=False if relay.tls else relay.starttls,
        tls_context=tls_context(relay.verify),
        timeout=timeout,
        local_hostname=hostname,
    )
    try:
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            await _greet(client)
    except aiosmtplib.SMTPAuthenticationError as error:
        raise RelayUnavailable(
            f"{relay} refuses our user name or password ({error.code} {error.message}). "
            "Correct MAILER_SMTP_URL."
        ) from error
    except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
        raise RelayUnavailable(_sentence(relay, error)) from error
    transport, protocol = client.transport, client.protocol
    if transport is None or protocol is None:
        raise RelayUnavailable(f"{relay} closed the connection.")
    return Connection(
        transport=cast(asyncio.Transport, transport),
        protocol=protocol,
        pipelining=client.supports_extension("pipelining"),
        smtputf8=client.supports_extension("smtputf8"),
        size_limit=_size_limit(client.esmtp_extensions.get("size", "")),
    )


async def _greet(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:  # a server from before ESMTP
        await client.helo()


def close_connection(connection: Connection) -> None:
    """Say goodbye without waiting for the answer (RFC 5321 section 4.1.1.10)."""
    if not connection.transport.is_closing():
        connection.transport.write(b"QUIT\r\n")
        connection.transport.close()


def _size_limit(text: str) -> int | None:
    return int(text) if text.isdigit() and int(text) > 0 else None


@lru_cache(maxsize=2)
def tls_context(verify: bool) -> ssl.SSLContext:
    """Checks certificates against the system's authorities and the host's name, or nothing."""
    # One for all connections: making it reads the system's certificates each time (38 ms).
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _sentence(relay: Relay, error: Exception) -> str:
    for reason in (error, error.__cause__):
        if isinstance(reason, ssl.SSLCertVerificationError):
            return (
                f"{relay} has a certificate we cannot trust: {reason.verify_message}. Name the "
                "host as its certificate does; for a relay on your own machine add ?verify=no to "
                "its address."
            )
    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error.__cause__, ConnectionRefusedError):
        words = "nothing listens there"
    where = f" (port {relay.port})" if relay.name else ""
    hint = " Start `mailer up`, or set MAILER_SMTP_URL." if relay.name else ""
    return f"{relay}{where} does not take mail: {words}.{hint}"
