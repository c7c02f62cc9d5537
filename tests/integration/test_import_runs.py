"""Imports: a verdict for each row, nobody brought back, nothing undone by a bad row or a crash."""

from __future__ import annotations

import csv
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from mailer.audience import newsletters, subscribers, suppressions
from mailer.audience.importing import Progress, Report, dry_run, inspect, run
from mailer.database.engine import open_engine, reading, transaction
from mailer.database.tables import (
    Consent,
    ConsentChange,
    Fact,
    Newsletter,
    Subscriber,
    SubscriberTag,
    Subscription,
    Suppression,
    Tag,
    Unsubscribe,
)
from mailer.errors import NotFound
from tests.support.databases import Databases
from tests.support.factories import NOON, add_newsletter
from tests.support.sending import SIGNER

LATER = NOON + timedelta(days=1)


@pytest.fixture(autouse=True)
def _river(request: pytest.FixtureRequest) -> None:
    if "engine" in request.fixturenames:
        with transaction(request.getfixturevalue("engine")) as session:
            add_newsletter(session)


def _import(
    engine: Engine, folder: Path, text: str, *, name: str = "readers.csv", **options: Any
) -> Report:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    plan = inspect(path, **options)
    tried = dry_run(engine, plan, "river", signer=SIGNER, now=LATER)
    done = run(engine, plan, "river", signer=SIGNER, now=LATER)
    assert tried.counts == done.counts, "a dry run says what a run does"
    return done


def _states(engine: Engine) -> dict[str, str]:
    with reading(engine) as session:
        rows = session.execute(
            select(Subscriber.address, Subscription.state).join(
                Subscription, Subscription.subscriber_id == Subscriber.id
            )
        )
        return {address: state.value for address, state in rows}


def _counts(report: Report) -> dict[str, int]:
    return {str(verdict): count for verdict, count in report.counts.items()}


