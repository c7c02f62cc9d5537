"""Settings from the environment (``MAILER_…``) or ``mailer.toml``; read once, at the edge."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from mailer.errors import ConfigurationError
from mailer.rates import Rate, parse_rates
from mailer.secret_files import SecretFiles
from mailer.warming import WarmUpPlan, parse_warm_up

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> timedelta:
    """``90s``, ``5m``, ``2h``, ``1d`` (no unit: seconds); ``ValueError`` otherwise."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", text)
    if not match:
        raise ValueError(f"{text!r} is not a duration; write 90s, 5m, 2h or 1d")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2] or "s"])


def _schedule(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(parse_duration(part) for part in value.split(",") if part.strip())
    return value


def _rates(value: Any) -> Any:
    return parse_rates(value) if isinstance(value, str) else value


def _duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


def _warm_up(value: Any) -> Any:
    return parse_warm_up(value) if isinstance(value, str) else value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("it must be UTC or like Europe/Berlin (IANA names)")
    return value


def _networks(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(
            f"{error}; write networks such as 203.0.113.0/24, 2001:db8::/32"
        ) from error


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("it must look like https://news.example.org, with a path if need be")
    return value.rstrip("/")


Duration = Annotated[timedelta, NoDecode, BeforeValidator(_duration)]


class Settings(BaseSettings):
    """What can be set; every name is also an environment variable with ``MAILER_`` before it."""

    model_config = SettingsConfigDict(
        env_prefix="MAILER_", toml_file="mailer.toml", frozen=True, extra="forbid"
    )

    database_url: str = "sqlite:///subscribers.db"
    base_url: Annotated[str, AfterValidator(_web_address)] = "http://127.0.0.1:8000"
    smtp_url: SecretStr | None = None
    secret_key: SecretStr | None = None
    dkim_domain: str | None = None
    dkim_selector: str | None = None
    dkim_key_file: Path | None = None
    dkim_ed25519_selector: str | None = None
    dkim_ed25519_key_file: Path | None = None
    templates_dir: Path | None = None
    inbox_port: int = Field(default=1025, ge=1, le=65535)
    connections: int = Field(default=10, ge=1, le=200)
    messages_per_connection: int = Field(default=1000, ge=1)
    smtp_timeout: float = Field(default=300.0, gt=0)
    batch_size: int = Field(default=1000, ge=1, le=20_000)
    lease_seconds: float = Field(default=60.0, gt=0, le=600)
    retry_schedule: Annotated[tuple[timedelta, ...], NoDecode, BeforeValidator(_schedule)] = tuple(
        timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240, 480, 480, 720, 740)
    )
    rates: Annotated[tuple[Rate, ...], NoDecode, BeforeValidator(_rates)] = ()
    domain_rates: dict[str, Annotated[tuple[Rate, ...], NoDecode, BeforeValidator(_rates)]] = Field(
        default_factory=dict
    )
    warm_up: dict[str, Annotated[WarmUpPlan, NoDecode, BeforeValidator(_warm_up)]] = Field(
        default_factory=dict
    )
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    undo_seconds: float = Field(default=30.0, ge=0, le=3600)
    stop_among: int = Field(default=500, ge=20, le=10_000)
    stop_at_refused_percent: float = Field(default=10.0, ge=0, le=100)
    stop_at_bounced_percent: float = Field(default=5.0, ge=0, le=100)
    stop_at_complained_percent: float = Field(default=0.5, ge=0, le=100)
    uncertain: Literal["resend", "hold"] = "resend"
    track_clicks: bool = True
    track_opens: bool = False
    tag_links: bool = True
    system_from: str | None = None
    bounce_mailbox: SecretStr | None = None
    bounce_poll_seconds: float = Field(default=60.0, ge=5)
    bounce_limit: int = Field(default=5, ge=1)
    bounce_days: int = Field(default=14, ge=0)
    unsigned_reports: Literal["count", "act"] = "count"
    keep_notices: Duration = timedelta(days=30)
    keep_uploads: Duration = timedelta(days=7)
    confirm_within: Duration = timedelta(days=7)
    keep_unconfirmed: Duration = timedelta(days=30)
    keep_clicks: Duration | None = None
    keep_deliveries: Duration | None = None
    keep_unsubscribed: Duration | None = None
    keep_client_addresses: Literal["full", "truncated", "none"] = "truncated"
    trusted_proxies: int = Field(default=1, ge=0, le=10)
    proxy_networks: Annotated[
        tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)
    ] = ()
    address_rules_file: Path | None = None
    metrics_token: SecretStr | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, secrets in files, then ``mailer.toml``."""
        files, toml = SecretFiles(settings_cls), TomlConfigSettingsSource(settings_cls)
        return init_settings, env_settings, files, toml


def load_settings(**overrides: Any) -> Settings:
    """The settings in force; ``ConfigurationError`` names the first one that is wrong."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(str(part) for part in problem["loc"])
        raise ConfigurationError(
            f"The setting {name} (MAILER_{name.partition('.')[0].upper()} or mailer.toml) cannot "
            f"be used: {problem['msg'].removeprefix('Value error, ')}."
        ) from error
    except ValueError as error:  # a mailer.toml that is not TOML
        raise ConfigurationError(f"mailer.toml cannot be read: {error}.") from error
