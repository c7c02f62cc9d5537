"""A relay that takes everything and keeps nothing, in the clear or by TLS.

Usage: python -m bench.sinking PORT [CERTIFICATE]
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.machine import free_port, until_listening

_END = b"\r\n.\r\n"
_GREETING = b"220 sink\r\n"
_REPLIES = {
    b"EHLO": b"250-sink\r\n250 PIPELINING\r\n",
    b"MAIL": b"250 2.1.0 Ok\r\n",
    b"RCPT": b"250 2.1.5 Ok\r\n",
    b"DATA": b"354 End data with <CR><LF>.<CR><LF>\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}
_TAKEN = b"250 2.0.0 Ok\r\n"


@contextmanager
def sink(certificate: Path | None = None) -> Iterator[int]:
    """A sink of its own, with TLS from the first byte if there is a *certificate*; its port."""
    port = free_port()
    given = [str(certificate)] if certificate else []
    process = subprocess.Popen([sys.executable, "-m", "bench.sinking", str(port), *given])
    try:
        until_listening(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def make_certificate(file: Path) -> Path:
    """A key and a certificate that nobody vouches for, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sink")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


class _Sink(asyncio.Protocol):
    def __init__(self) -> None:
        self._rest = b""
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are their own class
        self._transport.write(_GREETING)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        answers = []
        while data:
            before, end, after = data.partition(_END if self._in_body else b"\r\n")
            if not end:
                break
            answers.append(_TAKEN if self._in_body else _REPLIES.get(before[:4], b"250 Ok\r\n"))
            self._in_body = not self._in_body and before == b"DATA"
            data = after
        self._rest = data
        self._transport.write(b"".join(answers))


async def serve(port: int, certificate: str | None) -> None:
    """Take mail until the process is ended."""
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(_Sink, "127.0.0.1", port, ssl=context)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
