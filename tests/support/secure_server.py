"""A real SMTP server with TLS and accounts, and a certificate authority of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.patience import SECONDS

USER, PASSWORD = "mailer", "correct horse"


@dataclass
class SecureServer:
    """What it took, over which kind of connection."""

    port: int = 0
    recipients: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    connections: list[SMTP] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.recipients += envelope.rcpt_tos
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 2.0.0 Ok"


@contextmanager
def running_securely(
    folder: Path, *, implicit: bool = False, accounts: bool = False
) -> Iterator[tuple[SecureServer, Path]]:
    """Serve with STARTTLS (or TLS from the first byte): the server, and its authority's file."""
    authority, certificate = make_certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = SecureServer()
    options: dict[str, Any] = {} if implicit else {"tls_context": context}
    if accounts:
        options |= {"authenticator": _known, "auth_required": True}
        options["auth_require_tls"] = not implicit
    loop = asyncio.new_event_loop()
    listener = loop.run_until_complete(
        loop.create_server(
            lambda: _protocol(server, loop, options),
            host="127.0.0.1",
            port=0,
            ssl=context if implicit else None,
        )
    )
    server.port = listener.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server, authority
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        listener.close()
        for connection in server.connections:
            if connection.transport is not None:
                cast("asyncio.Transport", connection.transport).abort()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()


def _protocol(
    server: SecureServer, loop: asyncio.AbstractEventLoop, options: dict[str, Any]
) -> SMTP:
    with warnings.catch_warnings():
        # It does not see that with TLS from the first byte nothing needs STARTTLS.
        warnings.simplefilter("ignore", UserWarning)
        server.connections.append(SMTP(server, hostname="localhost", loop=loop, **options))
    return server.connections[-1]


def _known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and data == LoginPassword(
        USER.encode(), PASSWORD.encode()
    )
    return AuthResult(success=right, handled=False)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost: (its own authority's file, file with key and certificate)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    authority, both = folder / "authority.pem", folder / "server.pem"
    authority.write_bytes(public)
    both.write_bytes(private + public)
    return authority, both
