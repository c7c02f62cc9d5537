"""What a mailbox's address says: protocol, host, account, folder, what happens to mails taken."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from mailer.errors import ConfigurationError

_PORTS = {"imaps": 993, "imap": 143, "pop3s": 995}
_OPTIONS = {"verify", "then"}
_THEN = ("seen", "delete")
_EXAMPLE = "imaps://user:password@mail.example.org/INBOX"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox that reports come to. ``imap`` means STARTTLS: a password never goes in the clear."""

    protocol: str
    host: str
    port: int
    username: str
    password: str
    folder: str = "INBOX"
    verify: bool = True
    delete: bool = False  # reports that were taken in; else they are marked as seen

    def __repr__(self) -> str:  # never the password: this may reach a log
        return f"Mailbox({self})"

    def __str__(self) -> str:
        return f"{self.protocol}://{self.host}:{self.port}"


def parse_mailbox(url: str) -> Mailbox:
    """``imaps://user:password@host:port/folder?then=seen|delete&verify=yes|no``; also ``pop3s``.

    ``ConfigurationError`` says what is wrong, without repeating the password.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise ConfigurationError("The mailbox's port must be a number from 1 to 65535.") from error
    if parts.scheme not in _PORTS or not parts.hostname or not parts.username:
        raise ConfigurationError(
            f"The mailbox's address (MAILER_BOUNCE_MAILBOX) must look like {_EXAMPLE}."
        )
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise ConfigurationError(
            f"The mailbox's address has an unknown option {unknown[0]!r}; known: then, verify."
        )
    then = options.get("then", "seen")
    if then not in _THEN or options.get("verify", "yes") not in ("yes", "no"):
        raise ConfigurationError(
            "The mailbox's options are then=seen or then=delete, and verify=yes or verify=no."
        )
    return Mailbox(
        protocol=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        username=unquote(parts.username),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        verify=options.get("verify", "yes") == "yes",
        delete=then == "delete" or parts.scheme == "pop3s",  # POP3 knows no marks
    )
