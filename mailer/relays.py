"""What an SMTP relay's address says: host, port, TLS, account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from mailer.errors import ConfigurationError

_PORTS = {"smtp": 25, "smtps": 465}
_STARTTLS = {"auto": None, "yes": True, "no": False}
_VERIFY: dict[str, bool | None] = {"yes": True, "no": False}
_OPTIONS = {"starttls", "verify", "weight", "connections"}


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
    weight: int = 1  # its share of the connections, beside other relays
    connections: int | None = None  # at most; else its share of MAILER_CONNECTIONS
    name: str = ""

    def __repr__(self) -> str:  # never the password: this may reach a log
        return f"Relay({self})"

    def __str__(self) -> str:
        return self.name or f"{'smtps' if self.tls else 'smtp'}://{self.host}:{self.port}"


def parse_relays(text: str) -> tuple[Relay, ...]:
    """One relay's address, or several with white space between; see `parse_relay`."""
    relays = tuple(parse_relay(url) for url in text.split())
    if not relays:
        raise ConfigurationError("MAILER_SMTP_URL is empty: unset it, or name a relay.")
    return relays


def shares(relays: Sequence[Relay], connections: int) -> list[int]:
    """How many of *connections* each relay gets: by weight, at least one, at most its own limit."""
    weights = sum(relay.weight for relay in relays)
    return [
        min(max(1, round(connections * relay.weight / weights)), relay.connections or connections)
        for relay in relays
    ]


def parse_relay(url: str, *, name: str = "") -> Relay:
    """``smtp://user:password@host:port?starttls=auto|yes|no&verify=yes|no&weight=2&connections=5``.

    ``smtps://`` is TLS from the first byte. ``ConfigurationError`` says what is wrong, without
    repeating the password.
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
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise ConfigurationError(
            f"The relay's address has an unknown option {unknown[0]!r}; "
            f"known: {', '.join(sorted(_OPTIONS))}."
        )
    return Relay(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "smtps",
        starttls=_option(options, "starttls", "auto", _STARTTLS),
        verify=bool(_option(options, "verify", "yes", _VERIFY)),
        weight=_number(options, "weight") or 1,
        connections=_number(options, "connections"),
        name=name,
    )


def _number(options: Mapping[str, str], name: str) -> int | None:
    value = options.get(name)
    if value is None:
        return None
    if not value.isdecimal() or int(value) < 1:
        raise ConfigurationError(f"The relay's option {name} must be a number from 1 on.")
    return int(value)


def _option(
    options: Mapping[str, str], name: str, default: str, known: Mapping[str, bool | None]
) -> bool | None:
    value = options.get(name, default)
    if value not in known:
        raise ConfigurationError(
            f"The relay's option {name} must be one of {', '.join(known)}, not {value!r}."
        )
    return known[value]
