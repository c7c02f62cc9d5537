"""The address that somebody gave up for another: no file and no erasure brings it back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from mailer.addresses import parse_address
from mailer.audience import consent, subscribers, suppressions
from mailer.audience.histories import history
from mailer.audience.importing import inspect, run
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent, Newsletter, OptIn, SignUp
from mailer.errors import ExpiredToken
from mailer.joining import moving, signing_up
from mailer.joining.office import Asked, Trace
from mailer.keeping.erasing import erase
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.notices import link_to, noticed, text_of
from tests.support.site import mailer_of

OLD, NEW = "ann@readers.test", "ann@elsewhere.test"
CLICK = Trace("confirm")


def a_mover(engine: Engine) -> tuple[Mailer, int]:
    """Ann, at her new address; her number."""
    mailer = mailer_of(engine)
    with transaction(engine) as session:
        newsletter = add_newsletter(session, opt_in=OptIn.SINGLE)
        ann = add_subscriber(session, OLD, newsletter=newsletter).id
    to_move(mailer, ann, NEW)
    return mailer, ann


def to_move(mailer: Mailer, ann: int, address: str) -> None:
    with transaction(mailer.engine) as session:
        moving.ask_to_move(session, mailer.office, ann, parse_address(address), NOON)
    with transaction(mailer.engine) as session:
        token = link_to(mailer.engine, "/address/", to=address)
        assert moving.move(session, mailer.office, token, CLICK, NOON).done


def to_import(mailer: Mailer, folder: Path) -> int:
    path = folder / "list.csv"
    path.write_text(f"email,status\n{OLD},subscribed\n", encoding="utf-8")
    return run(mailer.engine, inspect(path), "river", signer=mailer.signer, now=NOON).suppressed


def somebody_at(engine: Engine, address: str) -> bool:
    with reading(engine) as session:
        return subscribers.find(session, parse_address(address)) is not None


def test_an_old_list_does_not_mail_who_left_at_their_new_address(
    engine: Engine, tmp_path: Path
) -> None:
    mailer, ann = a_mover(engine)
    with transaction(engine) as session:
        river = session.scalars(select(Newsletter.id)).one()
        consent.unsubscribe(
            session, newsletter_id=river, subscriber_id=ann, now=NOON, method="page"
        )

    assert to_import(mailer, tmp_path) == 1
    assert not somebody_at(engine, OLD)


def test_an_old_list_does_not_bring_back_who_was_erased_at_their_new_address(
    engine: Engine, tmp_path: Path
) -> None:
    mailer, _ = a_mover(engine)
    with transaction(engine) as session:
        erase(session, NEW, mailer.signer, source="test", now=NOON)

    assert to_import(mailer, tmp_path) == 1
    assert not somebody_at(engine, OLD)


def test_they_can_change_back(engine: Engine) -> None:
    mailer, ann = a_mover(engine)
    to_move(mailer, ann, OLD)
    with reading(engine) as session:
        assert suppressions.find(session, OLD, mailer.signer) is None
        assert suppressions.find(session, NEW, mailer.signer) is not None


def test_the_old_address_is_told_and_takes_it_back_whatever_happened_since(engine: Engine) -> None:
    mailer, ann = a_mover(engine)
    [told] = noticed(engine, OLD)
    assert told.kind == "address-left"
    assert NEW not in text_of(told), "whoever reads the old mailbox does not learn the new one"
    back = link_to(engine, "/address/", to=OLD)
    to_move(mailer, ann, "ann@third.test")  # whoever took it away hides
    for _ in range(2):
        with transaction(engine) as session:
            assert moving.look_up(session, mailer.office, back, NOON).back
            assert moving.move(session, mailer.office, back, CLICK, NOON).done
    with reading(engine) as session:
        assert subscribers.get(session, OLD).id == ann
        assert suppressions.find(session, OLD, mailer.signer) is None
    assert len(noticed(engine, "ann@third.test")) == 1, "and gets no link to take it once more"


def test_a_suppressed_old_address_is_not_told(engine: Engine) -> None:
    mailer, ann = a_mover(engine)
    with transaction(engine) as session:
        suppressions.add(session, NEW, reason="bounced", source="bounce", now=NOON)
    to_move(mailer, ann, "ann@third.test")
    assert [one.kind for one in noticed(engine, NEW)] == ["address"]


def test_the_link_back_ends_with_the_person(engine: Engine) -> None:
    mailer, _ = a_mover(engine)
    back = link_to(engine, "/address/", to=OLD)
    with transaction(engine) as session:
        erase(session, NEW, mailer.signer, source="test", now=NOON)
        with pytest.raises(ExpiredToken):
            moving.move(session, mailer.office, back, CLICK, NOON)


def test_whoever_has_the_old_address_now_signs_up_by_confirming(engine: Engine) -> None:
    mailer, _ = a_mover(engine)
    form = Trace("page", wording="Yes.")
    with transaction(engine) as session:
        river = session.scalars(select(Newsletter)).one()
        asked = Asked(parse_address(OLD), form, proved=True)
        signing_up.ask(session, mailer.office, river, asked, NOON)
    with transaction(engine) as session:
        person = subscribers.get(session, OLD)
        assert [one.state for one in history(session, person)] == [Consent.PENDING]
        token = link_to(engine, "/confirm/", to=OLD)
        assert signing_up.confirm(session, mailer.office, token, CLICK, NOON).subscribed
        assert suppressions.find(session, OLD, mailer.signer) is None


def test_what_suppressed_the_old_address_stays_as_it_is(engine: Engine) -> None:
    mailer, ann = a_mover(engine)
    with transaction(engine) as session:
        suppressions.add(session, NEW, reason="bounced", source="bounce", now=NOON)
    to_move(mailer, ann, "ann@third.test")
    with reading(engine) as session:
        found = suppressions.find(session, NEW, mailer.signer)
        assert found is not None
        assert found.reason == "bounced"


def test_erasure_takes_sign_ups_with_the_old_address_too(engine: Engine) -> None:
    mailer, _ = a_mover(engine)
    with transaction(engine) as session:
        session.add(
            SignUp(
                newsletter_id=session.scalars(select(Newsletter.id)).one(),
                address=OLD,
                address_key=OLD,
                name="Ann",
                fields={},
                evidence={},
                at=NOON,
                confirmed_at=NOON,
            )
        )
    with transaction(engine) as session:
        erase(session, NEW, mailer.signer, source="test", now=NOON)
        assert session.scalar(select(func.count()).select_from(SignUp)) == 0
