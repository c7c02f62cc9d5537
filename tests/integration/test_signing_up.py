"""From a form to a consent on record: who is asked, who is believed, who is left alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Executable, delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from mailer.address_rules import BUILT_IN
from mailer.addresses import parse_address
from mailer.audience import consent, forms, subscribers, suppressions
from mailer.audience.histories import history
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Consent,
    ConsentChange,
    Newsletter,
    OptIn,
    SignUp,
    Subscriber,
    Subscription,
)
from mailer.errors import ExpiredToken, InvalidToken
from mailer.joining import meters, moving, signing_up, work
from mailer.joining.lapsing import remove_unconfirmed
from mailer.joining.office import Asked, Trace
from mailer.keeping.erasing import erase
from mailer.rates import Rate
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.notices import link_to, noticed
from tests.support.site import mailer_of

ANN = "ann@readers.test"
FORM = Trace("page", client="203.0.113.0/24", agent="Browser", wording="Yes, I want it.")
CLICK = Trace("confirm", client="198.51.100.0/24")


def a_newsletter(engine: Engine, slug: str = "river", **values: Any) -> int:
    with transaction(engine) as session:
        return add_newsletter(session, slug, **values).id


def ask(mailer: Mailer, newsletter_id: int, address: str = ANN, **values: Any) -> None:
    with transaction(mailer.engine) as session:
        signing_up.ask(
            session,
            mailer.office,
            session.get_one(Newsletter, newsletter_id),
            Asked(parse_address(address), FORM, **values),
            mailer.clock(),
        )


def confirm(mailer: Mailer, token: str) -> signing_up.Invitation:
    with transaction(mailer.engine) as session:
        return signing_up.confirm(session, mailer.office, token, CLICK, mailer.clock())


def state(engine: Engine, newsletter_id: int, address: str = ANN) -> Consent | None:
    with reading(engine) as session:
        return session.scalar(
            select(Subscription.state)
            .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
            .where(Subscription.newsletter_id == newsletter_id, Subscriber.address == address)
        )


def test_nobody_is_subscribed_before_they_confirmed_and_the_record_says_how(
    engine: Engine,
) -> None:
    mailer = mailer_of(engine)
    river = a_newsletter(engine)
    ask(mailer, river, name="Ann Example", language="de", fields={"city": "Bonn"})

    assert state(engine, river) is Consent.PENDING
    assert [one.kind for one in noticed(engine)] == ["confirm"]

    invitation = confirm(mailer, link_to(engine, "/confirm/"))

    assert invitation.subscribed
    assert state(engine, river) is Consent.CONFIRMED
    with reading(engine) as session:
        ann = subscribers.get(session, ANN)
        assert (ann.name, ann.language, ann.fields) == ("Ann Example", "de", {"city": "Bonn"})
        asked, confirmed = history(session, ann)
    assert (asked.state, confirmed.state) == (Consent.PENDING, Consent.CONFIRMED)
    assert asked.evidence == {
        "form": "page",
        "client": "203.0.113.0/24",
        "agent": "Browser",
        "wording": "Yes, I want it.",
    }
    assert confirmed.evidence["confirmation"] == {"form": "confirm", "client": "198.51.100.0/24"}
    assert confirmed.evidence["wording"] == "Yes, I want it."
    assert [one.kind for one in noticed(engine)] == ["confirm", "welcome"]


def test_confirming_again_changes_nothing_not_even_after_leaving(engine: Engine) -> None:
    mailer = mailer_of(engine)
    river = a_newsletter(engine)
    ask(mailer, river)
    token = link_to(engine, "/confirm/")
    confirm(mailer, token)
    assert confirm(mailer, token).subscribed
    with transaction(engine) as session:
        ann = subscribers.get(session, ANN)
        consent.unsubscribe(
            session, newsletter_id=river, subscriber_id=ann.id, now=NOON, method="page"
        )

    again = confirm(mailer, token)

    assert (again.confirmed, again.subscribed) == (True, False)
    assert state(engine, river) is Consent.UNSUBSCRIBED
    assert [one.kind for one in noticed(engine)] == ["confirm", "welcome"]


def test_a_link_stops_working_after_its_time_and_another_links_is_no_use(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ask(mailer, a_newsletter(engine))
    token = link_to(engine, "/confirm/")
    with reading(engine) as session:
        late = NOON + timedelta(days=7)
        with pytest.raises(ExpiredToken):
            signing_up.look_up(session, mailer.office, token, late)
        with pytest.raises(InvalidToken):
            moving.look_up(session, mailer.office, token, NOON)
        with pytest.raises(InvalidToken):
            signing_up.look_up(session, mailer.office, token[:-2] + "AA", NOON)


def test_somebody_subscribed_is_told_so_and_stays_as_they_are(engine: Engine) -> None:
    mailer = mailer_of(engine)
    river = a_newsletter(engine)
    with transaction(engine) as session:
        add_subscriber(session, ANN, newsletter=session.get_one(Newsletter, river), name="Ann")

    ask(mailer, river, name="Somebody Else")

    [notice] = noticed(engine)
    assert notice.kind == "known"
    with reading(engine) as session:
        assert subscribers.get(session, ANN).name == "Ann"
        assert session.scalar(select(func.count()).select_from(SignUp)) == 0


def test_somebody_who_left_comes_back_by_confirming_only(engine: Engine) -> None:
    mailer = mailer_of(engine)
    river = a_newsletter(engine, opt_in=OptIn.SINGLE)
    with transaction(engine) as session:
        newsletter = session.get_one(Newsletter, river)
        add_subscriber(session, ANN, newsletter=newsletter, state=Consent.UNSUBSCRIBED)

    ask(mailer, river, proved=True)

    assert state(engine, river) is Consent.UNSUBSCRIBED
    confirm(mailer, link_to(engine, "/confirm/"))
    assert state(engine, river) is Consent.CONFIRMED


def test_single_opt_in_counts_at_once_but_never_without_proof_of_work(engine: Engine) -> None:
    mailer = mailer_of(engine)
    river = a_newsletter(engine, opt_in=OptIn.SINGLE)

    ask(mailer, river, "bob@readers.test", proved=False)
    ask(mailer, river, proved=True)

    assert state(engine, river, "bob@readers.test") is Consent.PENDING
    assert state(engine, river) is Consent.CONFIRMED
    assert [one.kind for one in noticed(engine)] == ["confirm", "welcome"]


def test_the_suppressed_get_nothing_and_nothing_is_kept(engine: Engine) -> None:
    mailer = mailer_of(engine)
    river = a_newsletter(engine)
    with transaction(engine) as session:
        suppressions.add(session, ANN, reason="complaint", source="test", now=NOON)

    ask(mailer, river)

    assert noticed(engine) == []
    with reading(engine) as session:
        assert subscribers.find(session, ANN) is None
        assert session.scalar(select(func.count()).select_from(SignUp)) == 0


def test_an_erased_person_comes_back_by_confirming_only(engine: Engine) -> None:
    mailer = mailer_of(engine)
    river = a_newsletter(engine, opt_in=OptIn.SINGLE)
    with transaction(engine) as session:
        add_subscriber(session, ANN, newsletter=session.get_one(Newsletter, river))
        erase(session, ANN, mailer.signer, source="test", now=NOON)

    ask(mailer, river, proved=True)
    assert state(engine, river) is Consent.PENDING
    confirm(mailer, link_to(engine, "/confirm/"))

    assert state(engine, river) is Consent.CONFIRMED
    with reading(engine) as session:
        assert suppressions.find(session, ANN, mailer.signer) is None


def test_strangers_cannot_fill_somebodys_inbox(engine: Engine) -> None:
    mailer = mailer_of(engine)
    for number in range(5):
        ask(mailer, a_newsletter(engine, f"n{number}"), address=f"ann+{number}@readers.test")

    assert len(noticed(engine)) == 3


def test_what_was_known_of_somebody_is_not_overwritten_by_a_form(engine: Engine) -> None:
    mailer = mailer_of(engine)
    river, trees = a_newsletter(engine), a_newsletter(engine, "trees")
    with transaction(engine) as session:
        add_subscriber(
            session,
            ANN,
            newsletter=session.get_one(Newsletter, river),
            name="Ann",
            fields={"city": "Bonn"},
        )
    ask(mailer, trees, name="Eve", fields={"city": "Ulm", "age": 7})
    confirm(mailer, link_to(engine, "/confirm/"))

    with reading(engine) as session:
        ann = subscribers.get(session, ANN)
    assert (ann.name, ann.fields) == ("Ann", {"city": "Bonn", "age": 7})


def test_sign_ups_that_nobody_confirmed_are_removed_and_counted(engine: Engine) -> None:
    mailer = mailer_of(engine)
    river = a_newsletter(engine)
    ask(mailer, river)
    ask(mailer, river, "bob@readers.test")
    confirm(mailer, link_to(engine, "/confirm/", to="bob@readers.test"))
    with transaction(engine) as session:
        cleo = add_subscriber(
            session,
            "cleo@readers.test",
            newsletter=session.get_one(Newsletter, river),
            state=Consent.UNSUBSCRIBED,
        )
    ask(mailer, river, "cleo@readers.test")

    with transaction(engine) as session:
        assert remove_unconfirmed(session, NOON) == 0
        assert remove_unconfirmed(session, NOON + timedelta(days=30)) == 2

    with reading(engine) as session:
        assert session.get_one(Newsletter, river).never_confirmed == 2
        assert subscribers.find(session, ANN) is None
        assert session.get(Subscriber, cleo.id) is not None
        assert session.scalar(select(func.count()).select_from(SignUp)) == 0
    assert state(engine, river, "bob@readers.test") is Consent.CONFIRMED
    assert state(engine, river, "cleo@readers.test") is Consent.UNSUBSCRIBED


# What the other engine has not; ON CONFLICT DO UPDATE is an UPDATE.
_OF_ONE_ENGINE = {
    "sqlite": [
        "INSERT OR REPLACE INTO consent_changes SELECT * FROM consent_changes",
        "INSERT OR REPLACE INTO suppression_changes SELECT * FROM suppression_changes",
    ],
    "postgresql": [
        *("TRUNCATE consent_changes", "TRUNCATE newsletters CASCADE"),
        "TRUNCATE suppression_changes",
    ],
}


def test_records_of_consent_cannot_be_changed_or_taken_out(engine: Engine) -> None:
    river = a_newsletter(engine)
    with transaction(engine) as session:
        ann = add_subscriber(session, ANN, newsletter=session.get_one(Newsletter, river))
        suppressions.add(session, ANN, reason="asked", source="test", now=NOON)
    statements: tuple[Executable, ...] = (
        update(ConsentChange).values(source="forged"),
        delete(ConsentChange),
        text("UPDATE consent_changes SET at = at"),
        text("UPDATE suppression_changes SET at = at"),
        *map(text, _OF_ONE_ENGINE[engine.dialect.name]),
    )
    for statement in statements:
        with pytest.raises(DBAPIError, match="never changed"), transaction(engine) as session:
            session.execute(statement)

    with transaction(engine) as session:
        session.execute(delete(Subscriber).where(Subscriber.id == ann.id))
        assert session.scalar(select(func.count()).select_from(ConsentChange)) == 0


def test_records_of_consent_go_with_their_newsletter(engine: Engine) -> None:
    river = a_newsletter(engine)
    with transaction(engine) as session:
        add_subscriber(session, ANN, newsletter=session.get_one(Newsletter, river))
    with transaction(engine) as session:
        session.execute(delete(Newsletter).where(Newsletter.id == river))
        assert session.scalar(select(func.count()).select_from(ConsentChange)) == 0


def test_the_link_to_the_preferences_is_mailed_to_those_who_are_known(engine: Engine) -> None:
    mailer = mailer_of(engine)
    river = a_newsletter(engine)
    with transaction(engine) as session:
        ann = add_subscriber(session, ANN, newsletter=session.get_one(Newsletter, river))
        for address in (ANN, "nobody@readers.test"):
            moving.send_link(session, mailer.office, parse_address(address), None, NOON)

    [notice] = noticed(engine)
    assert (notice.kind, notice.recipient) == ("preferences", ANN)
    assert mailer.signer.read(link_to(engine, "/p/")).subscriber_id == ann.id
    with reading(engine) as session:
        assert subscribers.find(session, "nobody@readers.test") is None


def test_an_address_is_changed_by_whoever_reads_the_new_one(engine: Engine) -> None:
    mailer = mailer_of(engine)
    river = a_newsletter(engine)
    new = "Ann@Elsewhere.test"
    with transaction(engine) as session:
        ann = add_subscriber(session, ANN, newsletter=session.get_one(Newsletter, river))
        moving.ask_to_move(session, mailer.office, ann.id, parse_address(new), NOON)
        moving.ask_to_move(session, mailer.office, ann.id, parse_address("old@x.test"), NOON)
    token, other = (
        link_to(engine, "/address/", to="Ann@elsewhere.test"),
        link_to(engine, "/address/", to="old@x.test"),
    )

    with transaction(engine) as session:
        assert not moving.look_up(session, mailer.office, token, NOON).done
        assert moving.move(session, mailer.office, token, CLICK, NOON).done
        assert moving.move(session, mailer.office, token, CLICK, NOON).done
    with transaction(engine) as session:
        assert subscribers.get(session, new).id == ann.id
        assert subscribers.find(session, ANN) is None
        last = history(session, ann)[-1]
        assert (last.source, last.state) == ("new address", Consent.CONFIRMED)
        assert (last.evidence["from"], last.evidence["to"]) == (ANN, new)
        with pytest.raises(ExpiredToken):  # asked for from the address that is gone
            moving.move(session, mailer.office, other, CLICK, NOON)


def test_work_serves_once_and_only_where_it_was_asked_for(engine: Engine) -> None:
    mailer = mailer_of(engine)
    asked = work.challenge(mailer.signer, "river", 8, now=NOON)
    number = next(n for n in range(10**6) if work.zero_bits(f"{asked.text}:{n}") >= 8)
    wrong = next(n for n in range(10**6) if work.zero_bits(f"{asked.text}:{n}") < 8)

    def spend(scope: str, number: int, hours: int = 0) -> bool:
        with transaction(engine) as session:
            answer = (asked.text, str(number))
            return work.spend(session, mailer.signer, scope, answer, NOON + timedelta(hours=hours))

    assert not spend("trees", number)
    assert not spend("river", wrong)
    assert not spend("river", number, hours=2)
    assert spend("river", number)
    assert not spend("river", number)
    with transaction(engine) as session:
        assert work.remove_ended(session, NOON + timedelta(hours=3)) == 1


def test_work_gets_harder_for_a_busy_network_and_never_too_hard() -> None:
    assert [work.bits_for(n) for n in (0, 3, 4, 40, 10**6)] == [15, 15, 16, 20, 20]


def test_a_meter_counts_over_all_processes_and_begins_anew(engine: Engine) -> None:
    rate = Rate(2, timedelta(hours=1))

    def allow(minutes: int) -> bool:
        with transaction(engine) as session:
            return meters.allow(session, "x", rate, NOON + timedelta(minutes=minutes))

    assert [allow(0), allow(10), allow(20), allow(59), allow(60)] == [
        True,
        True,
        False,
        False,
        True,
    ]
    with transaction(engine) as session:
        assert meters.remove_ended(session, NOON + timedelta(hours=2)) == 1


def test_forms_take_only_what_the_newsletter_wants(engine: Engine) -> None:
    river = a_newsletter(engine)
    with transaction(engine) as session:
        newsletter = session.get_one(Newsletter, river)
        settings = forms.change(session, newsletter, roles=False)
    refused = {
        address: settings.refuses(parse_address(address), BUILT_IN)
        for address in ("ann@x.test", "info@x.test", "ann@mailinator.com")
    }
    assert refused == {
        "ann@x.test": None,
        "info@x.test": "role",
        "ann@mailinator.com": "disposable",
    }
