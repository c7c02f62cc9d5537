"""DKIM signatures (RFC 6376): relaxed/relaxed, rsa-sha256 and ed25519-sha256 (RFC 8463)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from mailer.errors import ConfigurationError, InvalidInput

Kind = Literal["rsa", "ed25519"]

LEAST_BITS, MOST_BITS = 2048, 4096  # RFC 8301 3.2: verifiers need not take longer ones
_WIDTH = 72
_SHA256 = hashes.SHA256()
_PKCS1 = padding.PKCS1v15()
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SELECTOR = re.compile(rf"(?=.{{1,100}}\Z){_LABEL}(?:\.{_LABEL})*")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)  # RFC 5322 3.6.8, 4.5
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+")

# What readers and their programs act on (RFC 6376 5.4.1); never what relays add or change.
_COVERED = (
    b"from sender reply-to to cc subject date message-id in-reply-to references "
    b"list-unsubscribe list-unsubscribe-post list-id list-help list-subscribe list-post list-owner "
    b"list-archive feedback-id auto-submitted precedence content-language mime-version "
    b"content-type content-transfer-encoding"
).split()


class DkimKey:
    """One private key and where its public half is published: *selector*._domainkey.*domain*."""

    __slots__ = ("_private", "domain", "kind", "selector")

    def __init__(self, domain: str, selector: str, private_key_pem: bytes) -> None:
        """``ConfigurationError`` says what is wrong with the names or the key, never the key."""
        self.domain = domain.lower().rstrip(".")
        self.selector = selector.lower()
        if not _DOMAIN.fullmatch(self.domain):
            raise ConfigurationError(
                f"{domain!r} is not a domain that can sign; write one such as news.example.org."
            )
        if not _SELECTOR.fullmatch(self.selector):
            raise ConfigurationError(
                f"{selector!r} is not a DKIM selector; use letters, digits and hyphens, like s2026."
            )
        self._private = _private_key(private_key_pem)
        self.kind: Kind = "rsa" if isinstance(self._private, rsa.RSAPrivateKey) else "ed25519"

    def __repr__(self) -> str:
        return f"DkimKey({self.record_name}, {self.kind})"

    @property
    def record_name(self) -> str:
        """The name of the DNS TXT record with the public key."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """What the DNS TXT record says (RFC 6376 3.6.1, RFC 8463 4)."""
        public = self._private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            data = public.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        else:
            data = public.public_bytes_raw()
        return f"v=DKIM1; k={self.kind}; p={base64.b64encode(data).decode()}"

    def covers(self, address: str) -> bool:
        """Whether the domain of *address* is ours or below ours."""
        domain = address.rpartition("@")[2].lower().rstrip(".")
        return domain == self.domain or domain.endswith(f".{self.domain}")

    def seal(self, data: bytes) -> bytes:
        """The signature of canonical *data*, in base64."""
        if isinstance(self._private, rsa.RSAPrivateKey):
            signature = self._private.sign(data, _PKCS1, _SHA256)
        else:  # RFC 8463 3: Ed25519 signs the SHA-256 hash
            signature = self._private.sign(hashlib.sha256(data).digest())
        return base64.b64encode(signature)


class DkimSigner:
    """Puts one DKIM-Signature for each of its keys before a message."""

    __slots__ = ("_openings", "keys")

    def __init__(self, keys: Sequence[DkimKey]) -> None:
        self.keys = tuple(keys)
        self._openings = [(key, _opening(key)) for key in self.keys]

    def covering(self, from_address: str) -> DkimSigner | None:
        """A signer with the keys that may sign for *from_address*; ``None`` when there are none."""
        keys = [key for key in self.keys if key.covers(from_address)]
        return DkimSigner(keys) if keys else None

    def sign(self, message: bytes, *, now: datetime, canonical: bool = False) -> bytes:
        """*message* with its signatures, as CRLF lines; ``InvalidInput`` when it cannot be signed.

        *canonical*: the message has only CRLF lines and its body is in relaxed form already
        (`MessageTemplate` writes them so), which spares five passes over the body.
        """
        if not canonical:
            message = b"\r\n".join(message.splitlines()) + b"\r\n"
        end = message.find(b"\r\n\r\n")
        head = message[:end] if end >= 0 else message[:-2]
        body: bytes | memoryview = memoryview(message)[end + 4 :] if end >= 0 else b""
        if not canonical:
            body = relaxed_body(bytes(body))
        body_hash = base64.b64encode(hashlib.sha256(body).digest())
        names, fields = zip(*relaxed_fields(head), strict=True)
        covered, places = _coverage(names)
        data = b"".join([fields[place] for place in places]) + b"dkim-signature:"
        middle = b"t=%d;\r\n h=%s;\r\n bh=%s;\r\n b=" % (
            int(now.timestamp()),
            covered,
            body_hash,
        )
        signed = []
        for key, opening in self._openings:
            value = opening + middle
            seal = key.seal(data + value.replace(b"\r\n ", b" "))
            signed += [b"DKIM-Signature: ", value, _folded(seal), b"\r\n"]
        return b"".join((*signed, message))


def relaxed_body(body: bytes) -> bytes:
    """A body's relaxed form (RFC 6376 3.4.4); *body* has CRLF lines."""
    body = _single_blanks(body).replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def relaxed_fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Each header field's name and relaxed form (RFC 6376 3.4.2), in order; ``InvalidInput``."""
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    return list(map(_relaxed_field, unfolded.split(b"\r\n")))


