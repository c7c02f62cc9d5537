"""Connections to relays are encrypted and checked, and secrets stay secret."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mailer.clock import utc_now
from mailer.database.engine import transaction
from mailer.delivering.connecting import close_connection, open_connection, tls_context
from mailer.delivering.lanes import LaneOptions
from mailer.delivering.worker import Worker, WorkerOptions
from mailer.errors import RelayUnavailable
from mailer.relays import parse_relay
from tests.support.factories import add_issue, add_newsletter, add_readers
from tests.support.secure_server import PASSWORD, USER, running_securely
from tests.support.sending import SIGNER, run_until, start
from tests.support.sink import Sink, running

ACCOUNT = f"{USER}:{PASSWORD.replace(' ', '%20')}@"


@pytest.fixture(autouse=True)
def fresh_contexts() -> Iterator[None]:
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


def connect(url: str) -> None:
    async def run() -> None:
        connection = await open_connection(parse_relay(url), timeout=5, hostname="us.test")
        await close_connection(connection)

    asyncio.run(run())


def trust(monkeypatch: pytest.MonkeyPatch, authority: Path) -> None:
    """As the system's list of authorities would."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))


def send_three(engine: Engine, url: str) -> None:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        add_readers(session, newsletter, 3)
        issue_id = add_issue(session, newsletter).id
    start(engine, issue_id)
    worker = Worker(
        engine,
        SIGNER,
        [parse_relay(url)],
        WorkerOptions(
            lanes=LaneOptions(2, 100, 5.0, "us.test"),
            base_url="http://mail.test",
            lease_seconds=30.0,
            retry_schedule=(timedelta(seconds=1),),
        ),
        clock=utc_now,
    )
    assert run_until(worker, engine, issue_id).accepted == 3


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS at once"])
def test_mails_travel_encrypted_and_logged_in(
    sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, implicit: bool
) -> None:
    with running_securely(tmp_path, implicit=implicit, accounts=True) as (server, authority):
        trust(monkeypatch, authority)
        scheme, option = ("smtps", "") if implicit else ("smtp", "?starttls=yes")
        send_three(sqlite_engine, f"{scheme}://{ACCOUNT}localhost:{server.port}{option}")

    assert server.encrypted == [True] * 3
    assert len(set(server.recipients)) == 3


def test_starttls_is_used_wherever_it_is_offered(
    sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_securely(tmp_path) as (server, authority):
        trust(monkeypatch, authority)
        send_three(sqlite_engine, f"smtp://localhost:{server.port}")

    assert server.encrypted == [True] * 3


@pytest.mark.parametrize("implicit", [False, True])
def test_a_certificate_nobody_vouches_for_is_refused_unless_that_is_set(
    tmp_path: Path, implicit: bool
) -> None:
    scheme = "smtps" if implicit else "smtp"
    with running_securely(tmp_path, implicit=implicit) as (server, _):
        url = f"{scheme}://localhost:{server.port}"
        with pytest.raises(RelayUnavailable, match="certificate we cannot trust"):
            connect(url)
        connect(f"{url}?verify=no")


def test_a_certificate_for_another_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_securely(tmp_path) as (server, authority):
        trust(monkeypatch, authority)
        with pytest.raises(RelayUnavailable, match="certificate we cannot trust"):
            connect(f"smtp://127.0.0.1:{server.port}")


def test_a_wrong_password_is_said_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with running_securely(tmp_path, accounts=True) as (server, authority):
        trust(monkeypatch, authority)
        with pytest.raises(RelayUnavailable, match="refuses our user name or password") as caught:
            connect(f"smtp://{USER}:not-the-secret@localhost:{server.port}")

    assert "not-the-secret" not in str(caught.value)
    assert not [one for one in caplog.records if "not-the-secret" in one.getMessage()]


def test_tls_that_was_demanded_and_is_not_offered_is_an_error() -> None:
    with running(Sink()) as sink, pytest.raises(RelayUnavailable, match="STARTTLS"):
        connect(f"smtp://127.0.0.1:{sink.port}?starttls=yes")


def test_a_password_is_told_to_nobody_without_encryption_unless_that_is_set() -> None:
    """Also where STARTTLS is used if it is offered: somebody in between can take the offer out."""
    with running(Sink(auth=True)) as sink:
        url = f"smtp://{ACCOUNT}127.0.0.1:{sink.port}"
        with pytest.raises(RelayUnavailable, match="offers no encryption"):
            connect(url)
        assert "AUTH" not in sink.commands
        connect(f"{url}?starttls=no")
        assert "AUTH" in sink.commands
