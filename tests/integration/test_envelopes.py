"""What stands on the envelope: where reports come back to, and which reports are asked for."""

from __future__ import annotations

import re

from sqlalchemy import Engine

from mailer.database.engine import transaction
from mailer.tokens import Reader
from tests.support.factories import add_issue, add_newsletter, add_subscriber
from tests.support.sending import SIGNER, a_worker, run_until, start
from tests.support.sink import Sink, running


def sent_to(engine: Engine, address: str, sink: Sink, return_path: str | None) -> tuple[str, str]:
    """The MAIL and the RCPT line for the only reader, whose issue and number are 1."""
    with transaction(engine) as session:
        newsletter = add_newsletter(session, return_path=return_path)
        add_subscriber(session, address, newsletter=newsletter)
        issue_id = add_issue(session, newsletter).id
    start(engine, issue_id)
    with running(sink):
        run_until(a_worker(engine, sink), engine, issue_id)
    mail, rcpt = sink.envelopes
    return mail, rcpt


def test_reports_are_asked_for_where_the_relay_offers_it(sqlite_engine: Engine) -> None:
    mail, rcpt = sent_to(
        sqlite_engine, "ann+a=b@readers.test", Sink(dsn=True), "bounces@river.test"
    )

    found = re.fullmatch(
        r"MAIL FROM:<bounces\+([0-9a-f]{48})@river\.test> RET=HDRS ENVID=([0-9a-f]{48})", mail
    )
    assert found
    assert found[1] == found[2]
    assert SIGNER.read_raw(bytes.fromhex(found[1])) == Reader(1, 1)
    assert rcpt == (
        "RCPT TO:<ann+a=b@readers.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ann+2Ba+3Db@readers.test"
    )


def test_nothing_is_asked_of_a_relay_that_does_not_offer_it(sqlite_engine: Engine) -> None:
    mail, rcpt = sent_to(sqlite_engine, "ann@readers.test", Sink(), "bounces@river.test")

    assert re.fullmatch(r"MAIL FROM:<bounces\+[0-9a-f]{48}@river\.test>", mail)
    assert rcpt == "RCPT TO:<ann@readers.test>"


def test_without_a_return_path_nothing_is_asked_for(sqlite_engine: Engine) -> None:
    """Reports would reach the visible sender, a person."""
    sink = Sink(dsn=True)

    mail, rcpt = sent_to(sqlite_engine, "ann@readers.test", sink, None)

    assert mail == "MAIL FROM:<news@river.test>"
    assert rcpt == "RCPT TO:<ann@readers.test>"
    assert "mailto:" not in str(sink.message("ann@readers.test")["List-Unsubscribe"])


def test_an_address_beyond_ascii_keeps_its_letters(sqlite_engine: Engine) -> None:
    sink = Sink(dsn=True, smtputf8=True)

    mail, rcpt = sent_to(sqlite_engine, "änn@readers.test", sink, "bounces@river.test")

    assert mail.endswith(" SMTPUTF8")
    assert rcpt == "RCPT TO:<änn@readers.test> NOTIFY=FAILURE,DELAY"
