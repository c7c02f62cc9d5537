"""What an SMTP relay's address says: host, port, TLS, account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from mailer.errors import ConfigurationError

_PORTS = {"smtp": 25, "smtps": 465}
_STARTTLS = {"auto": None, "yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Relay:
    """One SMTP server that takes our mail; *starttls* ``None`` means: where it is offered."""

    host: str
    port: int
    username: str = ""
    password: str = ""
    tls: bool = False
    starttls: bool | None = None
    verify: bool = True
    name: str = ""

    def __repr__(self) -> str:  # never the password: this may reach a log
        return f"Relay({self})"

    def __str__(self) -> str:
        return self.name or f"{'smtps' if self.tls else 'smtp'}://{self.host}:{self.port}"


def parse_relay(url: str, *, name: str = "") -> Relay:
    """``smtp://user:password@host:port?starttls=auto|yes|no&verify=yes|no`` or ``smtps://…``.

    ``ConfigurationError`` says what is wrong, without repeating the password.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise ConfigurationError("The relay's port must be a number from 1 to 65535.") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ConfigurationError(
            "The relay's address must look like smtp://user:password@host:587 or smtps://host."
        )
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    unknown = sorted(set(options) - {"starttls", "verify"})
    if unknown:
        raise ConfigurationError(
            f"The relay's address has an unknown option {unknown[0]!r}; known: starttls, verify."
        )
    return Relay(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "smtps",
        starttls=_option(options, "starttls", "auto", _STARTTLS),
        verify=bool(_option(options, "verify", "yes", {"yes": True, "no": False})),
        name=name,
    )


def _option(
    options: dict[str, str],
    name: Literal["starttls", "verify"],
    default: str,
    known: dict[str, bool | None] | dict[str, bool],
) -> bool | None:
    value = options.get(name, default)
    if value not in known:
        raise ConfigurationError(
            f"The relay's option {name} must be one of {', '.join(known)}, not {value!r}."
        )
    return known[value]
