"""Mails that are signed arrive with signatures that verify; keys are kept with care."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import dkim
import pytest
from sqlalchemy import Engine

from mailer.database.engine import transaction
from mailer.dkim_keys import load_dkim, make_key, read_key, write_key
from mailer.errors import ConfigurationError, Conflict
from mailer.settings import Settings
from mailer.signing import DkimKey, DkimSigner, new_key
from tests.support.factories import add_issue, add_newsletter, add_subscriber
from tests.support.sending import a_worker, run_until, start
from tests.support.sink import Sink, running

RSA = DkimKey("river.test", "s2026", new_key("rsa"))
ED25519 = DkimKey("river.test", "e2026", new_key("ed25519"))
NAMES = ["Ann", "Jörg  Räuber", ". dot", "F\t rom", "", 'a "quoted" name']


@pytest.fixture(autouse=True)
def no_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def verified(message: bytes, *keys: DkimKey) -> list[bool]:
    """What dkimpy says about the signature of each of *keys*, in this order."""
    records = {f"{key.record_name}.".encode(): key.record.encode() for key in keys}
    verifier: Any = dkim.DKIM(message)
    return [
        bool(verifier.verify(index, dnsfunc=lambda name, timeout=5: records[name]))
        for index in range(len(keys))
    ]


def sent(engine: Engine, signer: DkimSigner, from_address: str = "news@river.test") -> list[bytes]:
    """The messages that a relay got of an issue for readers with all sorts of *NAMES*."""
    with transaction(engine) as session:
        newsletter = add_newsletter(session, from_address=from_address)
        for number, name in enumerate(NAMES):
            add_subscriber(
                session, f"r{number}@readers.test", newsletter=newsletter, name=name, fields={}
            )
        issue_id = add_issue(session, newsletter, subject="For [[name|you]]:  two  blanks").id
    start(engine, issue_id)
    with running(Sink()) as sink:
        run_until(a_worker(engine, sink, dkim=signer), engine, issue_id)
    return [message for _, message in sink.accepted]


def test_what_arrives_at_the_relay_verifies_under_both_keys(sqlite_engine: Engine) -> None:
    messages = sent(sqlite_engine, DkimSigner([RSA, ED25519]))

    assert len(messages) == len(NAMES)
    for message in messages:
        assert verified(message, RSA, ED25519) == [True, True]


def test_a_domain_beyond_ascii_is_signed_for_as_it_stands_in_the_dns(sqlite_engine: Engine) -> None:
    key = make_key("flüsse.test", "s1", new_key("ed25519"))

    messages = sent(sqlite_engine, DkimSigner([key]), from_address="news@flüsse.test")

    assert len(messages) == len(NAMES)
    for message in messages:
        assert b"<news@xn--flsse-lva.test>" in message
        assert verified(message, key) == [True]


def test_a_newsletter_of_another_domain_goes_unsigned_and_the_log_says_so(
    sqlite_engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        messages = sent(sqlite_engine, DkimSigner([RSA]), from_address="news@lake.test")

    assert len(messages) == len(NAMES)
    assert not any(b"DKIM-Signature" in message for message in messages)
    [warning] = [record for record in caplog.records if record.name.endswith("prepared")]
    assert warning.getMessage() == (
        "mails from news@lake.test go without a DKIM signature: the keys are for river.test"
    )


def a_key_file(folder: Path, kind: Any = "rsa", mode: int = 0o600) -> Path:
    path = folder / f"{kind}.pem"
    write_key(path, new_key(kind))
    path.chmod(mode)
    return path


def test_no_settings_mean_no_signer() -> None:
    assert load_dkim(Settings()) is None


def test_the_settings_name_one_rsa_key_and_one_ed25519_key(tmp_path: Path) -> None:
    signer = load_dkim(
        Settings(
            dkim_domain="Flüsse.test",
            dkim_selector="s1",
            dkim_key_file=a_key_file(tmp_path),
            dkim_ed25519_selector="e1",
            dkim_ed25519_key_file=a_key_file(tmp_path, "ed25519"),
        )
    )

    assert signer is not None
    assert [(key.kind, key.record_name) for key in signer.keys] == [
        ("rsa", "s1._domainkey.xn--flsse-lva.test"),
        ("ed25519", "e1._domainkey.xn--flsse-lva.test"),
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dkim_selector": None}, "MAILER_DKIM_SELECTOR is missing"),
        ({"dkim_domain": None}, "MAILER_DKIM_DOMAIN is missing"),
        ({"dkim_ed25519_selector": "e1"}, "MAILER_DKIM_ED25519_KEY_FILE is missing"),
        ({"dkim_domain": "no domain"}, "is not a domain"),
        ({"dkim_key_file": Path("nowhere.pem")}, "nowhere.pem cannot be read"),
        ({"dkim_key_file": "ed25519"}, "MAILER_DKIM_KEY_FILE names a key for ed25519"),
        (
            {"dkim_ed25519_selector": "s1", "dkim_ed25519_key_file": "ed25519"},
            "give it one of its own",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused_in_a_sentence(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    ed25519 = a_key_file(tmp_path, "ed25519")
    given: dict[str, Any] = {
        "dkim_domain": "river.test",
        "dkim_selector": "s1",
        "dkim_key_file": a_key_file(tmp_path),
    } | {name: ed25519 if value == "ed25519" else value for name, value in changes.items()}

    with pytest.raises(ConfigurationError, match=words):
        load_dkim(Settings(**given))


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602])
def test_a_key_that_everybody_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = a_key_file(tmp_path, mode=mode)

    with pytest.raises(ConfigurationError, match="run: chmod o-rwx"):
        read_key("river.test", "s1", path)


def test_a_key_that_a_group_may_read_is_taken(tmp_path: Path) -> None:
    assert read_key("river.test", "s1", a_key_file(tmp_path, mode=0o640)).kind == "rsa"


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = a_key_file(tmp_path)
    before = path.read_bytes()

    with pytest.raises(Conflict, match="never overwritten"):
        write_key(path, new_key("rsa"))

    assert path.read_bytes() == before