class TestVerdicts:
    def test_rows_are_added_then_unchanged_then_updated(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        text = "email,first name,last name,City\nAnn@X.test,Ann,Lee,Graz\nbo@y.test,Bo,,\n"
        assert _counts(_import(engine, tmp_path, text)) == {"added": 2}
        assert _counts(_import(engine, tmp_path, text)) == {"unchanged": 2}
        changed = "email,City,Shoe\nann@x.test,Linz,38\nbo@y.test,,\n"
        assert _counts(_import(engine, tmp_path, changed)) == {"updated": 1, "unchanged": 1}
        with reading(engine) as session:
            ann = subscribers.get(session, "ann@x.test")
            assert (ann.address, ann.name) == ("Ann@X.test", "Ann Lee")
            assert ann.fields == {
                "city": "Linz",
                "shoe": "38",
                "first_name": "Ann",
                "last_name": "Lee",
            }
            assert session.scalar(select(func.count()).select_from(ConsentChange)) == 2

    def test_each_added_subscription_has_its_record_with_the_evidence(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        _import(
            engine,
            tmp_path,
            "Email Address,First Name,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,TIMEZONE,LEID,"
            'EUID,TAGS\nann@x.test,Ann,2018-02-05 19:28:23,192.0.2.7,,,europe/berlin,1,2,"""VIP"""\n',
            name="subscribed.csv",
        )
        with reading(engine) as session:
            change = session.scalars(select(ConsentChange)).one()
            assert (change.state, change.at, change.source) == (
                Consent.CONFIRMED,
                LATER,
                "import",
            )
            assert change.evidence == {
                "file": "subscribed.csv",
                "system": "Mailchimp: subscribed",
                "line": 2,
                "optin_time": "2018-02-05 19:28:23",
                "optin_ip": "192.0.2.7",
            }
            ann = subscribers.get(session, "ann@x.test")
            assert ann.created_at == datetime(2018, 2, 5, 19, 28, 23, tzinfo=UTC)
            assert (ann.time_zone, ann.fields) == (
                "Europe/Berlin",
                {"first_name": "Ann"},
            )
            assert _tags(session, ann) == ["VIP"]

    def test_a_bad_row_undoes_no_other_and_is_told_with_line_and_reason(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        report = _import(
            engine,
            tmp_path,
            "email,name,status\nann@x.test,Ann,active\nnowhere,Bo,active\n,Cy,active\n\n"
            "di@x.test,Di,gold\nflo@x.test,Lee, Flo,active\neve@x.test\nfay@x.test,Fay,\n",
        )
        assert _counts(report) == {"added": 2, "invalid": 5}
        told = sorted((row.line, row.reason) for row in report.invalid_rows)
        assert [line for line, _ in told] == [3, 4, 6, 7, 8]
        for (_, reason), begin in zip(
            told,
            ("'nowhere' is not an", "There is no", "It is not known what 'gold'",
             "The row has 4 cells", "The row ends after 1 of 3"),
            strict=True,
        ):  # fmt: skip
            assert reason.startswith(begin)
        assert sum(report.reasons.values()) == 5
        assert set(_states(engine)) == {"ann@x.test", "fay@x.test"}

    def test_statuses_are_taken_exactly(self, engine: Engine, tmp_path: Path) -> None:
        report = _import(
            engine,
            tmp_path,
            "email,status\na@x.test,active\nb@x.test,inactive\nc@x.test,unconfirmed\n"
            "d@x.test,cleaned\ne@x.test,\n",
        )
        assert _counts(report) == {
            "added": 2,
            "added, to be confirmed": 1,
            "unsubscribed": 1,
            "suppressed": 1,
        }
        assert _states(engine) == {
            "a@x.test": "confirmed",
            "b@x.test": "unsubscribed",
            "c@x.test": "pending",
            "e@x.test": "confirmed",
        }
        with reading(engine) as session:
            assert session.scalars(select(Suppression.target)).all() == ["d@x.test"]

    def test_the_worst_a_row_or_the_file_says_of_somebody_holds(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        report = _import(
            engine,
            tmp_path,
            "email,status,unsubscribed_at,blocked\na@x.test,active,2024-01-01,\n"
            "b@x.test,active,,yes\nc@x.test,active,,no\nc@x.test,unsubscribed,,\n",
        )
        assert _counts(report) == {"unsubscribed": 2, "suppressed": 1, "duplicate": 1}
        assert set(_states(engine).values()) == {"unsubscribed"}

    def test_rows_of_one_address_become_one_person(self, engine: Engine, tmp_path: Path) -> None:
        report = _import(
            engine,
            tmp_path,
            "email,name,tags\nAnn@x.test,,a\nann@X.test,Ann,b\n ANN@x.test ,,a\n",
        )
        assert _counts(report) == {"added": 1, "duplicate": 2}
        with reading(engine) as session:
            ann = session.scalars(select(Subscriber)).one()
            assert (ann.address, ann.name, ann.fields) == ("Ann@x.test", "Ann", {})
            assert _tags(session, ann) == ["a", "b"]

    def test_tags_are_added_and_told_from_others_as_people_do(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        _import(engine, tmp_path, "email,tags\nann@x.test,VIP\nbo@x.test,vip;Blog\n")
        again = "email,tags\nann@x.test,Vip\nbo@x.test,Press\n"
        assert _counts(_import(engine, tmp_path, again)) == {"unchanged": 1, "updated": 1}
        assert _counts(_import(engine, tmp_path, again)) == {"unchanged": 2}
        with reading(engine) as session:
            tags = [
                _tags(session, subscribers.get(session, f"{who}@x.test")) for who in ("ann", "bo")
            ]
            assert [sorted(map(str.lower, one)) for one in tags] == [
                ["vip"],
                ["blog", "press", "vip"],
            ]
            assert session.scalar(select(func.count()).select_from(Tag)) == 3

    def test_a_name_with_line_breaks_is_made_one_line_and_noted(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        report = _import(
            engine,
            tmp_path,
            'email,name\nann@x.test,"Ann\r\nBcc: evil@x.test"\nbo@x.test,B\0o\n',
        )
        assert _counts(report) == {"added": 2}
        assert report.notes == Counter({"the name was made one line of text": 1})
        with reading(engine) as session:
            names = session.scalars(select(Subscriber.name).order_by(Subscriber.address)).all()
        assert names == ["Ann Bcc: evil@x.test", "Bo"]

    def test_letters_and_marks_of_all_kinds_arrive_unchanged(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        value = "a\\tb \"c\" \\N \\\\ {d} 'e' 😀 \\u0041 %s :x ؒ"
        quoted = value.replace('"', '""')
        _import(engine, tmp_path, f'email,note,name\nann@x.test,"{quoted}","{quoted}"\n')
        with reading(engine) as session:
            ann = subscribers.get(session, "ann@x.test")
            assert (ann.fields["note"], ann.name) == (value, value)

    def test_somebody_pending_is_confirmed_by_a_file_and_nobody_confirmed_made_pending(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        assert _counts(_import(engine, tmp_path, "email,status\na@x.test,pending\n")) == {
            "added, to be confirmed": 1
        }
        assert _counts(_import(engine, tmp_path, "email\na@x.test\n")) == {"updated": 1}
        again = _import(engine, tmp_path, "email,status\na@x.test,pending\n")
        assert _counts(again) == {"unchanged": 1}
        assert _states(engine) == {"a@x.test": "confirmed"}


class TestLeaving:
    def test_who_left_here_is_kept_unsubscribed_and_untouched(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        _import(engine, tmp_path, "email,name\nann@x.test,Ann\n")
        with transaction(engine) as session:
            subscribers.unsubscribe(
                session, newsletters.get(session, "river"), "ann@x.test", by="tess", now=NOON
            )
        report = _import(engine, tmp_path, "email,name\nann@x.test,Other\n")
        assert _counts(report) == {"kept unsubscribed": 1}
        assert _states(engine) == {"ann@x.test": "unsubscribed"}
        with reading(engine) as session:
            assert subscribers.get(session, "ann@x.test").name == "Ann"

    def test_a_file_of_people_who_left_ends_their_subscriptions_with_a_record(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        _import(engine, tmp_path, "email\nann@x.test\n")
        report = _import(
            engine,
            tmp_path,
            "email,name,unsubscribed_at,unsubscribe reason\nann@x.test,Ann,2024-01-01,too many\n"
            "bo@y.test,Bo,2024-01-01,\n",
        )
        assert _counts(report) == {"unsubscribed": 2}
        with reading(engine) as session:
            assert [(one.method, one.reason) for one in session.scalars(select(Unsubscribe))] == [
                ("import", "too many")
            ]
            bo = subscribers.get(session, "bo@y.test")
            assert (bo.name, bo.fields) == ("", {})  # no more than it takes to leave them alone
            states = session.scalars(select(ConsentChange.state)).all()
            assert Counter(states) == {Consent.CONFIRMED: 1, Consent.UNSUBSCRIBED: 2}

    def test_somebody_who_leaves_while_a_file_is_read_has_left(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        _import(engine, tmp_path, "email,status\nann@x.test,pending\n")
        path = tmp_path / "active.csv"
        path.write_text("email\nann@x.test\n")
        with ThreadPoolExecutor(1) as other:
            with transaction(engine) as session:
                river = newsletters.get(session, "river")
                subscribers.unsubscribe(session, river, "ann@x.test", by="tess", now=NOON)
                importing = other.submit(
                    run, engine, inspect(path), "river", signer=SIGNER, now=LATER
                )
                wait([importing], timeout=0.3)
                assert not importing.done()
            assert importing.result(timeout=60).kept_unsubscribed == 1
        assert _states(engine) == {"ann@x.test": "unsubscribed"}

    def test_the_suppressed_are_not_taken_in(self, engine: Engine, tmp_path: Path) -> None:
        with transaction(engine) as session:
            suppressions.add(session, "ann@x.test", reason="asked", source="editor", now=NOON)
            suppressions.add(session, "@trap.test", reason="a trap", source="editor", now=NOON)
        report = _import(engine, tmp_path, "email\nANN@x.test\nbo@trap.test\ncy@x.test\n")
        assert _counts(report) == {"suppressed": 2, "added": 1}
        assert set(_states(engine)) == {"cy@x.test"}

    def test_consent_is_to_one_newsletter(self, engine: Engine, tmp_path: Path) -> None:
        _import(engine, tmp_path, "email,status\nann@x.test,unsubscribed\n")
        with transaction(engine) as session:
            add_newsletter(session, "other")
        path = tmp_path / "other.csv"
        path.write_text("email\nann@x.test\n")
        assert run(engine, inspect(path), "other", signer=SIGNER, now=LATER).added == 1
        with pytest.raises(NotFound, match="no newsletter 'none'"):
            run(engine, inspect(path), "none", signer=SIGNER, now=LATER)


class Crash(Exception):
    """Stands for a process that ends."""


class TestChunks:
    ROWS = 3500

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "many.csv"
        lines = [f"reader{n * 7919 % self.ROWS}@x.test,R{n}" for n in range(self.ROWS)]
        lines[1234] = "nowhere,R"
        lines[3333] = lines[10]
        path.write_text("email,name\n" + "\n".join(lines) + "\n")
        return path

    def test_an_interrupted_import_goes_on_where_it_stopped(
        self, engine: Engine, path: Path, tmp_path: Path
    ) -> None:
        """Whatever of the verdicts was written for rows not committed is written once in the end."""
        verdicts = tmp_path / "verdicts.csv"

        def crash(progress: Progress) -> None:
            if progress.done >= 2000:
                raise Crash

        with pytest.raises(Crash):
            run(
                engine, inspect(path), "river", signer=SIGNER, now=LATER, chunk=1000, progress=crash,
                verdicts=verdicts,
            )  # fmt: skip
        with verdicts.open("a") as file:
            file.write("many.csv,99,half a li")
        report = run(
            engine, inspect(path), "river", signer=SIGNER, now=LATER, chunk=1000, verdicts=verdicts
        )
        assert report.resumed_after == 2000
        assert _counts(report) == {"added": self.ROWS - 2, "invalid": 1, "duplicate": 1}
        with verdicts.open(newline="") as file:
            told = list(csv.DictReader(file))
        assert sorted(int(row["line"]) for row in told) == list(range(2, self.ROWS + 2))
        with reading(engine) as session:
            assert session.scalar(select(func.count()).select_from(Subscriber)) == self.ROWS - 2
            assert session.scalar(select(func.count()).select_from(ConsentChange)) == self.ROWS - 2
            assert session.scalars(select(Fact.name).where(Fact.name.like("import%"))).all() == []

    def test_a_duplicate_is_told_however_far_away_its_first_row(
        self, engine: Engine, path: Path
    ) -> None:
        plan = inspect(path)
        tried = dry_run(engine, plan, "river", signer=SIGNER, now=LATER, chunk=1000)
        assert _counts(tried) == {"added": self.ROWS - 2, "invalid": 1, "duplicate": 1}
        done = run(engine, plan, "river", signer=SIGNER, now=LATER, chunk=1000)
        assert done.counts == tried.counts
        again = run(engine, plan, "river", signer=SIGNER, now=LATER)
        assert _counts(again) == {"unchanged": self.ROWS - 2, "invalid": 1, "duplicate": 1}

    def test_progress_ends_at_the_number_of_rows(self, engine: Engine, path: Path) -> None:
        seen: list[Progress] = []
        run(
            engine,
            inspect(path),
            "river",
            signer=SIGNER,
            now=LATER,
            chunk=1000,
            progress=seen.append,
        )
        assert [one.done for one in seen] == [1000, 2000, 3000, self.ROWS]
        assert all(one.rows >= one.done for one in seen)


def test_an_import_ends_when_its_newsletter_goes_and_leaves_nothing_of_it(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "readers.csv"
    rows = [f"reader{n}@x.test\n" for n in range(3000)]
    path.write_text("email\n" + "".join(rows))

    def remove(_progress: Progress) -> None:
        with transaction(engine) as session:
            session.execute(delete(Newsletter))

    with pytest.raises(NotFound, match="newsletter is gone"):
        run(engine, inspect(path), "river", signer=SIGNER, now=LATER, chunk=1000, progress=remove)
    with reading(engine) as session:
        for table in (Subscription, ConsentChange):
            assert session.scalar(select(func.count()).select_from(table)) == 0
        assert session.scalar(select(func.count()).select_from(Subscriber)) == 1000


def test_the_verdicts_can_be_opened_in_a_spreadsheet(engine: Engine, tmp_path: Path) -> None:
    """No cell begins a formula."""
    path, verdicts = tmp_path / "a.csv", tmp_path / "verdicts.csv"
    path.write_text(
        'email,name\n=cmd@x.test,=1+1\n"=HYPERLINK(""http://x.test"")",x\n+a@x.test,b\n'
    )
    for act in (dry_run, run):
        act(engine, inspect(path), "river", signer=SIGNER, now=LATER, verdicts=verdicts)
        with verdicts.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert Counter(row["verdict"] for row in rows) == {"added": 2, "invalid": 1}
        assert all(cell[:1] not in ("=", "+", "-", "@") for row in rows for cell in row.values())


def test_a_role_of_postgresql_with_few_rights_imports_the_same(
    databases: Databases, tmp_path: Path
) -> None:
    """One that may not leave foreign keys unchecked; only slower."""
    path = tmp_path / "a.csv"
    path.write_text("email,status\nann@x.test,active\nbo@y.test,unsubscribed\n")
    with databases.new_postgresql() as url:
        owner = open_engine(url)
        role = f"plain_{make_url(url).database}"
        with transaction(owner) as session:
            add_newsletter(session)
            session.execute(text(f"CREATE ROLE {role} LOGIN"))
            for kind in ("TABLES", "SEQUENCES"):
                session.execute(text(f"GRANT ALL ON ALL {kind} IN SCHEMA public TO {role}"))
        plain = open_engine(make_url(url).set(username=role).render_as_string(hide_password=False))
        report = run(plain, inspect(path), "river", signer=SIGNER, now=LATER)
        plain.dispose()
        assert _counts(report) == {"added": 1, "unsubscribed": 1}
        with transaction(owner) as session:
            session.execute(text(f"DROP OWNED BY {role}"))
            session.execute(text(f"DROP ROLE {role}"))
        owner.dispose()


def _tags(session: Session, subscriber: Subscriber) -> list[str]:
    names = select(Tag.name).join(SubscriberTag, SubscriberTag.tag_id == Tag.id)
    mine = names.where(SubscriberTag.subscriber_id == subscriber.id)
    return list(session.scalars(mine.order_by(Tag.key)))


def test_a_row_too_long_to_be_read_is_told_and_costs_no_other(
    engine: Engine, tmp_path: Path
) -> None:
    notes = "x" * 2_000_000

    report = _import(engine, tmp_path, f'email,notes\nann@a.test,"{notes}"\nben@a.test,ok\n')

    assert (report.rows, report.added, report.invalid) == (2, 1, 1)
    [row] = report.invalid_rows
    assert (row.line, row.reason.partition(" than ")[0]) == (2, "line 2 is longer")
