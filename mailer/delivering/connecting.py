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
from mailer.sentences import Sentence

_GOODBYE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Connection:
    """An open, greeted connection and what its server offers (RFC 5321 section 4.1.1.1)."""

    transport: asyncio.Transport
    protocol: asyncio.BaseProtocol
    pipelining: bool  # RFC 2920
    smtputf8: bool  # RFC 6531
    size_limit: int | None  # RFC 1870; octets, None: not said
    dsn: bool = False  # RFC 3461


async def open_connection(relay: Relay, *, timeout: float, hostname: str) -> Connection:  # noqa: ASYNC109  # aiosmtplib's own
    """Connect, greet, secure and log in; ``RelayUnavailable`` says in one sentence what failed."""
    plain = relay.starttls is False and not relay.tls
    client = aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        use_tls=relay.tls,
        start_tls=False if relay.tls else relay.starttls,
        tls_context=None if plain else tls_context(relay.verify),
        timeout=timeout,
        local_hostname=hostname,
    )
    try:
        await client.connect()
        await _introduce(client, relay)
    except RelayUnavailable:
        _drop(client)
        raise
    except aiosmtplib.SMTPAuthenticationError as error:
        _drop(client)
        raise RelayUnavailable(
            Sentence(
                "{relay} refuses our user name or password ({words}). Correct MAILER_SMTP_URL.",
                relay=str(relay),
                words=f"{error.code} {error.message}",
            )
        ) from error
    except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
        _drop(client)
        raise RelayUnavailable(_sentence(relay, error)) from error
    except asyncio.CancelledError:
        _drop(client)
        raise
    transport, protocol = client.transport, client.protocol
    if transport is None or protocol is None:
        raise RelayUnavailable(Sentence("{relay} closed the connection.", relay=str(relay)))
    return Connection(
        transport=cast(asyncio.Transport, transport),
        protocol=protocol,
        pipelining=client.supports_extension("pipelining"),
        smtputf8=client.supports_extension("smtputf8"),
        size_limit=_size_limit(client.esmtp_extensions.get("size", "")),
        dsn=client.supports_extension("dsn"),
    )


async def _introduce(client: aiosmtplib.SMTP, relay: Relay) -> None:
    if client.is_ehlo_or_helo_needed:
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError:  # a server from before ESMTP
            await client.helo()
    if relay.username:
        if relay.starttls is None and not _encrypted(client):
            # Whoever stands in between can take the offer of STARTTLS out.
            raise RelayUnavailable(
                Sentence(
                    "{relay} offers no encryption, so it is not told our password. Where that is "
                    "right, add ?starttls=no to its address.",
                    relay=str(relay),
                )
            )
        await client.login(relay.username, relay.password)


def _encrypted(client: aiosmtplib.SMTP) -> bool:
    return (
        client.transport is not None and client.transport.get_extra_info("ssl_object") is not None
    )


def _drop(client: aiosmtplib.SMTP) -> None:
    # Not closed politely: over TLS that waits for a server which has nothing to say any more.
    if client.transport is not None:
        cast(asyncio.Transport, client.transport).abort()


class _Goodbye(asyncio.Protocol):
    """Hears the end of a connection, and tells it to whoever opened it."""

    def __init__(self, opener: asyncio.BaseProtocol) -> None:
        self._opener = opener
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        self._opener.connection_lost(exc)
        self.gone.set_result(None)


async def close_connection(connection: Connection) -> None:
    """Say goodbye (RFC 5321 section 4.1.1.10); returns when the socket is closed.

    A server that does not let go within a second is left without its leave.
    """
    if connection.transport.is_closing():
        return
    goodbye = _Goodbye(connection.protocol)
    connection.transport.set_protocol(goodbye)
    connection.transport.write(b"QUIT\r\n")
    connection.transport.close()
    await asyncio.wait([goodbye.gone], timeout=_GOODBYE_SECONDS)
    if not goodbye.gone.done():
        connection.transport.abort()
        await goodbye.gone


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


def _sentence(relay: Relay, error: Exception) -> Sentence:
    for reason in (error, error.__cause__):
        if isinstance(reason, ssl.SSLCertVerificationError):
            return Sentence(
                "{relay} has a certificate we cannot trust: {words}. Name the host as its "
                "certificate does; for a relay on your own machine add ?verify=no to its address.",
                relay=str(relay),
                words=reason.verify_message,
            )
    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error.__cause__, ConnectionRefusedError):
        words = Sentence("nothing listens there")
    if not relay.name:
        return Sentence("{relay} does not take mail: {words}.", relay=str(relay), words=words)
    return Sentence(
        "{relay} (port {port}) does not take mail: {words}. Start `mailer up`, or set "
        "MAILER_SMTP_URL.",
        relay=str(relay),
        port=str(relay.port),
        words=words,
    )