@lru_cache(maxsize=128)
def _relaxed_field(line: bytes) -> tuple[bytes, bytes]:
    # Remembered: most lines stand in every message of an issue.
    match = _FIELD.fullmatch(line)
    if not match:
        raise InvalidInput("a line of the message's header is no header field")
    name = match[1].lower()
    return name, b"%s:%s\r\n" % (name, _single_blanks(match[2]).strip(b" "))


def new_key(kind: Kind, bits: int = LEAST_BITS) -> bytes:
    """A new private key as PEM (PKCS #8)."""
    private = (
        rsa.generate_private_key(65537, bits)
        if kind == "rsa"
        else ed25519.Ed25519PrivateKey.generate()
    )
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _private_key(pem: bytes) -> rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ConfigurationError(
            "The DKIM key has a password; store it without one, readable by the mailer only."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(
            "The DKIM key is not a private key in PEM form; make one with `mailer dkim make`."
        ) from error
    if isinstance(key, rsa.RSAPrivateKey):
        if not LEAST_BITS <= key.key_size <= MOST_BITS:
            raise ConfigurationError(
                f"The DKIM key has {key.key_size:,} bits; receivers want RSA keys of "
                f"{LEAST_BITS:,} to {MOST_BITS:,}: make one with `mailer dkim make`."
            )
        return key
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    raise ConfigurationError(
        "The DKIM key is neither RSA nor Ed25519; make one with `mailer dkim make`."
    )


def _opening(key: DkimKey) -> bytes:
    return (
        f"v=1; a={key.kind}-sha256; c=relaxed/relaxed;\r\n d={key.domain}; s={key.selector};\r\n "
    ).encode()


@lru_cache(maxsize=256)
def _coverage(names: tuple[bytes, ...]) -> tuple[bytes, tuple[int, ...]]:
    """For a message with fields of these *names*: what h= says, and which fields those are."""
    if names.count(b"from") != 1:
        raise InvalidInput("the message needs exactly one From to be signed")
    # From once more than it stands there: nobody can add a second one (RFC 6376 8.15).
    # Of several fields of one name, the last comes first (RFC 6376 5.4.2).
    places = [
        place
        for covered in _COVERED
        for place in reversed(range(len(names)))
        if names[place] == covered
    ]
    lines = [b"from:"]
    for place in places:
        if len(lines[-1]) + len(names[place]) >= _WIDTH:
            lines.append(b"")
        lines[-1] += names[place] + b":"
    return b"\r\n ".join(lines)[:-1], tuple(places)


def _folded(text: bytes) -> bytes:
    return b"\r\n ".join(text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH))


def _single_blanks(text: bytes) -> bytes:
    """Each run of spaces and tabs as one space; few fast passes instead of a regular expression."""
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text
