"""Secrets in files: ``MAILER_SMTP_URL_FILE`` names one that holds what MAILER_SMTP_URL would."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from mailer.errors import ConfigurationError

# A password may stand in it, though it is shown without one.
_ALSO_SECRET = {"database_url"}


def secret_settings(kind: type[BaseSettings]) -> list[str]:
    """The names of all settings that may be kept in a file of their own."""
    return [
        name
        for name, field in kind.model_fields.items()
        if name in _ALSO_SECRET or SecretStr in (field.annotation, *get_args(field.annotation))
    ]


class SecretFiles(PydanticBaseSettingsSource):
    """Reads each secret from the file that ``…_FILE`` names, as containers hand them over."""

    def __call__(self) -> dict[str, Any]:
        """The secrets found; ``ConfigurationError`` names a file that cannot be read."""
        found = {}
        for name in secret_settings(self.settings_cls):
            variable = f"MAILER_{name.upper()}"
            path = os.environ.get(f"{variable}_FILE")
            if not path:
                continue
            if variable in os.environ:
                raise ConfigurationError(
                    f"{variable} and {variable}_FILE are both set; keep one of them."
                )
            found[name] = _read(variable, Path(path))
        return found

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Asked for by pydantic-settings, which calls this object instead."""
        raise NotImplementedError(f"{field_name} ({field.annotation}) is read with all others")


def _read(variable: str, path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(
            f"{variable}_FILE names {path}, which cannot be read: {reason}."
        ) from error
    if not secret:
        raise ConfigurationError(f"{variable}_FILE names {path}, which is empty.")
    return secret
