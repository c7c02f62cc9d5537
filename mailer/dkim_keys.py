"""The DKIM keys of the settings, read from their files; and new ones, written to files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mailer.addresses import parse_domain
from mailer.errors import ConfigurationError, Conflict, InvalidAddress
from mailer.settings import Settings
from mailer.signing import DkimKey, DkimSigner, Kind

_RSA = ("dkim_domain", "dkim_selector", "dkim_key_file")
_ED25519 = ("dkim_ed25519_selector", "dkim_ed25519_key_file")


def load_dkim(settings: Settings) -> DkimSigner | None:
    """The signer of the settings; ``None`` when they ask for none; ``ConfigurationError``."""
    rsa, ed25519 = _given(settings, _RSA), _given(settings, _ED25519)
    if not rsa and not ed25519:
        return None
    missing = [name for name in _RSA if name not in rsa]
    if ed25519:  # never alone: most receivers verify RSA only
        missing += [name for name in _ED25519 if name not in ed25519]
    if missing:
        raise ConfigurationError(
            f"DKIM is set up by half: MAILER_{missing[0].upper()} is missing; set it, or none "
            "of MAILER_DKIM_…."
        )
    domain = str(settings.dkim_domain)
    keys = [_load(domain, str(settings.dkim_selector), settings.dkim_key_file, "rsa")]
    if ed25519:
        keys.append(
            _load(
                domain,
                str(settings.dkim_ed25519_selector),
                settings.dkim_ed25519_key_file,
                "ed25519",
            )
        )
    if len({key.record_name for key in keys}) < len(keys):
        raise ConfigurationError(
            "MAILER_DKIM_ED25519_SELECTOR is that of the RSA key; give it one of its own: "
            "a DNS record holds one key."
        )
    return DkimSigner(keys)


def read_key(domain: str, selector: str, path: Path) -> DkimKey:
    """The key in the file *path*; ``ConfigurationError`` also when everybody may read the file."""
    try:
        mode = path.stat().st_mode
        pem = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"The DKIM key in {path} cannot be read: {error.strerror}; make one with "
            "`mailer dkim make`, or set the path right."
        ) from error
    if os.name == "posix" and mode & (stat.S_IROTH | stat.S_IWOTH):
        raise ConfigurationError(
            f"The DKIM key in {path} can be read or changed by every user of this machine, so "
            f"anybody could sign in your name; run: chmod o-rwx {path}"
        )
    try:
        return make_key(domain, selector, pem)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def make_key(domain: str, selector: str, pem: bytes) -> DkimKey:
    """The key for a domain as people write it (letters beyond ASCII, too); ``ConfigurationError``."""
    try:
        return DkimKey(parse_domain(domain), selector, pem)
    except InvalidAddress as error:
        raise ConfigurationError(str(error)) from error


def write_key(path: Path, pem: bytes) -> None:
    """Write a new key with mode 600; ``Conflict`` when there is a file already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict(
            f"{path} is there already; a key is never overwritten: name another file."
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"The DKIM key cannot be written to {path}: {error.strerror}."
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)


def _given(settings: Settings, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if getattr(settings, name)]


def _load(domain: str, selector: str, path: Path | None, kind: Kind) -> DkimKey:
    key = read_key(domain, selector, path or Path())
    if key.kind != kind:
        setting = "MAILER_DKIM_KEY_FILE" if kind == "rsa" else "MAILER_DKIM_ED25519_KEY_FILE"
        raise ConfigurationError(f"{setting} names a key for {key.kind}; it must be for {kind}.")
    return key
